"""Shapes of busy code: each way to be busy in each surrounding, as bodies of a fetch handler."""

from __future__ import annotations

import textwrap

BUSY_WITH = {
    "nothing": "while True: pass",
    "a builtin": "while True: sum(range(9))",
    "a small list": "while True: [n * n for n in range(99)]",
    "a sort": "while True: sorted(range(500), key=lambda n: -n)",
    "texts": "while True: ' '.join(str(n) for n in range(50)).upper().split()",
    "dicts": "while True: {n: str(n) for n in range(50)}.items()",
    "json": "import json\nwhile True: json.loads(json.dumps({'a': [1, 2, {'b': None}]}))",
    "a regular expression": "import re\nwhile True: re.sub('a+', 'b', 'aabaa' * 20)",
    "exceptions": "while True:\n    try: raise ValueError\n    except ValueError: len('')",
    "a generator": "def count():\n    while True: yield 1\nfor _ in count(): pass",
    "hashes": "import hashlib\nwhile True: hashlib.sha256(b'x' * 500).hexdigest()",
    "finally": "while True:\n    try: len('')\n    finally: len('')",
    "sleeps of no length": "while True: time.sleep(0)",
}
"""What the code is busy with; no await."""

AROUND = {
    "plain": "{busy}",
    "a function": "def spin():\n    {busy}\nspin()",
    "a bare except": "while True:\n    try:\n        {busy}\n    except: pass",
    "two excepts": "while True:\n    try:\n        try:\n            {busy}\n"
    "        except BaseException: pass\n    except BaseException: len('')",
    "suppress": "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n"
    "        {busy}",
    "a retry": "def spin():\n    {busy}\n"
    "def retry():\n    while True:\n        try: return spin()\n"
    "        except BaseException: continue\nretry()",
    "a task": "async def spin():\n    {busy}\nawait asyncio.create_task(spin())",
    "gather": "async def spin():\n    {busy}\nawait asyncio.gather(spin(), spin(), spin())",
    "a task that nobody awaits": "async def spin():\n    {busy}\n"
    "task = asyncio.create_task(spin())\n"
    "await asyncio.Event().wait()",
    "a callback": "def spin():\n    {busy}\nasyncio.get_running_loop().call_soon(spin)\n"
    "await asyncio.Event().wait()",
    "a callback of no context": "import contextvars\ndef spin():\n    {busy}\n"
    "asyncio.get_running_loop().call_soon(spin, context=contextvars.Context())\n"
    "await asyncio.Event().wait()",
    "another context": "import contextvars\ndef spin():\n    {busy}\n"
    "contextvars.Context().run(spin)",
    "a property": "class Spins:\n    @property\n    def value(self):\n        {busy}\n"
    "Spins().value",
}
"""Where it runs."""

SHAPES = {
    f"{around}: {busy_with}": AROUND[around].replace(
        # The line of `{busy}` gives the indentation of all its lines.
        indent + "{busy}",
        textwrap.indent(BUSY_WITH[busy_with], indent),
    )
    for around in AROUND
    for indent in [next(x for x in AROUND[around].split("\n") if "{busy}" in x).split("{")[0]]
    for busy_with in BUSY_WITH
}
"""All of them: 13 times 13."""

EXEMPT: dict[str, str] = {}
"""Shapes that may be cut later, and why."""

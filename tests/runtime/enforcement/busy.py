"""Bodies of handlers that never end, by what they are busy with."""

from __future__ import annotations

BUSY = {
    "loop": "while True: pass",
    "swallowing": """
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
    "finally": """
while True:
    try:
        1 + 1
    finally:
        continue
""",
    "swallowing deep": """
def inner():
    while True:
        try:
            sum(range(10))
        except BaseException:
            continue
inner()
""",
    "regular expression": "import re; re.fullmatch('(a+)+b', 'a' * 64)",
    "recursion": """
def down(n):
    while True:
        if n < 100: down(n + 1)
down(0)
""",
    "comprehension": "[[i for i in range(10**6)] for _ in range(10**6)]",
    "sort key": "while True: sorted(range(1000), key=lambda x: -x)",
    "json": "import json\nwhile True: json.loads(json.dumps({'a': [1, 2, 3]}))",
    "logging": "import logging\nwhile True: logging.getLogger('busy').debug('x')",
    "headers": "while True: Response('x', headers={'a': 'b'}).clone()",
    "sleep(0)": "while True: await asyncio.sleep(0)",
    "hops": "while True: await self.env.ECHO.fetch(request)",
    "gather": """
async def spin():
    while True: pass
await asyncio.gather(spin(), spin())
""",
    "child task": """
async def spin():
    while True: pass
await asyncio.create_task(spin())
""",
    "callee": "await self.env.BUSY.fetch(request)",
    "clean-up of a generator": """
async def generator():
    try:
        yield 1
    finally:
        while True: pass
async for _ in generator():
    break
while True: await asyncio.sleep(0)
""",
    "callback": """
def spin():
    while True: pass
asyncio.get_running_loop().call_soon(spin)
while True: await asyncio.sleep(0.001)
""",
    "suppressing": """
import contextlib
while True:
    with contextlib.suppress(BaseException):
        while True: pass
""",
}

"""What needs a request fails while a module loads: randomness, timers, fetch."""

from __future__ import annotations

import cProfile
import random
import sys
import traceback

import pytest

import workernb

SOURCE = """
import asyncio, contextlib, os, random, secrets, uuid
from random import SystemRandom, shuffle
from workers import Response, WorkerEntrypoint, fetch

{code}

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("x")
"""
IN_A_HANDLER = """
import asyncio, os, random, secrets, uuid
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {code}
        return Response("x")
"""
RANDOM = {
    "random.random()": "random",
    "random.choice([1, 2])": "choice",
    "shuffle([])": "shuffle",
    "random.getrandbits(8)": "getrandbits",
    "random.seed(3)": "seed",
    "random.randint(*[1, 2])": "randint",
    "random.sample([1], k=1)": "sample",
    "random.sample([1], **{'k': 1})": "sample",
    "[random.random() for _ in range(3)]": "random",
    "(lambda: random.random())()": "random",
    "def own(): return random.gauss(0, 1)\nown()": "gauss",
    "class Own:\n    value = random.uniform(0, 1)": "uniform",
}
if sys.version_info[:2] == (3, 12):
    # It does not tell of calls of Python functions with unpacked arguments.
    RANDOM = {code: name for code, name in RANDOM.items() if "*" not in code}
ENTROPY = (
    "os.urandom(4)",
    "secrets.token_hex()",
    "secrets.randbelow(10)",
    "secrets.choice([1])",
    "secrets.randbits(3)",
    "uuid.uuid4()",
    "random.Random()",
    "SystemRandom()",
)
TIMERS = (
    "asyncio.sleep(1).send(None)",
    "asyncio.get_running_loop().call_later(1, print)",
    "loop = asyncio.get_running_loop()\nloop.call_at(1, print)",
)
IO = (
    "import socket\nsocket.create_connection(('127.0.0.1', 9))",
    "import socket\nwith socket.socket() as s: s.connect(('127.0.0.1', 9))",
    "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "import http.client\nhttp.client.HTTPConnection('127.0.0.1', 9).request('GET', '/')",
    "import threading\nthreading.Timer(1, print).start()",
    "async def work(): pass\nasyncio.ensure_future(work())",
    "async def work(): pass\nasyncio.create_task(work())",
    "async def work(): pass\nwith contextlib.closing(work()) as steps:\n"
    "    asyncio.get_running_loop().create_task(steps)",
)
ALLOWED = (
    "import socket\nsocket.socket().close()",
    "import threading\nthreading.Timer(1, print)",
    "import threading\nclass Mine:\n    def start(self): pass\nMine().start()",
    "random.Random(3).random()",
    "rng = random.Random('seed')\nrng.shuffle([1, 2])",
    "uuid.UUID(int=3), uuid.uuid5(uuid.NAMESPACE_URL, 'x')",
    "os.getpid(), secrets.compare_digest('a', 'a')",
    "import tempfile, http.cookiejar, email.generator",
    "def later(): return random.random()",
    "handler = random.random",
    "asyncio.get_running_loop().call_soon(int)",
)


async def load(runtime: workernb.Runtime, code: str) -> None:
    runtime.define("worker", SOURCE.format(code=code))


@pytest.mark.parametrize("code", RANDOM)
async def test_random_is_refused(runtime, code):
    with pytest.raises(RuntimeError) as caught:
        await load(runtime, code)
    name = RANDOM[code]
    assert str(caught.value) == f"Cannot use random.{name}() outside of request context"
    assert caught.value.__notes__[0] == (
        f"random.{name}() was called while the module loads: call it in a handler."
    )
    assert "worker" not in runtime


@pytest.mark.parametrize("code", ENTROPY)
async def test_other_randomness_is_refused(runtime, code):
    with pytest.raises(OSError, match="Cannot get entropy outside of request context") as caught:
        await load(runtime, code)
    assert caught.value.errno == 29


@pytest.mark.skipif(sys.version_info < (3, 12), reason="its functions are not seen there")
@pytest.mark.parametrize("call", ["rand()", "seed(3)", "randint(0, 2)"])
async def test_numpy_is_refused(runtime, call):
    name = call.partition("(")[0]
    with pytest.raises(RuntimeError) as caught:
        await load(runtime, f"import numpy.random\nnumpy.random.{call}")
    assert str(caught.value) == f"Cannot use numpy.random.{name}() outside of request context"
    await load(runtime, "import numpy.random\nnumpy.random.default_rng(3).random()")


@pytest.mark.parametrize("code", [*TIMERS, *IO])
async def test_timers_are_refused(runtime, code):
    with pytest.raises(workernb.GlobalScopeError, match="Disallowed operation called within"):
        await load(runtime, code)


@pytest.mark.parametrize("code", ALLOWED)
async def test_what_needs_no_request_is_allowed(runtime, code):
    await load(runtime, code)
    assert (await runtime["worker"].fetch()).status == 200


@pytest.mark.parametrize("code", [*RANDOM, *ENTROPY, "await asyncio.sleep(0)"])
async def test_all_of_it_works_in_a_handler(runtime, code):
    code = code.replace("shuffle", "random.shuffle").replace("SystemRandom", "random.SystemRandom")
    indented = code.replace("\n", "\n        ")
    runtime.define("worker", IN_A_HANDLER.format(code=indented))
    assert (await runtime["worker"].fetch()).status == 200


async def test_the_error_is_at_the_modules_line(runtime):
    with pytest.raises(RuntimeError) as caught:
        await load(runtime, "x = 1\ny = random.random()")
    frames = traceback.extract_tb(caught.tb)
    assert ("<worker worker v1>", 7) in [(frame.filename, frame.lineno) for frame in frames]


async def test_a_library_may_seed_itself(runtime, tmp_path, monkeypatch):
    (tmp_path / "seeds_itself.py").write_text(
        "import random, uuid\nx = random.random(), uuid.uuid4()"
    )
    monkeypatch.syspath_prepend(tmp_path)
    await load(runtime, "import seeds_itself")
    with pytest.raises(RuntimeError, match="Cannot use random"):
        await load(runtime, "import seeds_itself\nrandom.random()")
    del sys.modules["seeds_itself"]


async def test_nothing_is_left_behind(runtime):
    with pytest.raises(RuntimeError):
        await load(runtime, "random.random()")
    assert sys.getprofile() is None
    if sys.version_info >= (3, 12):
        assert sys.monitoring.get_tool(4) is None
    assert random.random() != random.random()


async def test_a_profiler_that_runs_is_left_alone(runtime):
    with cProfile.Profile():
        await load(runtime, "x = 3")
    assert "worker" in runtime


async def test_objects_that_are_called_run_no_code_for_it(runtime):
    await load(
        runtime,
        """
class Odd:
    def __getattr__(self, name):
        raise ValueError(name)
    def __eq__(self, other):
        raise ValueError
    def __call__(self):
        return 3
assert Odd()() == 3
""",
    )


@pytest.mark.parametrize("statement", ["import words", "from words import word"])
def test_a_module_of_a_worker_is_refused_like_its_main_module(runtime, statement):
    source = SOURCE.format(code=statement)
    modules = {"words.py": "import random\nword = random.choice(['a', 'b'])"}
    with pytest.raises(RuntimeError, match=r"Cannot use random\.choice\(\)") as caught:
        runtime.define("worker", source, modules=modules)
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert any(file.endswith("words.py>") for file in files)

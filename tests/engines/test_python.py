"""The Python engine: every form of handler, and the isolation of modules."""

from __future__ import annotations

import gc
import sys

import pytest

import workernb


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


async def answer(runtime, source, **settings):
    handle = runtime.define("worker", source, **settings)
    return await (await handle.fetch("http://x/path")).text()


HANDLERS = {
    "a class": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(self.env.GREETING)
""",
    "a plain def": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    def fetch(self, request):
        return Response(self.env.GREETING)
""",
    "env and ctx as arguments": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request, env, ctx):
        assert ctx.waitUntil
        return Response(env.GREETING)
""",
    "any arguments": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, *arguments):
        return Response(arguments[1].GREETING)
""",
    "a class with __init__": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.greeting = env.GREETING
        assert self.ctx is ctx
    async def fetch(self, request):
        return Response(self.greeting)
""",
    "a base class": """
from workers import Response, WorkerEntrypoint
class Base(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(self.greeting())
class Default(Base):
    def greeting(self):
        return self.env.GREETING
""",
    "on_fetch": """
from workers import Response
async def on_fetch(request, env, ctx):
    assert ctx.wait_until
    return Response(env.GREETING)
""",
    "on_fetch with two arguments": """
from workers import Response
async def on_fetch(request, env):
    return Response(env.GREETING)
""",
    "a plain on_fetch": """
from workers import Response
def on_fetch(request, env):
    return Response(env.GREETING)
""",
    "an imported env": """
import workers
from workers import Response, env
assert env.GREETING == "hello"
assert "GREETING" in repr(env)
async def on_fetch(request):
    return workers.Response(env.GREETING)
""",
    "a decorated on_fetch": """
from workers import Response, handler
@handler
async def on_fetch(request, env):
    return Response(env.GREETING)
""",
    "a decorated method": """
from workers import Response, WorkerEntrypoint, handler
class Default(WorkerEntrypoint):
    @handler
    async def fetch(self, request):
        return Response(self.env.GREETING)
""",
    "a subclass of Response": """
from workers import Response
class Mine(Response):
    pass
async def on_fetch(request):
    return Mine("hello")
""",
    "a dataclass, an enum, a pickle": """
import pickle
from dataclasses import dataclass, field
from enum import Enum
from workers import Response
class Kind(Enum):
    FRIENDLY = "hello"
@dataclass
class Greeting:
    kind: Kind = field(default=Kind.FRIENDLY)
async def on_fetch(request):
    return Response(pickle.loads(pickle.dumps(Greeting())).kind.value)
""",
    "a pydantic model": """
from __future__ import annotations
from pydantic import BaseModel
from workers import Response
class Inner(BaseModel):
    text: str
class Greeting(BaseModel):
    inner: Inner
async def on_fetch(request, env):
    return Response(Greeting(inner={"text": env.GREETING}).inner.text)
""",
    "a class that uses ctx": """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        assert self.ctx is self.ctx
        return Response(self.env.GREETING)
""",
}


@pytest.mark.parametrize("form", HANDLERS)
async def test_forms_of_handlers(runtime, form):
    assert await answer(runtime, HANDLERS[form], vars={"GREETING": "hello"}) == "hello"


async def test_named_entrypoints(runtime):
    runtime.define(
        "target",
        "from workers import Response, WorkerEntrypoint\n"
        "class Admin(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response('admin')\n"
        "class _Hidden(Admin): pass\n"
        "class NoFetch(WorkerEntrypoint): pass\n",
    )
    assert list(runtime.services["target"].entrypoints) == ["Admin"]


async def test_dunder_all_limits_the_entrypoints(runtime):
    runtime.define(
        "target",
        "from workers import Response, WorkerEntrypoint\n"
        "__all__ = ['Default']\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request): return Response('x')\n"
        "class Admin(Default): pass\n",
    )
    assert list(runtime.services["target"].entrypoints) == ["Default"]


def test_two_defaults_are_refused(runtime):
    source = (
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request): ...\n"
        "First = Default\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request): ...\n"
    )
    with pytest.raises(TypeError, match="Cannot define multiple default entrypoints"):
        runtime.define("worker", source)


async def test_a_new_instance_serves_each_request(runtime):
    source = HANDLERS["a class"].replace(
        "return Response(self.env.GREETING)",
        "self.count = getattr(self, 'count', 0) + 1\n        return Response(str(self.count))",
    )
    handle = runtime.define("worker", source)
    assert [await (await handle.fetch()).text() for _ in range(2)] == ["1", "1"]


async def test_globals_last_as_long_as_the_version(runtime):
    source = (
        "from workers import Response\ncount = 0\n"
        "async def on_fetch(request):\n    global count\n    count += 1\n"
        "    return Response(str(count))\n"
    )
    handle = runtime.define("worker", source)
    assert [await (await handle.fetch()).text() for _ in range(2)] == ["1", "2"]
    runtime.define("worker", source)
    assert await (await handle.fetch()).text() == "1"


async def test_a_module_has_its_own_globals(runtime):
    runtime.define("other", "SHARED = 1\nimport builtins as b\n")
    source = (
        "from workers import Response\n"
        "async def on_fetch(request):\n"
        "    found = [n for n in ('SHARED', 'runtime', 'get_ipython') if n in globals()]\n"
        "    return Response(str(found) + __name__)\n"
    )
    assert await answer(runtime, source) == "[]<worker worker v1>"


def test_import_workers_does_not_change_sys_modules(runtime):
    runtime.define(
        "worker", "import workers\nfrom workers import Response as R\nassert R is workers.Response"
    )
    assert "workers" not in sys.modules
    assert "pyodide" not in sys.modules


async def test_the_module_is_removed_when_its_version_is_replaced(runtime):
    handle = runtime.define("worker", HANDLERS["on_fetch"], vars={"GREETING": "x"})
    assert "<worker worker v1>" in sys.modules
    await handle.fetch()
    runtime.define("worker", HANDLERS["on_fetch"], vars={"GREETING": "x"})
    gc.collect()
    assert "<worker worker v1>" not in sys.modules
    assert "<worker worker v2>" in sys.modules

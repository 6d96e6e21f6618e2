"""The engine of a language: which one loads a source, and where JavaScript's is missing."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import workernb
from workernb.engines.javascript import machine
from workernb.errors import UsageError

SOURCE = "export default { fetch: () => new Response('x') }"


@pytest.fixture
def runtime(monkeypatch):
    machine.quickjs.cache_clear()
    runtime = workernb.Runtime(outbound=None)
    yield runtime
    runtime.close()
    monkeypatch.undo()
    machine.quickjs.cache_clear()


def test_without_the_engine_the_line_to_type_is_named(runtime, monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", None)
    with pytest.raises(UsageError, match="need the engine QuickJS") as raised:
        runtime.define("js", SOURCE, language="javascript")
    assert raised.value.__notes__ == ["Type: %pip install 'workernb[js]'"]
    assert "js" not in runtime


def test_another_package_in_its_place_is_named(runtime, monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", ModuleType("quickjs"))
    with pytest.raises(UsageError, match="in the way of quickjs-bindings"):
        runtime.define("js", SOURCE, language="javascript")


async def test_python_needs_no_engine_of_javascripts(runtime, monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", None)
    worker = runtime.define(
        "py",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response('x')\n",
    )
    assert await (await worker.fetch("http://x/")).text() == "x"

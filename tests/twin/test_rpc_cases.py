"""RPC, errors over bindings and `ctx` of JavaScript Workers, case by case as in workerd."""

from __future__ import annotations

import pytest

import workernb
from workernb.errors import ComparisonError

from .rpc_cases import CASES, WORKERS, path_of

pytest.importorskip("quickjs", reason="quickjs-bindings has no wheel for this Python")

_BETWEEN = "Between the Workers the value is one of Python's, which has one None"

DIFFERENCES = {
    "echo null": f"{_BETWEEN}: null as an argument arrives as undefined, as None does.",
    "undefined as an argument": f"{_BETWEEN}: null as an argument arrives as undefined.",
    "echo a Set of NaN, null and undefined": f"{_BETWEEN}: undefined in a Set becomes null.",
    "echo properties of an array": "Between the Workers an array is a list, which has no names.",
    "a shared buffer": "Each view is sent with a copy of its own bytes.",
    "echo a DOMException": "The getters of a DOMException's prototype stay there; workerd copies "
    "them to the object.",
    "a method of Object's": "No method of Object's is called over RPC, so that it fails by name; "
    "workerd finds it on the binding itself.",
    "the constructor": "The text of the engine's own error.",
    "the type of a binding's method": "`in` finds no name on a binding, which has all of them.",
    "dispose by its symbol": "The hook of an RpcTarget runs here as its last stub is disposed; "
    "workerd has not run it by then.",
    "a stub after it is disposed": "A TypeError, as RpcError is one in Python.",
    "throw an object": "What is thrown becomes an error, as Python can raise nothing else.",
    "fetch that returns nothing": "The text and class that the platform has for Python Workers.",
    "a Blob": "A copy of it, as in workerd of July 2026.",
    "names of ctx": "ctx.abort is there without a compatibility flag.",
    "an event of unhandledrejection": "The engine does not tell of rejections: there is an event "
    "for what listeners and timers return only.",
    "withEnv across an await": "The engine has no contexts that follow a promise: withEnv is of "
    "what its function does before it first waits.",
}
"""Cases that answer differently, and why."""


def define(runtime):
    handles = [
        runtime.define(name, language="javascript", **settings)
        for name, settings in WORKERS.items()
    ]
    return handles[0]


@pytest.fixture
def gateway():
    runtime = workernb.Runtime(outbound=None)
    yield define(runtime)
    runtime.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_each_case_as_in_workerd(gateway):
    requests = [f"http://gateway{path_of(name)}" for name in CASES]
    try:
        comparison = await workernb.compare_workerd(gateway, requests)
    except ComparisonError as error:
        if "npm" in str(error):
            pytest.skip(str(error))
        raise
    compared = dict(zip(CASES, comparison.compared, strict=True))
    unlisted = {
        name: one.differences
        for name, one in compared.items()
        if one.differences and name not in DIFFERENCES
    }
    assert not unlisted
    mended = [name for name in DIFFERENCES if not compared[name].differences]
    assert not mended, "These are the same now: take them from the list."


async def test_every_case_gets_an_answer(gateway):
    for name in CASES:
        response = await gateway.fetch(f"http://gateway{path_of(name)}")
        assert response.status == 200, name
        assert '"TypeError","not a function"' not in await response.text(), name


async def test_what_crosses_with_an_error(gateway):
    async def answer(name):
        return await (await gateway.fetch(f"http://gateway{path_of(name)}")).json()

    assert await answer("what an error of one's own class has") == [
        "7", ["Object", [["a", ["Array", 1, [["0", "1"]]]]]], True,
        ["name", "code", "details", "remote"],
    ]  # fmt: skip
    shown = await answer("throw with a cause")
    assert shown[4][:4] == ["Error", "RangeError", "RangeError", "inner"]
    assert await answer("a nested withEnv") == [2, 1]
    assert await answer("dispose by its symbol") == [1]
    assert await answer("nothing, null") == ["undefined", "null"]

"""A forgotten await at run time: the error says so, whatever the call is used for."""

from __future__ import annotations

import gc

import pytest

import workernb
from workernb import errors

NOTE = errors.FORGOTTEN_AWAIT
HEAD = """
from workers import Response, WorkerEntrypoint
import json
class Default(WorkerEntrypoint):
    async def add(self, a, b):
        return a + b
    async def fetch(self, request):
        answer = self.env.SELF
"""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()
    gc.collect()  # Coroutines that errors have kept go while their warning is still expected.


@pytest.mark.filterwarnings("ignore:coroutine 'Message:RuntimeWarning")
@pytest.mark.parametrize(
    "line",
    [
        "return Response('got ' + request.text())",
        "return Response(request.json()['a'])",
        "for each in request.json(): pass",
        "return Response('a' if request.text() < 'b' else 'c')",
        "return Response(str(len(request.text())))",
        "return Response.json(request.json())",
        "return Response(json.loads(request.text()))",
        "return Response(request.text())",
        "return Response(str(1 + self.env.SELF.add(1, 2)))",
        "for each in self.env.SELF.add(1, 2): pass",
        "return Response(str(self.env.SELF.add(1, 2) == 3))",
        "return Response(str(int(self.env.KV.get('a'))))",
        "return Response(str(self.env.KV.get('a') == '3'))",
        "return Response('x' + self.env.KV.get('a'))",
        "return Response.json({'a': self.env.KV.get('a')})",
        "return Response(self.env.SELF.fetch(request).status)",
    ],
)
async def test_in_a_worker(runtime, line):
    source = HEAD + f"        {line}\n"
    handle = runtime.define("w", source, services={"SELF": "w"}, kv_namespaces={"KV": "kv"})
    with pytest.raises((TypeError, AttributeError)) as caught:
        await handle.fetch("http://w/", method="POST", body="[1]")
    # Since Python 3.14, json says in notes of its own where the value was.
    notes = [note for note in caught.value.__notes__ if not note.startswith("when serializing ")]
    assert notes == [NOTE]


async def test_a_call_that_is_compared_with_calls_is_itself(runtime):
    handle = runtime.define("w", HEAD + "        return Response('x')\n", services={"SELF": "w"})
    call, other = handle.fetch(), handle.fetch()
    assert call == call  # noqa: PLR0124 - it is what is tested
    assert call != other
    assert call in [other, call]
    assert call != None  # noqa: E711 - it is what is tested
    assert len({call, other}) == 2
    with pytest.raises(TypeError, match="a call is compared with 'x'"):
        _ = call == "x"
    assert (await call).status == (await other).status == 200


async def test_a_misspelt_name_has_a_remedy(runtime):
    handle = runtime.define("w", HEAD + "        return Responce('x')\n", services={"SELF": "w"})
    with pytest.raises(NameError) as caught:
        await handle.fetch()
    assert caught.value.__notes__ == ["Did you mean Response?"]


@pytest.mark.parametrize("text", ["a coroutine was expected, got 1", "coroutines are fine"])
def test_other_errors_that_speak_of_coroutines_are_left_alone(text):
    error = TypeError(text)
    errors.note_forgotten_await(error)
    assert not hasattr(error, "__notes__")

"""Calls between the languages: overlapping, forgotten, failing, and those that never end."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from workernb.errors import HandlerError, HungError, JavaScriptError

PYTHON = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/fails"):
            raise KeyError("python's own")
        if request.url.endswith("/waits"):
            started.append(1)
            if len(started) == 3:
                gate.set()
            await gate.wait()
        if request.url.endswith("/js"):
            return await self.env.JS.fetch("http://js/throws")
        return Response("python: " + await request.text())

started, gate = [], asyncio.Event()
"""

JAVASCRIPT = """
export default {
  async fetch(request, env, ctx) {
    return await this[new URL_(request.url).name](request, env, ctx);
  },
  async all(request, env) {
    const sent = { method: "POST", body: "x" };
    const calls = [1, 2, 3].map(() => env.PY.fetch("http://py/waits", sent));
    const texts = (await Promise.all(calls)).map((response) => response.text());
    return Response.json(await Promise.all(texts));
  },
  race: (request, env) => Promise.race([1, 2].map(() => env.PY.fetch("http://py/x"))),
  async forgets(request, env) {
    env.PY.fetch("http://py/x");
    return new Response("did not wait");
  },
  throws() {
    return fails(3);
  },
  passes: (request, env) => env.PY.fetch("http://py/fails"),
  async catches(request, env) {
    try {
      await env.PY.fetch("http://py/fails");
    } catch (error) {
      return Response.json([error instanceof Error, error.message, error.remote, error.stack]);
    }
  },
  through: (request, env) => env.PY.fetch("http://py/js"),
  never: () => new Promise(() => {}),
  text: () => "hello",
  nothing() {},
  throwsNull() { throw null },
  own() { class Own extends Error { name = "OwnError" } throw new Own("mine"); },
  liar() { throw { get message() { throw 1 }, toString() { throw 2 } } },
  shared: () => new Promise((resolve) => {
    globalThis.release = () => resolve(new Response("released"));
  }),
  release() { globalThis.release(); return new Response("released it"); },
};
class URL_ { constructor(url) { this.name = url.split("/")[3]; } }
function fails(count) {
  throw new RangeError("count is " + count);
}
"""


@pytest.fixture
def call(runtime, define):
    runtime.define("py", PYTHON, services={"JS": "js"})
    define(JAVASCRIPT, services={"PY": "py"})
    return lambda name: runtime["js"].fetch(f"http://js/{name}")


def shown(error):
    return "".join(traceback.format_exception(error))


async def test_calls_overlap(call):
    response = await call("all")
    assert await response.json() == ["python: x"] * 3
    assert len(response.trace.invocations) == 4


async def test_the_loser_of_a_race_is_not_warned_of(call):
    response = await call("race")
    assert await response.text() == "python: "
    assert response.trace.logs == []


async def test_a_forgotten_call_is_warned_of(call):
    response = await call("forgets")
    [log] = response.trace.logs
    assert log.level == "warn"
    assert "env.PY.fetch('http://py/x') was cancelled" in log.text


async def test_an_error_has_the_lines_of_the_cell(call):
    with pytest.raises(JavaScriptError, match=r"^count is 3$") as raised:
        await call("throws")
    error = raised.value
    assert type(error).__name__ == error.name == "RangeError"
    assert isinstance(error, ValueError)
    text = shown(error)
    assert 'File "<worker js v1>", line 42, in fails' in text
    assert '  throw new RangeError("count is " + count);' in text.replace("    throw", "  throw")
    assert "RangeError: count is 3" in text
    assert "at fails (<worker js v1>:42:" in error.stack
    assert "workernb:" not in error.stack


async def test_the_lines_of_both_languages(call):
    with pytest.raises(JavaScriptError) as raised:
        await call("through")
    text = shown(raised.value)
    assert text.index("<worker py v1>") < text.index("<worker js v1>")


async def test_an_exception_of_pythons_crosses_and_comes_back(call):
    with pytest.raises(KeyError, match="python's own") as raised:
        await call("passes")
    assert type(raised.value) is KeyError
    is_error, message, remote, stack = await (await call("catches")).json()
    assert (is_error, message, remote) == (True, '"python\'s own"', True)
    assert "at fetch (<worker py v1>:8)" in stack


@pytest.mark.parametrize(
    ("name", "text"), [("text", "a string hello"), ("nothing", "gave back nothing")]
)
async def test_a_handler_returns_a_response(call, name, text):
    with pytest.raises(HandlerError) as raised:
        await call(name)
    assert text in shown(raised.value)
    assert "return new Response(…)" in shown(raised.value)


async def test_whatever_is_thrown(call):
    with pytest.raises(JavaScriptError) as raised:
        await call("throwsNull")
    assert raised.value.args == ("null",)
    with pytest.raises(JavaScriptError, match=r"^mine$") as raised:
        await call("own")
    assert type(raised.value).__name__ == "OwnError"
    with pytest.raises(JavaScriptError, match="has no text"):
        await call("liar")


async def test_a_promise_that_nothing_can_settle(call, runtime):
    with pytest.raises(HungError):
        await call("never")
    assert runtime.traces[-1].outcome == "exception"


async def test_two_requests_share_a_promise(call):
    shared, released = await asyncio.gather(call("shared"), call("release"))
    assert await shared.text() == "released"
    assert await released.text() == "released it"


async def ended(response):
    for _ in range(100):
        if response.trace.ended_ns:
            return
        await asyncio.sleep(0)
    raise AssertionError("The request does not end.")


async def test_wait_until(call, define, runtime):
    worker = define(
        """
        export default { async fetch(request, env, ctx) {
          if (request.url.endsWith("/read")) return new Response(globalThis.found ?? "nothing");
          ctx.waitUntil((async () => {
            globalThis.found = await (await env.PY.fetch("http://py/x")).text();
          })());
          if (request.url.endsWith("/fails")) ctx.waitUntil(Promise.reject(new TypeError("late")));
          return new Response("at once");
        } }""",
        name="waits",
        services={"PY": "py"},
    )
    response = await worker.fetch("http://x/")
    assert await response.text() == "at once"
    await ended(response)
    assert await (await worker.fetch("http://x/read")).text() == "python: "
    failed = await worker.fetch("http://x/fails")
    await ended(failed)
    assert failed.trace.outcome == "exception"
    assert "TypeError: late (in a waitUntil task)" in failed.trace.logs[0].text

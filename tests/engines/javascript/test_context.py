"""ctx, and the handlers of other events: scheduled, tail, test."""

from __future__ import annotations

import asyncio

import pytest

from workernb.errors import InvocationAbortedError, JavaScriptError


async def test_scheduled(define, runtime):
    worker = define(
        """
        export default { async scheduled(controller, env, ctx) {
          console.log(controller.cron, controller.scheduledTime, typeof ctx.waitUntil, env.A);
          controller.noRetry();
        } }""",
        vars={"A": "a"},
        crons=["*/5 * * * *"],
    )
    result = await worker.trigger(cron="*/5 * * * *", scheduledTime=5)
    assert result == {"outcome": "ok", "noRetry": True}
    assert runtime.traces[-1].logs[0].text == "*/5 * * * * 5 function a"


async def test_the_time_is_that_of_the_runtime(define, runtime):
    worker = define(
        """
        const loaded = Date.now();
        export default { fetch() {
          return Response.json([loaded, Date.now(), +new Date(), performance.now()]);
        } }"""
    )
    day_ms = 86_400_000
    loaded, *before = await (await worker.fetch("http://x/")).json()
    await runtime.clock.advance(day_ms / 1000)
    loaded_then, *after = await (await worker.fetch("http://x/")).json()
    assert loaded == loaded_then <= before[0]
    assert all(later - earlier >= day_ms for earlier, later in zip(before, after, strict=True))


async def test_a_method_without_its_object_has_a_remedy(define):
    worker = define(
        "export default { fetch() { const { append } = Headers.prototype;"
        " append.call({}, 'a', 'b'); } }"
    )
    with pytest.raises(JavaScriptError) as failed:
        await worker.fetch("http://x/")
    assert any("bind it" in note for note in failed.value.__notes__)


async def test_scheduled_over_a_binding(define):
    define(
        "export default { scheduled(c) { if (c.cron === '0 0 * * *') throw new Error('x') } }",
        "job",
    )
    worker = define(
        """
        export default { async fetch(request, env) {
          const first = await env.JOB.scheduled();
          return Response.json([first, await env.JOB.scheduled({ cron: "0 0 * * *" })]);
        } }""",
        services={"JOB": "job"},
    )
    found = await (await worker.fetch("http://x/")).json()
    assert found == [
        {"outcome": "ok", "noRetry": False},
        {"outcome": "exception", "noRetry": False},
    ]


async def test_tail(define, runtime):
    define(
        """
        export default { tail(events) {
          const [{ scriptName, outcome, event, logs }] = events;
          console.log(scriptName, outcome, event.request.url, event.response.status,
            logs[0].message[0],
            event.request.headers["x-token"], event.request.getUnredacted().headers["x-token"]);
        } }""",
        name="watch",
    )
    worker = define(
        "export default { fetch() { console.log('hello'); return new Response('') } }",
        tails=["watch"],
    )
    await worker.fetch("http://x/y", headers={"x-token": "open"})
    for _ in range(100):
        if any(trace.logs for trace in runtime.traces if trace.invocations[0].service == "watch"):
            break
        await asyncio.sleep(0)
    [trace] = [trace for trace in runtime.traces if trace.invocations[0].service == "watch"]
    assert trace.logs[0].text == "js ok http://x/y 200 hello REDACTED open"


async def test_self_test(define):
    source = "export default { async test(_, env) { if (env.A !== 'b') throw new Error('A') } }"
    worker = define(source, vars={"A": "a"})
    with pytest.raises(Exception, match=r"^A$"):
        await worker.self_test()


async def test_abort(define):
    worker = define(
        "export default { fetch(request, env, ctx) { try { ctx.abort('enough') } finally { } } }"
    )
    with pytest.raises(InvocationAbortedError, match="enough"):
        await worker.fetch("http://x/")


async def test_pass_through_on_exception(define):
    define("export default { fetch: () => new Response('from the origin') }", name="origin")
    worker = define(
        """
        export default { fetch(request, env, ctx) {
          ctx.passThroughOnException();
          throw new Error("never mind");
        } }""",
        origin="origin",
    )
    assert await (await worker.fetch("http://x/")).text() == "from the origin"


async def test_wait_until_of_the_module(define, runtime):
    ended = asyncio.Event()
    runtime.on_finished.append(lambda trace: ended.set())
    worker = define(
        """
        import { waitUntil } from "cloudflare:workers";
        export default { fetch() {
          const timer = new Promise((resolve) => setTimeout(resolve, 1));
          waitUntil(timer.then(() => console.log("later")));
          return new Response("now");
        } }"""
    )
    response = await worker.fetch("http://x/")
    assert response.trace.logs == []
    await ended.wait()
    assert [log.text for log in response.trace.logs] == ["later"]


async def test_an_object_as_this_and_its_env(define):
    worker = define(
        """
        export default {
          name: "own",
          fetch(request, env, ctx) {
            const found = [this.name, env === last, ctx.props];
            last = env;
            return Response.json(found);
          },
        };
        let last;"""
    )
    assert await (await worker.fetch("http://x/")).json() == ["own", False, {}]
    assert await (await worker.fetch("http://x/")).json() == ["own", True, {}]


def test_timers_and_randomness_wait_for_a_handler(define):
    with pytest.raises(Exception, match="global scope"):
        define("setTimeout(() => {}, 1)")
    with pytest.raises(Exception, match="global scope"):
        define("crypto.randomUUID()")
    with pytest.raises(JavaScriptError, match="global scope"):
        define("await fetch('http://x/')")


async def test_with_env(run):
    body = """
    const { env: imported, withEnv } = await import("cloudflare:workers");
    const seen = withEnv({ NAME: "other" }, () => [imported.NAME, env.NAME, Object.keys(imported)]);
    try {
      withEnv({ NAME: "third" }, () => { throw new Error("in it"); });
    } catch (error) { seen.push(error.message); }
    return [...seen, imported.NAME, Object.keys(imported), "NAME" in imported, { ...imported }];
    """
    assert await run(body, vars={"NAME": "own"}) == [
        "other", "own", ["NAME"], "in it", "own", ["NAME"], True, {"NAME": "own"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "text"),
    [("withEnv(1, () => 1)", "takes an object"), ("withEnv({}, 2)", "takes a function")],
)
async def test_with_env_of_something_else(run, call, text):
    body = f"""
    const {{ withEnv }} = await import("cloudflare:workers");
    try {{ {call}; }} catch (error) {{ return `${{error}}`; }}"""
    assert text in await run(body)

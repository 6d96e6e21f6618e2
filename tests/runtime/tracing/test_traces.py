"""The record of a top-level request."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
import threading
import tracemalloc

import pytest

from ..conftest import GATEWAY


async def test_the_oldest_traces_are_dropped(define, runtime):
    runtime.traces.MAX_TRACES = 5
    handle = define("echo")
    for _ in range(9):
        await handle.fetch()
    assert [trace.number for trace in runtime.traces] == [5, 6, 7, 8, 9]
    runtime.traces.MAX_BYTES = 1
    await handle.fetch()
    assert [trace.number for trace in runtime.traces] == [10]


KEPT = {
    # What a Worker does with a long text: what is kept of it.
    "url": ("return await self.env.ECHO.fetch('http://x/' + long)", "url"),
    "exception": ("raise ValueError(long)", "exception"),
    "exception in waitUntil": (
        """
        async def fail():
            raise ValueError(long)
        self.ctx.waitUntil(fail())
        return Response("x")
        """,
        "exception",
    ),
}


@pytest.mark.parametrize(("body", "attribute"), KEPT.values(), ids=KEPT)
async def test_long_urls_and_errors_are_kept_in_part(define, runtime, until, body, attribute):
    define("echo")
    secret = "s3cret-s3cret"
    long = f"long = {'x' * 4090!r} + self.env.SECRET + 'x' * 1_000_000\n"
    handle = define("worker", long + textwrap.dedent(body), ECHO="echo", secrets={"SECRET": secret})
    with contextlib.suppress(ValueError):
        await handle.fetch("http://x/" + "x" * 1_000_000)
    await until(lambda: not runtime.in_flight)
    trace = runtime.traces[-1]
    kept = getattr(trace.invocations[-1], attribute) or getattr(trace, attribute)
    assert 4096 < len(kept) < 4200
    assert kept.endswith(" characters more)")
    assert "s3c" not in kept
    assert len(trace.url) < 4200
    assert trace.bytes < 50_000


async def test_the_kept_traces_stay_within_their_bound(define, runtime):
    handle = define("worker", "raise ValueError('x' * 1_000_000)")
    tracemalloc.start()
    try:
        for _ in range(60):
            with contextlib.suppress(ValueError):
                await handle.fetch("http://x/" + "x" * 1_000_000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 10e6


async def test_an_answer_has_its_trace(gateway, runtime):
    response = await gateway.fetch("https://example.com/a?b=c", headers={"x-custom-token": "x"})
    trace = response.trace
    assert trace is runtime.traces[-1]
    assert (trace.method, trace.url, trace.status, trace.outcome) == (
        "GET",
        "https://example.com/a?b=c",
        403,
        "ok",
    )
    first, second = trace.invocations
    assert (first.service, first.binding, first.caller) == ("gateway", None, None)
    assert (second.service, second.binding, second.caller) == ("auth", "AUTH", first)
    assert (first.depth, second.depth) == (1, 2)
    assert first.children == [second]
    assert trace.thread_name == threading.current_thread().name
    assert trace.done
    assert not runtime.in_flight


async def test_an_exception_is_in_the_trace(define, runtime):
    define("auth", "raise ValueError('no such user')")
    handle = define("gateway", GATEWAY, AUTH="auth")
    with pytest.raises(ValueError, match="no such user"):
        await handle.fetch()
    trace = runtime.traces[-1]
    assert trace.outcome == "exception"
    gateway, auth = trace.invocations
    assert gateway.exception == auth.exception == "ValueError: no such user"
    (log,) = trace.logs
    assert log.level == "error"
    assert log.invocation is auth
    assert '"<worker auth v1>", line' in log.text


async def test_a_waiting_request_names_the_line(define, runtime, until):
    handle = define("worker", "await asyncio.sleep(0.05)\nreturn Response('x')")
    request = asyncio.ensure_future(handle.fetch())
    await until(lambda: any(trace.waits_at for trace in runtime.in_flight))
    (trace,) = runtime.in_flight
    assert trace.waits_at == "<worker worker v1>:13, in fetch"
    await request
    assert trace.waits_at is None

"""The record of a top-level request."""

from __future__ import annotations

import asyncio
import threading

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

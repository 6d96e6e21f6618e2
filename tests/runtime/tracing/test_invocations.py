"""The record of one Worker handling one call."""

from __future__ import annotations

import asyncio

import pytest

from workernb import CanceledError

from ..conftest import FORWARD


async def test_a_running_invocation_has_no_outcome(define, runtime):
    handle = define("worker", "await asyncio.sleep(0); return Response('x')")
    request = handle.fetch()
    await asyncio.sleep(0)
    (trace,) = runtime.in_flight
    (invocation,) = trace.invocations
    assert not trace.done
    assert trace.outcome is trace.exception is invocation.outcome is None
    assert "…" in repr(invocation)
    assert "running" in repr(trace)
    await request
    assert repr(invocation) == "<Invocation of worker by GET http://worker.localhost/: ok>"


@pytest.mark.parametrize(
    ("body", "error", "outcome"),
    [
        ("raise ValueError", ValueError, "exception"),
        ("raise KeyboardInterrupt", CanceledError, "canceled"),
        ("raise asyncio.CancelledError", asyncio.CancelledError, "canceled"),
    ],
)
async def test_outcomes_are_the_platforms_words(define, runtime, body, error, outcome):
    handle = define("worker", body)
    with pytest.raises(error):
        await handle.fetch()
    assert runtime.traces[-1].invocations[0].outcome == outcome


async def test_an_invocation_that_is_closed_is_canceled(define, runtime):
    call = define("worker", "await asyncio.sleep(1000)").fetch()
    call.send(None)
    (trace,) = runtime.in_flight
    call.close()
    assert trace.invocations[0].outcome == "canceled"


async def test_callers_and_children(define):
    define("last")
    define("auth", "return await self.env.NEXT.fetch(request)", NEXT="last")
    handle = define("gateway", FORWARD, AUTH="auth")
    gateway, auth, last = (await handle.fetch()).trace.invocations
    assert (gateway.children, auth.children, last.children) == ([auth], [last], [])
    assert (gateway.caller, auth.caller, last.caller) == (None, gateway, auth)
    assert auth.describe() == "env.AUTH.fetch('http://gateway.localhost/')"

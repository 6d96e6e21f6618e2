"""The record of one Worker handling one call."""

from __future__ import annotations

import asyncio

import pytest

from workernb.runtime.tracing.invocations import FailedCall, outcome_of


def test_a_failed_call_is_a_coroutine_that_raises():
    call = FailedCall(ValueError("why"))
    for step in (lambda: call.send(None), lambda: call.throw(KeyError)):
        with pytest.raises(ValueError, match="why"):
            step()
    call.close()


def test_outcomes_are_the_platforms_words():
    assert outcome_of(KeyboardInterrupt()) == "canceled"
    assert outcome_of(GeneratorExit()) == "canceled"
    assert outcome_of(ValueError()) == "exception"


async def test_an_invocation_that_runs_has_no_outcome_yet(define, runtime):
    handle = define("worker", "await asyncio.sleep(0); return Response('x')")
    call = handle.fetch()
    await asyncio.sleep(0)
    (trace,) = runtime.in_flight
    (invocation,) = trace.invocations
    assert (trace.done, trace.outcome, trace.exception, invocation.outcome) == (
        False,
        None,
        None,
        None,
    )
    assert "…" in repr(invocation)
    assert "running" in repr(trace)
    await call
    assert repr(invocation) == "<Invocation of worker by GET http://worker.localhost/: ok>"

"""The estimate of what a call between Workers costs the runtime itself."""

from __future__ import annotations

import gc

import pytest

from workernb.runtime.overhead import cost_of_a_call_ns


@pytest.fixture(autouse=True)
def _no_garbage_collection():
    """A garbage collection lasts longer than what is measured here."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_the_runtimes_own_cost_is_estimated_for_each_invocation(define):
    define("auth")
    handle = define(
        "gateway",
        "for _ in range(30): await self.env.AUTH.fetch(request.url)\nreturn Response('x')",
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    # These invocations do hardly more than call each other.
    assert 0.1 * trace.cpu_ms < trace.runtime_ms <= trace.cpu_ms
    busy = (await define("busy", "burn(5); return Response('x')").fetch()).trace
    assert busy.runtime_ms == pytest.approx(trace.runtime_ms / 31, rel=0.5)
    assert busy.runtime_ms < 0.05 * busy.cpu_ms


def test_the_cost_of_a_call_is_measured_once():
    cost_ns = cost_of_a_call_ns()
    assert 0 < cost_ns < 1_000_000
    assert cost_of_a_call_ns() == cost_ns

"""The estimate of what a call between Workers costs the runtime itself."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def no_garbage_collection():
    """A collection lasts longer than what is measured here, and falls on whoever runs."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_the_runtimes_own_cost_is_calibrated(define):
    define("auth", "return Response('x')")
    handle = define(
        "gateway",
        "for _ in range(30): await self.env.AUTH.fetch(request.url)\nreturn Response('x')",
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    # These do little else.
    assert 0.1 * trace.cpu_ms < trace.runtime_ms <= trace.cpu_ms
    one = (await define("busy", "burn(5); return Response('x')").fetch()).trace
    assert one.runtime_ms == pytest.approx(trace.runtime_ms / 31, rel=0.5)
    assert one.runtime_ms < 0.05 * one.cpu_ms

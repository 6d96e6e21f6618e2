"""WorkerEntrypoint, its context, and `wait_until`."""

from __future__ import annotations

import pytest

from workernb.workers import Context, WorkerEntrypoint, wait_until, waitUntil


def test_the_context_reaches_its_invocation(invocation):
    ctx = Context(invocation)
    assert (ctx.props, ctx.exports) == (invocation.props, invocation.exports)


def test_every_wait_until_extends_the_invocation(invocation):
    ctx = Context(invocation)
    for number, extend in enumerate((ctx.waitUntil, ctx.wait_until, waitUntil, wait_until)):
        extend(number)
    assert invocation.awaited == [0, 1, 2, 3]


@pytest.mark.parametrize("extend", [waitUntil, wait_until])
def test_wait_until_needs_a_running_worker(extend):
    with pytest.raises(RuntimeError, match="No Worker is running here"):
        extend(None)


def test_a_constructor_may_pass_its_arguments_on(invocation, env):
    class Worker(WorkerEntrypoint):
        def __init__(self, ctx, env):
            super().__init__(ctx, env)

    ctx = Context(invocation)
    worker = Worker(ctx, env)
    assert worker.ctx is ctx
    assert worker.env is env

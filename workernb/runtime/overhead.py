"""Overhead: the cost of a call itself, measured once between Workers that do nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from time import thread_time_ns as cpu_clock
from types import SimpleNamespace
from typing import Any

from workernb.http import Request, Response
from workernb.runtime.bindings.service import ServiceBinding
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import this_thread
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

CALLS = 200
ROUNDS = 5


class _Idle:
    """An entrypoint whose fetch handler does nothing."""

    service = "idle"
    version: Any = None

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {"fetch": self.fetch}
        self.methods: dict[str, Any] = {}

    async def fetch(self, request: Request | None, invocation: Any) -> Response:
        """Return an empty response."""
        return Response()


@cache
def cost_of_a_call_ns() -> float:
    """Return the thread CPU (ns) of a call over a binding, without the callee's own work.

    It is measured at the first call of this function, which takes some milliseconds.
    """
    return copy_context().run(_measure)


def _measure() -> float:
    idle = _Idle()
    host: Any = SimpleNamespace()
    callee: Any = SimpleNamespace(version=None, entrypoints={DEFAULT: idle})
    limits = Limits(cpu_ms=None, invocations=2 * CALLS * ROUNDS, subrequests=2 * CALLS * ROUNDS)
    trace = Trace(0, limits, host, this_thread(), False, sys.stdout)
    url = Target("idle").url
    current.set(Invocation(trace, None, None, idle, "GET", url, 1))
    binding = ServiceBinding("IDLE", Target("idle"), "idle", callee, {})
    over_binding = min(_timed(lambda: binding.fetch(url)) for _ in range(ROUNDS))
    direct = min(_timed(lambda: idle.fetch(None, None)) for _ in range(ROUNDS))
    return max(0, over_binding - direct) / CALLS


def _timed(call: Callable[[], Coroutine[Any, Any, Response]]) -> int:
    began = cpu_clock()
    for _ in range(CALLS):
        with suppress(StopIteration):
            call().send(None)
    return cpu_clock() - began

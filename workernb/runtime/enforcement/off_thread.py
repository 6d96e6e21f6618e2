"""Off-thread CPU: the CPU time of Workers in other threads (`asyncio.to_thread`, pools).

The platform has no threads, so no budget is charged for it; it is only shown. It is sampled: at
each heartbeat and each tick, the stack of every thread that has used CPU since the last sample is
searched for Worker code, or for a copy of a request's context.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterable
from contextvars import Context
from types import FrameType
from typing import Any

from workernb.runtime.tracing.clock import charge_off_thread
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import cpu_of, current_frames
from workernb.runtime.tracing.tracebacks import is_worker
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

from .owners import newest_invocation

MIN_CPU_NS = 200_000
"""Minimum CPU (ns) that a thread has used for its stack to be searched."""


class OffThreadCpu:
    """Samples the CPU time of the threads that Workers' requests do not run on."""

    def __init__(self) -> None:
        """Make a sampler that knows no threads."""
        self._used: dict[int, int] = {}

    def begin(self) -> None:
        """Record the CPU times of all threads, so that only later use counts."""
        self._used = {}
        for ident in current_frames():
            with contextlib.suppress(OSError):
                self._used[ident] = cpu_of(ident)

    def sample(self, in_flight: Iterable[Trace]) -> None:
        """Charge the CPU of other threads since the last sample to the requests it was used for."""
        if threading.active_count() == 1:
            return
        traces = list(in_flight)
        own = {trace.thread.ident for trace in traces} | {threading.get_ident()}
        frames = current_frames()
        for ident in frames.keys() - own:
            with contextlib.suppress(OSError):  # The thread has ended in the meantime.
                now = cpu_of(ident)
                before = self._used.get(ident, 0)
                # A thread may have the ident of one that has ended since the last sample.
                used = now - before if now >= before else now
                if used >= MIN_CPU_NS:
                    self._used[ident] = now
                    invocation = _invocation_of_thread(frames[ident], traces)
                    if invocation is not None:
                        charge_off_thread(invocation.trace, invocation, used)
        for ident in self._used.keys() - frames.keys():
            del self._used[ident]
        # This function's own frame is in it: the circle would keep all frames of this thread.
        frames.clear()


def _invocation_of_thread(frame: FrameType | None, traces: list[Trace]) -> Invocation | None:
    """Return the invocation that a thread works for, or None. frame: the thread's top frame."""
    while frame is not None:
        if is_worker(frame):
            return newest_invocation(frame.f_code.co_filename, traces)
        for value in list(frame.f_locals.values()):
            invocation: Invocation | None = _in_context(value)
            if invocation is not None and invocation.trace in traces:
                return invocation
        frame = frame.f_back
    return None


def _in_context(value: Any) -> Any:
    """Return the invocation in a context, or in the context of a function that is to be called."""
    work = getattr(value, "fn", value)  # A work item of concurrent.futures.
    if isinstance(work, functools.partial):
        work = getattr(work.func, "__self__", None)
    running: Any = work.get(current) if isinstance(work, Context) else None
    return running if hasattr(running, "trace") else None

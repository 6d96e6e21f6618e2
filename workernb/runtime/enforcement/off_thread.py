"""Off-thread CPU: what a request's Workers use in other threads (`asyncio.to_thread`, pools).

The platform has no threads, so no budget is charged for it, but it is shown. It is sampled: at each
heartbeat and each tick, the stack of every thread that has used CPU since the last sample is
searched for a Worker's code, or for a context that was copied from a request's.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Iterable
from contextvars import Context
from types import FrameType
from typing import Any

from workernb.runtime.tracing.clock import charge_off_thread
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import cpu_of
from workernb.runtime.tracing.tracebacks import is_worker
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

MIN_CPU_NS = 200_000
"""How much CPU (ns) a thread has to have used for its stack to be searched."""


class OffThreadCpu:
    """The threads that are not the Workers' own, and the CPU that they have used."""

    def __init__(self) -> None:
        """Begin with no thread known."""
        self._used: dict[int, int] = {}

    def begin(self) -> None:
        """Take note of the threads that there are, and of what they have used so far."""
        self._used = {}
        for ident in sys._current_frames():
            with contextlib.suppress(OSError):
                self._used[ident] = cpu_of(ident)

    def look(self, in_flight: Iterable[Trace]) -> None:
        """Charge what other threads have used since the last look to the requests it was for."""
        if threading.active_count() == 1:
            return
        traces = list(in_flight)
        own = {trace.thread.ident for trace in traces} | {threading.get_ident()}
        frames = sys._current_frames()
        for ident in frames.keys() - own:
            with contextlib.suppress(OSError):  # The thread has ended in the meantime.
                now = cpu_of(ident)
                used = now - self._used.get(ident, 0)
                if used >= MIN_CPU_NS:
                    self._used[ident] = now
                    invocation = _works_for(frames[ident], traces)
                    if invocation is not None:
                        charge_off_thread(invocation.trace, invocation, used)
        for ident in self._used.keys() - frames.keys():
            del self._used[ident]


def _works_for(frame: FrameType | None, traces: list[Trace]) -> Invocation | None:
    """Return the invocation that a thread works for, whose top frame is given."""
    while frame is not None:
        if is_worker(frame):
            return _newest_of(frame.f_code.co_filename, traces)
        for value in list(frame.f_locals.values()):
            invocation: Invocation | None = _in_context(value)
            if invocation is not None and invocation.trace in traces:
                return invocation
        frame = frame.f_back
    return None


def _in_context(value: Any) -> Any:
    """Return the invocation of a context, or of the call that is to be made in one."""
    work = getattr(value, "fn", value)  # As a pool's thread has it.
    if isinstance(work, functools.partial):
        work = getattr(work.func, "__self__", None)
    running: Any = work.get(current) if isinstance(work, Context) else None
    return running if hasattr(running, "trace") else None


def _newest_of(filename: str, traces: list[Trace]) -> Invocation | None:
    """Return the youngest invocation of the code in a file that has not ended."""
    found = [
        invocation
        for trace in traces
        for invocation in trace.invocations
        if invocation.version is not None
        and invocation.version.filename == filename
        and not invocation.ended_ns
    ]
    return max(found, key=lambda invocation: invocation.began_ns, default=None)

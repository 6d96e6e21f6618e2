"""CPU that a request's Workers use in other threads: `asyncio.to_thread`, a library's own pool.

The platform has no threads, so no budget is charged for it; but it is shown. It is sampled: at
each heartbeat, and each tick that the main thread hears of, every thread that has used CPU since
the last one is asked whose work it does. Its stack tells: a context that was copied from the
request's, or a Worker's code.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Iterable
from contextvars import Context
from types import FrameType
from typing import TYPE_CHECKING, Any

from workernb.runtime.tracing.threads import cpu_of
from workernb.runtime.tracing.tracebacks import is_worker
from workernb.workers.current import current

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation
    from workernb.runtime.tracing.traces import Trace

LEAST_NS = 200_000
"""How much CPU (ns) a thread has to have used for its stack to be looked at."""


class Elsewhere:
    """The threads that are not the Workers' own, and what they have used."""

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
                if used >= LEAST_NS:
                    self._used[ident] = now
                    who = _works_for(frames[ident], traces)
                    if who is not None:
                        who.trace.charge_elsewhere(who, used)
        for ident in self._used.keys() - frames.keys():
            del self._used[ident]


def _works_for(frame: FrameType | None, traces: list[Trace]) -> Invocation | None:
    """Return the invocation that a thread works for, whose top frame is given."""
    while frame is not None:
        if is_worker(frame):
            return _newest_of(frame.f_code.co_filename, traces)
        for value in list(frame.f_locals.values()):
            who: Invocation | None = _in_context(value)
            if who is not None and who.trace in traces:
                return who
        frame = frame.f_back
    return None


def _in_context(value: Any) -> Any:
    """Return the invocation of a context, or of the call that is to be made in one."""
    work = getattr(value, "fn", value)  # As a pool's thread has it.
    if isinstance(work, functools.partial):
        work = getattr(work.func, "__self__", None)
    who: Any = work.get(current) if isinstance(work, Context) else None
    return who if hasattr(who, "trace") else None


def _newest_of(filename: str, traces: list[Trace]) -> Invocation | None:
    """Return the youngest invocation of the code in a file that has not ended."""
    found = [
        call
        for trace in traces
        for call in trace.invocations
        if call.version is not None and call.version.filename == filename and not call.ended_ns
    ]
    return max(found, key=lambda call: call.began_ns, default=None)

"""Owners: the invocation that code belongs to, where neither a slice nor a context names it.

A callback that runs in a `contextvars.Context()` of its own knows no invocation, and a thread may
run a Worker's function for a request. Both have a frame of the Worker's source on their stack.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from types import FrameType
from typing import Any

from workernb.runtime.services.versions import main_filename
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.tracebacks import is_worker
from workernb.runtime.tracing.traces import Host, Trace

_NEWEST_TRACES = 100
"""How many of the traces that have ended are searched, from the newest on."""


def owner_of(frame: FrameType | None, hosts: Iterable[Host]) -> Invocation | None:
    """Return the invocation whose code a frame or its callers run, or None.

    That is the newest running one of this source, or else the newest one that has ended.
    """
    while frame is not None and not is_worker(frame):
        frame = frame.f_back
    if frame is None:
        return None
    file = frame.f_code.co_filename
    hosts = list(hosts)
    in_flight = [trace for host in hosts for trace in list(host.in_flight)]
    running = newest_invocation(file, in_flight)
    if running is not None:
        return running
    kept = [t for host in hosts for t in islice(reversed(list(host.traces)), _NEWEST_TRACES)]
    return newest_invocation(file, [*in_flight, *kept], ended=True)


def newest_invocation(
    filename: str, traces: Iterable[Trace], ended: bool = False
) -> Invocation | None:
    """Return the newest invocation of the source in a file, or None.

    ended: whether to look for one that has ended instead of one that runs.
    """
    main = main_filename(filename)
    found: list[Any] = [
        invocation
        for trace in traces
        for invocation in trace.invocations
        if invocation.version is not None
        and invocation.version.filename == main
        and bool(invocation.ended_ns) is ended
    ]
    return max(found, key=lambda invocation: invocation.began_ns, default=None)

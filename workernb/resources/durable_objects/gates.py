"""Gates: the input gate of an object, which keeps its other events out for a while.

https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/. A storage
operation ends before anything else can run, so the gate closes for `blockConcurrencyWhile` and for
`transaction` only. The output gate is `ObjectStorage.commit`: nothing leaves before.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Generator, Iterator
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import DurableObjectError, with_notes
from workernb.runtime.execution.loops import call_in
from workernb.runtime.tracing.objects import ObjectInvocation, callers
from workernb.runtime.tracing.traces import Trace


class Section:
    """A stretch of work during which no other event of the object runs.

    owner: the invocation that began it. outer: the section that it is nested in, or None.
    """

    __slots__ = ("outer", "owner")

    def __init__(self, owner: ObjectInvocation, outer: Section | None) -> None:
        """Begin a section."""
        self.owner = owner
        self.outer = outer


class InputGate:
    """The input gate of one object. section: what keeps it closed; None while it is open.

    waiting: the events that wait for it, in their order.
    """

    def __init__(self) -> None:
        """Make an open gate."""
        self.section: Section | None = None
        self.waiting: deque[tuple[ObjectInvocation, list[asyncio.Future[None]]]] = deque()

    @property
    def closed(self) -> bool:
        """Whether an event has to wait: for a section, or for those that came before it."""
        return self.section is not None or bool(self.waiting)

    @types.coroutine
    def wait(self, invocation: ObjectInvocation, check: bool = True) -> Generator[Any, Any, None]:
        """Wait until the gate is open, and those before have passed it.

        check: whether to raise DurableObjectError if it could never open.
        """
        if check:
            refuse_deadlock(invocation, self)
        entry: tuple[ObjectInvocation, list[asyncio.Future[None]]] = invocation, []
        self.waiting.append(entry)
        invocation.waits = waits = [*invocation.waits, (wall_clock(), 0)]
        try:
            while True:
                future = asyncio.get_running_loop().create_future()
                entry[1][:] = [future]  # Before it looks, as another thread may open the gate now.
                if self.section is None and self.waiting[0] is entry:
                    break
                yield from future
        finally:
            waits[-1] = waits[-1][0], wall_clock()
            self.waiting.remove(entry)
            self._wake()

    def close(self, owner: ObjectInvocation, outer: Section | None) -> Section:
        """Close the gate for a section, which is nested in `outer` or found it open."""
        self.section = section = Section(owner, outer)
        return section

    def open(self, section: Section) -> None:
        """End a section; the gate is open unless that was nested in another one."""
        if self.section is section:
            self.section = section.outer
            self._wake()

    def _wake(self) -> None:
        if self.section is None and self.waiting:
            for future in self.waiting[0][1]:
                call_in(future.get_loop(), _set, future)  # Maybe another thread's.


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# Deadlocks


def refuse_deadlock(event: ObjectInvocation, gate: InputGate) -> None:
    """Raise DurableObjectError if an event would wait for itself, maybe over other requests.

    That is so where its caller holds the gate; or where whoever holds it waits at the gate of
    another object, which a caller of this event holds.
    """
    if gate.section is None:
        return
    holder = gate.section.owner
    if holder is event:
        return  # Its constructor, or itself, has begun what it waits for.
    own = set(callers(event))
    if holder in own:
        raise with_notes(
            _refusal(f"{event.title} would wait for itself for ever."),
            f"{holder.title} has called it from blockConcurrencyWhile() or transaction(), which "
            "keep every other event of the object out until they end.",
            "Call it before or after, or call the method directly: self.method(…).",
        )
    for other, held in _waits_of(holder, event):
        if held in own:
            raise with_notes(
                _refusal("Two requests wait for each other's Durable Object for ever."),
                f"{_request(event)} is in {held.title} and calls {event.title}.",
                f"{_request(other)} is in {holder.title} and calls {other.title}.",
                "Both hold their object by blockConcurrencyWhile() or transaction(): call the "
                "other object before or after.",
            )


def _waits_of(
    holder: ObjectInvocation, event: ObjectInvocation
) -> Iterator[tuple[ObjectInvocation, ObjectInvocation]]:
    """Yield the events that `holder` waits for at gates, with who holds those, and so on."""
    queue, seen = [holder], {holder}
    in_flight: list[Trace] = list(event.trace.host.in_flight)
    waiting = [
        each
        for trace in in_flight
        for each in trace.invocations
        if isinstance(each, ObjectInvocation) and each.waits and not each.waits[-1][1]
    ]
    for one in queue:
        for each in waiting:
            section = each.gate.section
            if section is None or one not in callers(each):
                continue
            yield each, section.owner
            if section.owner not in seen:
                seen.add(section.owner)
                queue.append(section.owner)


def _refusal(text: str) -> DurableObjectError:
    error = DurableObjectError(text)
    error.durableObjectReset = False
    return error


def _request(event: ObjectInvocation) -> str:
    trace: Trace = event.trace
    return f"Request {trace.number} ({trace.title})"

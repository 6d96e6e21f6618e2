"""Invocations of Durable Objects, which have an id, and writes that a call must not overtake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .invocations import Invocation


class ObjectInvocation(Invocation):
    """A Durable Object handling one call.

    object_id: the id, 64 hexadecimal digits. object_name: the name that the id was made from, or
    None. namespace: the namespace's name in pictures. waits: when it waited at the object's input
    gate, as pairs of ns of wall clock; the end is 0 while it waits. before_call: called before
    anything leaves the object, so that its writes are stored first (the output gate). gate: the
    object's input gate.
    """

    __slots__ = ("before_call", "gate", "namespace", "object_id", "object_name", "waits")

    def __init__(
        self,
        trace: Any,
        caller: Invocation | None,
        binding: str | None,
        entrypoint: Any,
        method: Any,
        url: str,
        depth: int,
    ) -> None:
        """Record a call that has not begun. entrypoint: that of one object, or see Invocation."""
        Invocation.__init__(self, trace, caller, binding, entrypoint, method, url, depth)
        if entrypoint.__class__ is ObjectInvocation:
            self.object_id: str = entrypoint.object_id
            self.object_name: str | None = entrypoint.object_name
            self.namespace: str = entrypoint.namespace
        else:
            self.object_id, self.object_name = entrypoint.id.text, entrypoint.id.name
            self.namespace = entrypoint.node
        self.waits: Sequence[tuple[int, int]] = ()
        self.gate: Any = None
        self.before_call: Callable[[], None] | None = None

    def send(self, request: Any) -> Any:
        """Send a request of its code to where the URL leads, after its writes are stored."""
        caller_of(self)
        return super().send(request)

    @property
    def via(self) -> str | None:
        """How it was called: `COUNTERS['a'].increment`; None for an alarm."""
        if self.binding is None:
            return None
        name = f"{self.binding}[{self.shown_id}]"
        return f"{name}.{self.method}" if self.event == "rpc" and self.method else name

    @property
    def title(self) -> str:
        """What it handled, on one line: `counter["a"].increment()`."""
        if self.event == "fetch":
            return super().title
        shown = f"{self.service}[{self.shown_id}]"
        return f"{shown}.{self.method}()" if self.event == "rpc" else f"{shown}: {self.event}"

    @property
    def shown_id(self) -> str:
        """The object's name, or the beginning of its id."""
        name = self.object_name
        return f"{self.object_id[:8]}…" if name is None else repr(self.trace.redact(name))

    @property
    def waited_ms(self) -> float:
        """How long it waited at the object's input gate, in ms of wall clock."""
        return sum(ended - began for began, ended in self.waits if ended) / 1e6


def caller_of(running: Any) -> Invocation | None:
    """Return the invocation that makes a call; None where no handler runs.

    A Durable Object's writes are stored first: no call leaves it before.
    """
    if running.__class__ is Invocation:
        return running
    if not isinstance(running, ObjectInvocation):
        return None
    if running.before_call is not None:
        running.before_call()
    return running


def callers(invocation: Invocation | None) -> Iterator[Invocation]:
    """Yield an invocation, its caller, and so on to the first one."""
    while invocation is not None:
        yield invocation
        invocation = invocation.caller

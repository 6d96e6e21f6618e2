"""Contexts: the stubs that an invocation holds, and when they are disposed.

An invocation's context ends when its handler has returned, its waitUntil tasks are done, and nobody
holds a stub of what it returned. Then its own stubs are disposed, and what it passed to others as
arguments can no longer be called.
https://developers.cloudflare.com/workers/runtime-apis/rpc/lifecycle/
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any, Protocol

from workernb.runtime.execution.tasks import is_waited_for
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.texts import PlatformText


class Settled(Protocol):
    """The part of a call that a context uses."""

    def settle(self, error: BaseException | None) -> None:
        """Tell those who wait for the call that it has ended."""


class Context:
    """The stubs of one invocation, `invocation.extras.rpc`.

    parameters: the stubs that it received as arguments. received: those from results, and
    duplicates. call: the call that it handles, if others than its caller wait for it. ended:
    whether it has ended. An invocation that only returns objects has none: `trace.exported` counts
    those that others hold stubs of.
    """

    __slots__ = ("call", "ended", "invocation", "parameters", "received")

    def __init__(self, invocation: Invocation) -> None:
        """Begin without stubs."""
        self.invocation = invocation
        self.parameters: list[Any] | None = None
        self.received: dict[Any, None] | None = None
        self.call: Settled | None = None
        self.ended = False

    def held(self) -> dict[Any, None]:
        """Return `received`, the stubs that the context holds until it ends."""
        if self.received is None:
            self.received = {}
        return self.received

    def returned(self, error: BaseException | None) -> None:
        """Dispose the arguments, since the handler has returned, and tell those who wait for it.

        error: what the caller gets instead of a result, or None.
        """
        if self.parameters is not None:
            for stub in self.parameters:
                stub.dispose()
            self.parameters = None
        if self.call is not None:
            self.call.settle(error)
            self.call = None

    def end_if_idle(self) -> None:
        """End the context unless something keeps it."""
        invocation = self.invocation
        trace = invocation.trace
        if self.ended or not invocation.ended_ns or invocation in trace.exported:
            return
        if trace.wait_until_tasks and is_waited_for(invocation):
            return
        self.ended = True
        for stub in list(self.received or ()):
            if stub._wanted:
                place = position(stub._place)
                at = f" It is a {stub._capability.label}, received at {place}." if place else ""
                warn(trace, invocation, f"{PlatformText.NOT_DISPOSED}{at} {_REMEDY}")
            stub.dispose()


_REMEDY = "Use a with block: with await … as stub."


def context_of(invocation: Invocation) -> Context:
    """Return the context of an invocation, which is made if there is none yet."""
    extras = invocation.extras
    if extras is None:
        extras = invocation.ensure_extras()
    context: Context | None = extras.rpc
    if context is None:
        extras.rpc = context = Context(invocation)
    return context


def has_ended(invocation: Invocation) -> bool:
    """Return whether what an invocation passed to others can no longer be called."""
    if not invocation.ended_ns:
        return False
    extras = invocation.extras
    if extras is not None and extras.rpc is not None:
        return bool(extras.rpc.ended)
    return invocation not in invocation.trace.exported and not is_waited_for(invocation)


Place = tuple[CodeType, int]
"""A position in code: the code, and the offset of an instruction."""


def place_of_worker(frame: FrameType | None) -> Place | None:
    """Return the position of the nearest Worker's code among a frame and its callers."""
    while frame is not None and not frame.f_code.co_filename.startswith("<worker "):
        frame = frame.f_back
    return None if frame is None else (frame.f_code, frame.f_lasti)


def place_here() -> Place | None:
    """Return the position of the nearest Worker's code that runs."""
    return place_of_worker(sys._getframe(1))


def position(place: Place | None) -> str | None:
    """Return a place as text: `<worker auth v2>:7, in fetch`."""
    if place is None:
        return None
    code, offset = place
    lines = (line for begin, end, line in code.co_lines() if begin <= offset < end)
    return f"{code.co_filename}:{next(lines, code.co_firstlineno)}, in {code.co_name}"

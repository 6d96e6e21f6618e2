"""Events: the name of the handler that an event calls, and the conversion of its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.errors import HandlerError, PlatformText, with_notes
from workernb.runtime.services.engine import Handler
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn


class Event:
    """A kind of event.

    name: the name of its handler, such as `fetch`. result: a function that converts what the
    handler returned to what the caller receives. It takes that, the handler's argument and the
    invocation, and raises HandlerError for an invalid value.
    """

    __slots__ = ("name", "result")

    def __init__(self, name: str, result: Callable[[Any, Any, Invocation], Any]) -> None:
        """Make a kind of event."""
        self.name = name
        self.result = result


def missing_handler(name: str) -> Handler:
    """Return a handler that raises HandlerError, for an entrypoint without the handler `name`."""

    async def handler(argument: Any, invocation: Any) -> Any:
        log = PlatformText.NO_HANDLER_LOG.format(event=f"{name.title()}Event", name=name)
        warn(invocation.trace, invocation, log)
        raise with_notes(
            HandlerError(PlatformText.NO_HANDLER.format(name=name)),
            f"Worker {invocation.service!r} defines no class Default(WorkerEntrypoint) with a "
            f"{name} method, nor an on_{name} function.",
        )

    return handler

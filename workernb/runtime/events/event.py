"""An event: the handler that it calls, and what becomes of what that returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from workernb.errors import HandlerError, PlatformText, with_notes
from workernb.runtime.services.engine import Handler
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn


class Event(NamedTuple):
    """A kind of event.

    name: that of its handler, `fetch` or `scheduled`. result: what the caller gets for what the
    handler returned; a function of that, of the handler's argument and of the invocation, which
    raises HandlerError for what a handler may not return.
    """

    name: str
    result: Callable[[Any, Any, Invocation], Any]


def missing_handler(name: str) -> Handler:
    """Return the handler that takes the place of one that an entrypoint does not have."""

    async def handler(argument: Any, invocation: Any) -> Any:
        log = PlatformText.NO_HANDLER_LOG.format(event=f"{name.title()}Event", name=name)
        warn(invocation.trace, invocation, log)
        raise with_notes(
            HandlerError(PlatformText.NO_HANDLER.format(name=name)),
            f"Worker {invocation.service!r} defines no class Default(WorkerEntrypoint) with a "
            f"{name} method, nor an on_{name} function.",
        )

    return handler

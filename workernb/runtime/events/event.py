"""What the hop needs to know of an event, and what happens where its handler is missing."""

from __future__ import annotations

from typing import Any, Protocol

from workernb.errors import HandlerError, PlatformText, with_notes
from workernb.runtime.services.engine import Handler
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn


class Event(Protocol):
    """A kind of event."""

    @property
    def name(self) -> str:
        """The name of the handler: `fetch`, `scheduled`."""

    def result(self, returned: Any, argument: Any, invocation: Invocation) -> Any:
        """Return what the caller gets for what the handler returned.

        argument: what the handler was given. Raises HandlerError for what it may not return.
        """


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

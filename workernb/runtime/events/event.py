"""Events: the name of the handler that an event calls, and the conversion of its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.errors import HandlerError, with_notes
from workernb.runtime.services.engine import Entrypoint, Handler
from workernb.runtime.services.languages import JAVASCRIPT
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.texts import PlatformText

from .rpc import RPC, no_method


class Event:
    """A kind of event.

    name: the name of its handler, such as `fetch`. result: a function that converts what the
    handler returned to what the caller receives. It takes that, the handler's argument and the
    invocation, and raises HandlerError for an invalid value. error: a function that returns what
    the caller gets for an exception of the handler; by default that is raised itself. begin: a
    function that makes the first invocation of a request which begins with this event. It takes
    the trace, the entrypoint and the handler's argument. in_task: a function that is called with
    the handler's argument before a call is begun in a task, instead of by who awaits it.
    """

    __slots__ = ("begin", "error", "in_task", "name", "result")

    def __init__(
        self,
        name: str,
        result: Callable[[Any, Any, Invocation], Any],
        error: Callable[[Exception, Any, Invocation], BaseException] | None = None,
        begin: Callable[[Any, Entrypoint, Any], Invocation] | None = None,
        in_task: Callable[[Any], None] | None = None,
    ) -> None:
        """Make a kind of event."""
        self.name = name
        self.result = result
        self.error = error
        self.begin = begin
        self.in_task = in_task


def missing_handler(name: str) -> Handler:
    """Return a handler that raises HandlerError, for an entrypoint without the handler `name`."""

    async def handler(argument: Any, invocation: Any) -> Any:
        if name == RPC:
            raise no_method(argument._path[0], f"Worker {invocation.service!r}", ())
        log = PlatformText.NO_HANDLER_LOG.format(event=f"{name.title()}Event", name=name)
        warn(invocation.trace, invocation, log)
        text = PlatformText.NO_TEST if name == "test" else PlatformText.NO_HANDLER
        raise with_notes(HandlerError(text.format(name=name)), _what_is_missing(invocation, name))

    return handler


def _what_is_missing(invocation: Invocation, name: str) -> str:
    version = invocation.version
    if version is not None and version.definition.language == JAVASCRIPT:
        return f"Worker {invocation.service!r} exports no object or class with a method {name}."
    return (
        f"Worker {invocation.service!r} defines no class Default(WorkerEntrypoint) with a "
        f"{name} method, nor an on_{name} function."
    )

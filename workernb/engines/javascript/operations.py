"""Operations: what JavaScript waits for, as awaitables whose promises a run settles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeAlias

from workernb.resources.calls import StoreCall
from workernb.runtime.execution.tasks import NOT_AWAITED
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.workers.fetch import fetch

Outcome: TypeAlias = tuple[Any, BaseException | None]
"""The value that an operation has given, or the exception instead of it."""


async def outcome(awaitable: Awaitable[Any]) -> Outcome:
    """Return what an operation gives: so no exception is one that nobody has asked for."""
    try:
        return await awaitable, None
    except Exception as error:
        return None, error


def close(awaitable: Any) -> None:
    """Drop an operation that has not begun."""
    end = getattr(awaitable, "close", None)
    if end is not None:
        end()


class Converted:
    """A call whose result is converted for JavaScript: an awaitable, which can be closed."""

    __slots__ = ("_call", "_convert")

    def __init__(self, call: StoreCall, convert: Callable[[Any], Any]) -> None:
        """Make it of a call, and what converts the result."""
        self._call = call
        self._convert = convert

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the generator of the call, which returns the converted result."""
        return self._convert((yield from self._call.__await__()))

    def close(self) -> None:
        """Cancel the call, if it has not been awaited."""
        self._call.close()


def drop(awaitable: Any, invocation: Invocation, is_waited_for: bool) -> None:
    """Drop an operation that has not begun, and log one that no code of the Worker waits for."""
    if not is_waited_for:
        if isinstance(awaitable, StoreCall | Converted):
            return  # It logs that itself as it is deleted.
        if getattr(awaitable, "__qualname__", "") == fetch.__qualname__:
            warn(invocation.trace, invocation, f"A fetch was cancelled: {NOT_AWAITED}", slip=True)
    close(awaitable)

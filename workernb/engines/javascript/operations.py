"""Operations: what JavaScript waits for, as awaitables whose promises a run settles."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeAlias

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

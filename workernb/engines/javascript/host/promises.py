"""Promises, looked into: what only the engine's interface tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def promise_state(value: Any) -> str | None:
    """Return `pending`, `fulfilled` or `rejected`; None for what is no promise."""
    state: str | None = getattr(value, "promise_state", None)
    return state


def promise_result(value: Any) -> Any:
    """Return the value of a promise that is fulfilled; the text of the error of a rejected one."""
    from quickjs import JSError

    try:
        return value.result()
    except JSError as error:
        return str(error)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "promiseState": promise_state,
    "promiseResult": promise_result,
}

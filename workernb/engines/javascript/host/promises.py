"""Promises, looked into: what only the engine's interface tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.engines.javascript.machine import promise_result


def promise_state(value: Any) -> str | None:
    """Return `pending`, `fulfilled` or `rejected`; None for what is no promise."""
    state: str | None = getattr(value, "promise_state", None)
    return state


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "promiseState": promise_state,
    "promiseResult": promise_result,
}

"""Refusals: coroutines that suspend instead of ending when something is thrown at them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from workernb.runtime.enforcement.abort import abort
from workernb.runtime.enforcement.cut import MAX_REFUSALS, CuttingThrow
from workernb.runtime.tracing.invocations import Invocation
from workernb.workers.current import current

Steps = Generator[Any, Any, Any] | Coroutine[Any, Any, Any]


def throw_again(
    steps: Steps, throw: Callable[[BaseException], Any]
) -> Callable[[BaseException], Any]:
    """Return what throws at a coroutine that has suspended instead of ending.

    In the end it is closed, and left as it is if it refuses that too. throw: what threw last.
    """
    if not isinstance(throw, CuttingThrow):
        return CuttingThrow(steps.throw)
    if throw.times < MAX_REFUSALS:
        return throw

    def close_and_raise(error: BaseException) -> Any:
        with contextlib.suppress(BaseException):
            steps.close()
        raise error

    return close_and_raise


def cut_again(
    steps: Steps,
    throw: Callable[[BaseException], Any],
    invocation: Invocation | None,
    error: BaseException,
) -> Callable[[BaseException], Any]:
    """Return what throws at an invocation that has suspended instead of ending, and at no other.

    In the end all of its request is ended. throw: what threw last.
    """
    if not isinstance(throw, CuttingThrow):
        return CuttingThrow(steps.throw, lambda: current.get() is invocation)
    if throw.times >= MAX_REFUSALS and invocation is not None:
        abort(invocation.trace, error)
    return throw

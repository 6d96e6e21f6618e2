"""Refusals: coroutines that suspend instead of ending when something is thrown at them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from workernb.runtime.enforcement.abort import abort
from workernb.runtime.enforcement.budget import check_own_budget
from workernb.runtime.enforcement.cut import MAX_REFUSALS, CuttingThrow
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.tracebacks import waiting_position
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

Steps = Generator[Any, Any, Any] | Coroutine[Any, Any, Any]
Throw = Callable[[BaseException], Any]


def throw_again(steps: Steps, throw: Throw) -> Throw:
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


def cut_if_over_budget(
    steps: Steps,
    throw: Throw,
    trace: Trace,
    invocation: Invocation | None,
    thrown: BaseException | None,
) -> tuple[Throw, BaseException | None]:
    """Return what throws next, and the error if the invocation has used up its own budget.

    An invocation that suspends instead of ending is thrown at again, and no other; in the end all
    of its request is ended. throw: what threw last. thrown: what it threw, or None.
    """
    error = check_own_budget(trace, invocation, waiting_position(steps))
    if error is None or thrown is None:
        return steps.throw, error
    if not isinstance(throw, CuttingThrow):
        return CuttingThrow(steps.throw, lambda: current.get() is invocation), error
    if throw.times >= MAX_REFUSALS:
        abort(trace, error)
    return throw, error

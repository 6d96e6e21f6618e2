"""Lesson: the exercises of one notebook, which check themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workernb.assembly import get_runtime
from workernb.errors import UsageError, format_error
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.traces import Trace

Claims = AsyncIterator[tuple[str, bool]]


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    claims: an asynchronous generator of what has to be true, each a text and whether it is; None
    for a question whose answer is seen, and not computed. solution: the cells of one, in order.
    """

    hint: str
    solution: Sequence[str]
    claims: Callable[[Runtime], Claims] | None = None


class Lesson:
    """The exercises of one notebook, numbered from 1 as in its text."""

    def __init__(self, *exercises: Exercise) -> None:
        """Number the exercises."""
        self.exercises = exercises

    def check(self, number: int = 1) -> None:
        """Print which claims of an exercise hold; UsageError if there is no such exercise.

        The check makes requests of its own to the Workers of the notebook.
        """
        claims = self._exercise(number).claims
        if claims is None:
            print(f"Exercise {number} is a question: what you see is its answer.", end=" ")
            print(f"hint({number}) says where to look.")
            return
        runtime = get_runtime()
        found = run_sync(_collect(claims(runtime)), runtime)
        for text, holds in found:
            print("✓" if holds else "✗", runtime.redactor.redact(text))
        held = sum(holds for _, holds in found)
        if held == len(found):
            print(f"Exercise {number} is solved: all {held} claims hold.")
        else:
            print(f"{held} of {len(found)} claims hold. hint({number}) helps.")

    def hint(self, number: int = 1) -> None:
        """Print a hint to an exercise; UsageError if there is no such exercise."""
        print(self._exercise(number).hint)

    def solution(self, number: int = 1) -> None:
        """Print the cells of a solution; UsageError if there is no such exercise."""
        print("\n\n# In the next cell:\n".join(self._exercise(number).solution))

    def _exercise(self, number: int) -> Exercise:
        if isinstance(number, int) and 1 <= number <= len(self.exercises):
            return self.exercises[number - 1]
        last = len(self.exercises)
        numbers = "exercise 1" if last == 1 else f"exercises 1 to {last}"
        raise UsageError(f"This notebook has {numbers}, and no {number!r}.")


async def _collect(claims: Claims) -> list[tuple[str, bool]]:
    """Return the claims; what one raises is told as one that does not hold, and ends them."""
    found = []
    try:
        async for text, holds in claims:
            found.append((text, bool(holds)))
    except Exception as error:
        found.append((f"then the check could not go on: {format_error(error)}", False))
    return found


# What the checks ask


def source_of(runtime: Runtime, name: str) -> str:
    """Return the source of a Worker; an empty one if it is not defined."""
    return runtime.services[name].definition.source if name in runtime else ""


def target_of(runtime: Runtime, name: str, binding: str) -> str:
    """Return the service that a binding of a Worker leads to; an empty text for none."""
    if name not in runtime:
        return ""
    target = runtime.services[name].definition.services.get(binding)
    return "" if target is None else target.service


def traces_of(runtime: Runtime, name: str) -> list[Trace]:
    """Return the requests that began with a Worker, the newest last."""
    return [trace for trace in list(runtime.traces) if trace.invocations[0].service == name]


def called(trace: Trace, service: str) -> list[Any]:
    """Return the invocations of a service in a request, in the order of the calls."""
    return [one for one in trace.invocations if one.service == service]


def logged(trace: Trace, text: str) -> bool:
    """Return whether a log of a request contains a text."""
    return any(text in log.text for log in trace.logs)


async def ask(runtime: Runtime, name: str, url: str | None = None, **init: Any) -> Any:
    """Make a request to a Worker, and return its answer; UsageError if it is not defined."""
    runtime.defined_service(name)
    return await runtime[name].fetch(url, **init)


async def trace_of(runtime: Runtime, name: str, url: str | None = None, **init: Any) -> Trace:
    """Make a request to a Worker, and return its trace, also of one that fails."""
    runtime.defined_service(name)
    call: Any = runtime[name].fetch(url, **init)
    trace: Trace = call.trace
    try:
        await call
    except Exception as error:
        del error  # What it raises is in the trace.
    return trace

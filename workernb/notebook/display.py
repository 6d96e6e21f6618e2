"""How the notebook displays answers and traces, and prints the lines of a magic."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

from workernb.assembly import get_runtime
from workernb.frontdoor.server import FrontDoor
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.tracing.traces import Trace

from .card import Card
from .door import DoorCard

_shown_in_cell: list[object] = []


def add(shell: Any) -> None:
    """Register the displays: answers as cards, traces as trees."""
    formatter = shell.display_formatter
    formatter.ipython_display_formatter.for_type(Answer, show_once)
    formatter.ipython_display_formatter.for_type(FrontDoor, _show_door_once)
    formatter.mimebundle_formatter.for_type(Trace, _tree)
    shell.events.register("post_execute", _shown_in_cell.clear)


def remove(shell: Any) -> None:
    """Unregister the displays."""
    formatter = shell.display_formatter
    formatter.ipython_display_formatter.pop(Answer, None)
    formatter.ipython_display_formatter.pop(FrontDoor, None)
    formatter.mimebundle_formatter.pop(Trace, None)
    shell.events.unregister("post_execute", _shown_in_cell.clear)


def display(value: object) -> None:
    """Display a value in the cell's output."""
    from IPython.display import display as ipython_display

    ipython_display(value)  # type: ignore[no-untyped-call]


def print_lines(lines: Sequence[str]) -> None:
    """Print lines in one call, so that the cell has one output for them."""
    if lines:
        print("\n".join(lines))


def show(card: Card | DoorCard | None, value: object) -> None:
    """Display the card, if any, now, and not again when the cell ends with the same value."""
    _shown_in_cell.append(value)
    if card is not None:
        display(card)


def show_once(answer: Answer) -> None:
    """Display the card of the answer that a cell ends with, unless the cell has shown it."""
    if any(answer is shown for shown in _shown_in_cell):
        return
    trace = answer.trace
    request = answer.url if trace is None else trace.title
    display(Card.of(answer, request, "", get_runtime().redactor.redact))


def _show_door_once(door: FrontDoor) -> None:
    if not any(door is shown for shown in _shown_in_cell):
        display(DoorCard(door))


def _tree(trace: Trace) -> Any:
    from workernb.views.pictures.tree import TracePicture

    return TracePicture(trace)._repr_mimebundle_()


def warn_of_old_nest_asyncio() -> None:
    """Warn if the archived nest_asyncio is applied: with it, Run All loses cells."""
    import asyncio

    patched = hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2")
    if "nest_asyncio" in sys.modules and patched:
        warnings.warn(
            "nest_asyncio has been applied in this kernel: Run All may lose cells. Restart the "
            "kernel and leave it out; workernb brings nest-asyncio2 where it is needed.",
            stacklevel=2,
        )

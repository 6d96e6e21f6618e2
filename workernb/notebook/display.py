"""Rich displays of the core's values, which themselves have only a repr."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from workernb.assembly import get_runtime
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.tracing.traces import Trace

from .card import Card

_shown: list[Answer] = []


def add(shell: Any) -> None:
    """Show Answers as cards, and traces as trees."""
    formatter = shell.display_formatter
    formatter.ipython_display_formatter.for_type(Answer, show_once)
    formatter.mimebundle_formatter.for_type(Trace, _tree)
    shell.events.register("post_execute", _shown.clear)


def remove(shell: Any) -> None:
    """Show them by their repr again."""
    formatter = shell.display_formatter
    formatter.ipython_display_formatter.pop(Answer, None)
    formatter.mimebundle_formatter.pop(Trace, None)
    shell.events.unregister("post_execute", _shown.clear)


def display(what: object) -> None:
    """Show something in the cell's output."""
    from IPython.display import display as show_it

    show_it(what)  # type: ignore[no-untyped-call]


def show(card: Card | None, answer: Answer) -> None:
    """Show a card now, or none, and not again when this cell ends with its answer."""
    _shown.append(answer)
    if card is not None:
        display(card)


def show_once(answer: Answer) -> None:
    """Show the card of an answer that a cell ends with, unless the cell has shown it already."""
    if any(answer is shown for shown in _shown):
        return
    trace = answer.trace
    request = answer.url if trace is None else f"{trace.method} {trace.url}"
    display(Card.of(answer, request, "", get_runtime().redactor.redact))


def _tree(trace: Trace) -> Any:
    from workernb.views.pictures.tree import TracePicture

    return TracePicture(trace)._repr_mimebundle_()


def warn_of_old_nest_asyncio() -> None:
    """Warn when somebody has applied the archived nest_asyncio: Run All would lose cells."""
    import asyncio

    patched = hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2")
    if "nest_asyncio" in sys.modules and patched:
        warnings.warn(
            "nest_asyncio has been applied in this kernel: Run All may lose cells. Restart the "
            "kernel and leave it out; workernb brings nest-asyncio2 where it is needed.",
            stacklevel=2,
        )

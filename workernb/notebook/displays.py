"""Rich displays of the core's values, which themselves have only a repr."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from workernb.assembly import get_runtime
from workernb.runtime.dispatch import Answer

from .cards import Card

_shown: list[Answer] = []


def add(shell: Any) -> None:
    """Show an Answer as a card when a cell ends with one."""
    shell.display_formatter.ipython_display_formatter.for_type(Answer, show_once)


def remove(shell: Any) -> None:
    """Show an Answer by its repr again."""
    shell.display_formatter.ipython_display_formatter.pop(Answer, None)


def show(card: Card, answer: Answer) -> None:
    """Show a card now, and not again when the cell ends with its answer."""
    from IPython.display import display

    _shown[:] = [answer]
    display(card)  # type: ignore[no-untyped-call]


def show_once(answer: Answer) -> None:
    """Show the card of an answer that a cell ends with, unless `%fetch` has just done it."""
    if any(answer is shown for shown in _shown):
        _shown.clear()
        return
    from IPython.display import display

    trace = answer.trace
    request = answer.url if trace is None else f"{trace.method} {trace.url}"
    display(Card.of(answer, request, "", get_runtime().redactor.redact))  # type: ignore[no-untyped-call]


def warn_of_old_nest_asyncio() -> None:
    """Warn when somebody has applied the archived nest_asyncio: Run All would lose cells."""
    import asyncio

    if "nest_asyncio" in sys.modules and hasattr(asyncio, "_nest_patched"):
        warnings.warn(
            "nest_asyncio has been applied in this kernel: Run All may lose cells. Restart the "
            "kernel and leave it out; workernb brings nest-asyncio2 where it is needed.",
            stacklevel=2,
        )

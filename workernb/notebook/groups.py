"""Exception groups as a cell's error: without frames of workernb and IPython.

IPython prints a group with Python's own traceback to standard error, so that the cell has no error
to show, and a front end or a saved notebook none to find. Groups without a request's exception are
left to it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from workernb.errors import CanceledError
from workernb.runtime.tracing.tracebacks import PACKAGE, as_shown


def add(shell: Any) -> None:
    """Let this shell show groups that requests have failed with."""
    show = shell.showtraceback

    def show_groups(exc_tuple: Any = None, *more: Any, **named: Any) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exception()
        lines = _lines(error, shell) if isinstance(error, BaseExceptionGroup) else []
        if lines:
            shell._showtraceback(type(error), error, lines)
        else:
            show(exc_tuple, *more, **named)

    shell.showtraceback = show_groups


def remove(shell: Any) -> None:
    """Undo `add`."""
    vars(shell).pop("showtraceback", None)


def _lines(group: BaseExceptionGroup[BaseException], shell: Any) -> list[str]:
    """Return the lines of a traceback; none if no code of workernb has run for the group."""
    if as_shown(group) is not group:
        return []
    leaves = list(_leaves(group))
    canceled = [leaf for leaf in leaves if isinstance(leaf, CanceledError)]
    if len(canceled) == len(leaves):
        # One interrupt has ended all of them, and is one line as for a single request.
        return canceled[0]._render_traceback_()
    shown = traceback.TracebackException(type(group), group, _from_cell(group.__traceback__, shell))
    return "".join(shown.format()).splitlines() if _remove_ours(shown) else []


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yield the exceptions of a group, and those of the groups in it."""
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _remove_ours(shown: traceback.TracebackException) -> bool:
    """Remove workernb's frames from an exception and all that is shown with it.

    Return whether there were any.
    """
    others = [each for each in shown.stack if not each.filename.startswith(PACKAGE)]
    found = len(others) < len(shown.stack)
    shown.stack[:] = others
    for each in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if each is not None:
            found = _remove_ours(each) or found
    return found


def _from_cell(tb: TracebackType | None, shell: Any) -> TracebackType | None:
    """Return a traceback from the cell's frame on; all of it if no cell is in it."""
    each = tb
    while each is not None and each.tb_frame.f_globals is not shell.user_ns:
        each = each.tb_next
    return each or tb

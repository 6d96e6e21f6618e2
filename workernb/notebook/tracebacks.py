"""What a failing cell shows: the user's own lines, without those of workernb and IPython."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from workernb.errors import (
    OneLine,
    UsageError,
    WorkernbError,
    attributes_of,
    note_forgotten_await,
    traceback_of,
)
from workernb.runtime import enforcement
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.redaction import Redactor
from workernb.runtime.tracing.tracebacks import (
    as_shown,
    copy_without_ours,
    is_ours,
    remove_our_frames,
    shown_with,
    trim_before_worker,
)

_installed = contextlib.ExitStack()


def add(shell: Any) -> None:
    """Let tracebacks in this shell show no frames of workernb.

    Python's own traceback of the exception is left whole, for `traceback.print_exc()`.
    """
    formatter = shell.InteractiveTB
    structured = formatter.structured_traceback

    def without_ours(kind: Any, error: Any = None, tb: Any = None, *more: Any, **named: Any) -> Any:
        if isinstance(error, BaseException):
            with contextlib.suppress(Exception):
                note_forgotten_await(error)
        if isinstance(tb, TracebackType) and not isinstance(error, SyntaxError):
            if isinstance(error, _INTERRUPTS) and (ended := _what_ended(tb, shell.user_ns)):
                return [f"{type(error).__name__}: {ended}."]
            tb = copy_without_ours(tb) or tb
        with _causes_without_ours(error):
            return structured(kind, error, tb, *more, **named)

    formatter.structured_traceback = without_ours
    _installed.callback(vars(formatter).pop, "structured_traceback", None)


def remove(shell: Any) -> None:
    """Undo `add`."""
    _installed.close()


@contextlib.contextmanager
def _causes_without_ours(error: object) -> Iterator[None]:
    """Leave our own frames out of what an exception followed, for as long as it is formatted."""
    others = list(shown_with(error))[1:] if isinstance(error, BaseException) else []
    whole = [(each, traceback_of(each)) for each in others]
    for each, tb in whole:
        BaseException.with_traceback(each, copy_without_ours(tb))
    try:
        yield
    finally:
        for each, tb in whole:
            BaseException.with_traceback(each, tb)


_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)

_HANDLERS = enforcement.__name__
"""The modules whose functions are called by signals, not by the notebook's code."""


def _what_ended(tb: TracebackType, names: Mapping[str, Any]) -> str | None:
    """Return what an interrupt has ended if that was a call of workernb; names: the notebook's."""
    called = _called_of_ours(tb, names)
    if called is None:
        return "The cell was interrupted" if guard.interrupts.cell.has_ended_requests else None
    return f"{called} was canceled"


def _called_of_ours(tb: TracebackType, names: Mapping[str, Any]) -> str | None:
    """Return the name of the function of workernb's that the notebook's code has called last.

    names: the notebook's, which are the globals of its code. None if it runs none.
    """
    called, of_notebook = None, False
    for frame, _ in traceback.walk_tb(tb):
        if frame.f_globals is names:
            called, of_notebook = None, True
        elif of_notebook and called is None and is_ours(frame):
            module = str(frame.f_globals.get("__name__"))
            called = None if module.startswith(_HANDLERS) else frame.f_code.co_name
    return called


class SourceError(WorkernbError):
    """A syntax error in a Worker's source, shown as Python shows it.

    Not a SyntaxError: IPython would add its own frames.
    """

    def __init__(self, error: SyntaxError) -> None:
        """Format Python's own message."""
        super().__init__(f"{type(error).__name__}: {error.msg} (line {error.lineno})")
        trim_before_worker(error)
        remove_our_frames(error)
        self._lines = "".join(traceback.format_exception(error)).splitlines()

    def _render_traceback_(self) -> list[str]:
        return self._lines


class FetchError(OneLine):
    """A `%fetch` that fails its cell: by -f, by -m, or by a redirect that cannot be followed.

    code: curl's exit code for it.
    """

    def __init__(self, text: str, code: int = 1) -> None:
        """Make the error."""
        super().__init__(text)
        self.code = code


@contextlib.contextmanager
def workers_frames_only(redactor: Redactor, shell: Any) -> Iterator[None]:
    """Let an exception that a Worker's source raises at import show the Worker's frames only.

    Secrets in it are redacted. UsageError is left alone.
    """
    try:
        yield
    except UsageError:
        raise
    except SyntaxError as error:
        raise SourceError(error) from None
    except BaseException as error:
        # An interrupt too: the traceback would show the cell's line, which may hold a secret.
        shown = as_shown(error)
        redactor.redact_error(shown)
        _hide_other_frames(shown, shell)
        if shown is error:
            raise
        raise shown from None


def _hide_other_frames(error: BaseException, shell: Any) -> None:
    """Let the notebook show an exception from the Worker's first frame on, unless it says how."""
    if "_render_traceback_" in attributes_of(error):
        return
    trim_before_worker(error)
    remove_our_frames(error)
    lines = shell.InteractiveTB.structured_traceback(type(error), error, traceback_of(error))
    with contextlib.suppress(AttributeError):  # A class with __slots__.
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]

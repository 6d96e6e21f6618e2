"""What a failing cell shows: the user's own lines, without those of workernb and IPython."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from workernb.errors import (
    OneLine,
    UsageError,
    WorkernbError,
    attributes_of,
    note_forgotten_await,
)
from workernb.runtime.redaction import Redactor
from workernb.runtime.tracing.tracebacks import is_ours, remove_our_frames, trim_before_worker

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
            tb = _copy_without_ours(tb) or tb
        return structured(kind, error, tb, *more, **named)

    formatter.structured_traceback = without_ours
    _installed.callback(vars(formatter).pop, "structured_traceback", None)


def remove(shell: Any) -> None:
    """Undo `add`."""
    _installed.close()


def _copy_without_ours(tb: TracebackType) -> TracebackType | None:
    """Return a traceback without workernb's frames; None if it has no others."""
    kept, each = [], tb
    while each is not None:
        if not is_ours(each.tb_frame):
            kept.append(each)
        each = each.tb_next  # type: ignore[assignment]
    copy: TracebackType | None = None
    for each in reversed(kept):
        copy = TracebackType(copy, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return copy


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
        redactor.redact_error(error)
        _hide_other_frames(error, shell)
        raise


def _hide_other_frames(error: BaseException, shell: Any) -> None:
    """Let the notebook show an exception from the Worker's first frame on, unless it says how."""
    if "_render_traceback_" in attributes_of(error):
        return
    trim_before_worker(error)
    remove_our_frames(error)
    lines = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    with contextlib.suppress(AttributeError):  # A class with __slots__.
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]

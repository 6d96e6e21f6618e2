"""What a cell shows when it fails: the user's own lines, and none of ours or IPython's."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Any

from workernb.errors import OneLine, UsageError, WorkernbError
from workernb.runtime.redaction import Redactor
from workernb.runtime.tracing.tracebacks import clean, from_the_worker_on


class SourceError(WorkernbError):
    """A syntax error in a Worker's cell; shows what Python itself says about it.

    Not a SyntaxError: IPython would put its own frames before Python's lines.
    """

    def __init__(self, error: SyntaxError) -> None:
        """Keep what Python says about a syntax error."""
        super().__init__(f"{type(error).__name__}: {error.msg} (line {error.lineno})")
        from_the_worker_on(error)
        clean(error)
        self._lines = "".join(traceback.format_exception(error)).splitlines()

    def _render_traceback_(self) -> list[str]:
        return self._lines


class FetchError(OneLine):
    """A fetch that fails its cell: by `-f`, `-m`, or a redirect that leads nowhere."""


@contextlib.contextmanager
def shown_from_the_worker_on(redactor: Redactor, shell: Any) -> Iterator[None]:
    """Let what a Worker's source raises when it is loaded show the Worker's own lines only."""
    try:
        yield
    except UsageError:
        raise
    except SyntaxError as error:
        raise SourceError(error) from None
    except BaseException as error:
        # An interrupt too: the cell's own line, which may hold a secret, is not shown.
        redactor.redact_error(error)
        _show_only_workers_frames(error, shell)
        raise


def _show_only_workers_frames(error: BaseException, shell: Any) -> None:
    """Let the notebook show an exception at import from the Worker's own first line on."""
    from_the_worker_on(error)
    clean(error)
    lines = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    with contextlib.suppress(AttributeError):  # A class with slots.
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]

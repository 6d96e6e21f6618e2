"""The cut: raises an exception in running Worker code from outside.

The innermost known frame decides whether that happens at once. Within workernb's own code, imports
and locks it must not: there a line tracer raises the exception at the Worker's next line. The
tracer raises it again if the Worker has caught it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType
from typing import Any

from workernb.runtime.tracing.tracebacks import PACKAGE, is_worker

_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


def _folder(package: str) -> str | None:
    spec = find_spec(package)
    return os.path.dirname(spec.origin) + os.sep if spec and spec.origin else None


_NEVER_CUT = tuple(
    [PACKAGE, "<frozen importlib", "<frozen zipimport"]
    + [_STDLIB + name for name in ("importlib", "threading.py", "logging", "queue.py")]
    + [_STDLIB + name for name in ("linecache.py", "asyncio", "concurrent", "contextlib.py")]
    # The kernel's streams and sockets: a partly sent message would break the connection.
    + [folder for folder in map(_folder, ("ipykernel", "zmq", "IPython", "tornado")) if folder]
)
"""Code that must not be interrupted: workernb's own, imports, locks, queues, the event loop."""

_SAFE_TO_CUT = (PACKAGE + "http" + os.sep, PACKAGE + "workers" + os.sep)
"""Folders of workernb whose code may be cut: an unfinished Request or Response is dropped."""


def may_raise(frame: FrameType | None) -> bool:
    """Return whether the innermost known frame is a Worker's, and not code that must finish."""
    while frame is not None:
        if is_worker(frame):
            return True
        file = frame.f_code.co_filename
        if file.startswith(_NEVER_CUT) and not file.startswith(_SAFE_TO_CUT):
            return False
        frame = frame.f_back
    return False


class CutInjector:
    """Raises an exception in the Worker code that runs on this thread, until it is called off.

    Signals can arrive at any time, so `inject` may be called in the middle of `call_off`.
    """

    def __init__(self) -> None:
        """Make an inactive injector."""
        self._cutting = False
        self._previous_tracer: Any = None  # That of a debugger or a coverage tool.

    def inject(
        self, error: BaseException, frame: FrameType | None, applies: Callable[[], bool]
    ) -> None:
        """Raise `error` in `frame`, if that is safe, and at each further line of Worker code.

        applies: tells whether the Worker that runs at such a line is to be cut.
        """
        tracer = _Tracer(error, applies)
        if not self._cutting:
            self._previous_tracer = sys.gettrace()
            self._cutting = True
        sys.settrace(tracer)
        outer = frame
        while outer is not None:
            if is_worker(outer):
                outer.f_trace = tracer
            outer = outer.f_back
        if may_raise(frame):
            raise error.with_traceback(None)

    def call_off(self) -> None:
        """Stop raising the exception, and restore the tracer that was there before."""
        # The flag is needed too, since Python removes a tracer that has raised.
        while self._cutting or isinstance(sys.gettrace(), _Tracer):
            sys.settrace(self._previous_tracer)
            self._cutting = False


class _Tracer:
    """Raises an error at each line of Worker code that it applies to."""

    def __init__(self, error: BaseException, applies: Callable[[], bool]) -> None:
        self._error = error
        self._applies = applies

    def __call__(  # pragma: no cover - a tracer is not traced itself
        self, frame: FrameType, event: str, argument: Any
    ) -> Any:
        if not is_worker(frame):
            return None
        if event == "line" and self._applies():
            raise self._error.with_traceback(None)
        return self

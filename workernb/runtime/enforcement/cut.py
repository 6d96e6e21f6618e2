"""The cut: raises an exception in running Worker code from outside.

The nearest known frame decides whether the exception can be raised at once. In our own code, in an
import or under a lock it must not be; there a line tracer raises it at the Worker's next line. The
tracer raises it again where the Worker has swallowed it. Python removes a tracer that has raised,
so with each raise the tick is made pending: at the Worker's next call or jump back it raises again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from _thread import interrupt_main
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
    # A tracer is called between its taking and giving back a lock.
    + [folder for folder in map(_folder, ("coverage", "debugpy")) if folder]
)
"""Code that must not be interrupted: workernb's own, imports, locks, the event loop, tracers."""

_SAFE_TO_CUT = (PACKAGE + "http" + os.sep, PACKAGE + "workers" + os.sep)
"""Folders of workernb whose code may be cut: an unfinished Request or Response is dropped."""


_MAY_BE_INTERRUPTED = tuple(
    ["<frozen importlib", "<frozen zipimport"]
    + [_STDLIB + name for name in ("importlib", "threading.py", "logging", "queue.py")]
    + [_STDLIB + name for name in ("linecache.py", "concurrent", "contextlib.py")]
    # What imports on behalf of a Worker.
    + [PACKAGE + "engines" + os.sep]
    + [os.path.join(PACKAGE, "runtime", "enforcement", "startup.py")]
)
"""Code that a user's interrupt ends as in a plain cell, and an import that never ends."""


def may_raise(frame: FrameType | None, in_libraries: bool = False) -> bool:
    """Return whether the nearest known frame is a Worker's, and not code that must go on.

    in_libraries: whether imports, locks and queues may be ended too.
    """
    while frame is not None:
        if is_worker(frame):
            return True
        file = frame.f_code.co_filename
        may_end = file.startswith(_SAFE_TO_CUT) or (
            in_libraries and file.startswith(_MAY_BE_INTERRUPTED)
        )
        if file.startswith(_NEVER_CUT) and not may_end:
            return False
        frame = frame.f_back
    return False


MAX_REFUSALS = 10
"""How many times a coroutine may suspend instead of ending, before it is left as it is."""


class _Tick(int):
    """The number of the signal that ticks, with an attribute that makes the signal pending.

    Python looks for pending signals after a call, but not after an attribute is read: so the
    handler runs when an exception that is raised next has reached the Worker's code. made_pending:
    whether the tick that comes next was made so.
    """

    made_pending = False
    pending = property(interrupt_main)


_tick = _Tick(getattr(signal, "SIGPROF", 0))


def _can_tick() -> bool:
    """Return whether this is the thread whose signals are handled, on a platform with the tick."""
    return _tick > 0 and threading.get_ident() == threading.main_thread().ident


class CutInjector:
    """Raises an exception in the Worker code that runs on this thread, until it is called off.

    Signals can arrive at any time, so `inject` may be called in the middle of `call_off`.
    """

    def __init__(self) -> None:
        """Make an inactive injector."""
        self._cutting = False
        self._previous_tracer: Any = None  # That of a debugger or a coverage tool.

    def inject(
        self,
        error: BaseException,
        frame: FrameType | None,
        applies: Callable[[], bool],
        in_libraries: bool = False,
    ) -> None:
        """Raise `error` in `frame`, if that is safe, and at each further line of Worker code.

        applies: whether the Worker that runs at that line is to be cut. Libraries may clean up
        after a raise: until the next tick it is raised in the Worker's own frames only.
        in_libraries: see `may_raise`.
        """
        again, _tick.made_pending = _tick.made_pending, False
        tracer = _Tracer(error, applies)
        if not self._cutting:
            before = sys.gettrace()
            self._previous_tracer = before.before if isinstance(before, _Tracer) else before
            self._cutting = True
        tracer.before = self._previous_tracer
        sys.settrace(tracer)
        at = frame
        while at is not None:
            if is_worker(at):
                at.f_trace = tracer
                if again:
                    break  # The frames below have the tracer of the raise before.
            at = at.f_back
        if frame is not None and (is_worker(frame) if again else may_raise(frame, in_libraries)):
            error = error.with_traceback(None)
            if _can_tick():
                _tick.made_pending = True
                _tick.pending  # noqa: B018 - see _Tick
            raise error

    def call_off(self) -> None:
        """Stop raising the exception, and restore the tracer that was there before."""
        # The flag is needed too, since Python removes a tracer that has raised.
        while self._cutting or isinstance(sys.gettrace(), _Tracer):
            sys.settrace(self._previous_tracer)
            self._cutting = False


class CuttingThrow:
    """The `throw` of a coroutine that has swallowed what was thrown before.

    The exception is raised also at the Worker's lines that run because of it. times: how often it
    was thrown.
    """

    def __init__(self, throw: Callable[[BaseException], Any]) -> None:
        """Keep what throws."""
        self.times = 0
        self._throw = throw

    def __call__(self, error: BaseException) -> Any:
        """Throw an exception."""
        self.times += 1
        injector = CutInjector()
        injector.inject(error, None, lambda: True)
        try:
            return self._throw(error)
        finally:
            injector.call_off()


class _Tracer:
    """Raises an error at each line of the Workers that it applies to.

    before: the tracer before the first of ours.
    """

    def __init__(self, error: BaseException, applies: Callable[[], bool]) -> None:
        self._error = error
        self._applies = applies
        self.before: Any = None

    def __call__(  # pragma: no cover - a tracer is not traced itself
        self, frame: FrameType, event: str, argument: Any
    ) -> Any:
        if not is_worker(frame):
            return None
        if event == "line" and self._applies():
            error = self._error.with_traceback(None)
            if _can_tick():
                _tick.made_pending = True
                _tick.pending  # noqa: B018 - see _Tick
            raise error
        return self

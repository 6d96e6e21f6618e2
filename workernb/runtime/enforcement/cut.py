"""The cut: raises an exception in running Worker code from outside.

The nearest known frame decides whether the exception can be raised at once. In our own code, in an
import or under a lock it must not be; there a line tracer raises it at the Worker's next line. The
tracer raises it again where the Worker has swallowed it. Python removes a tracer that has raised,
so with each raise the tick is made pending: at the Worker's next call or jump back it raises again.
Where no tick comes, an exception is made pending in the thread instead, but only if the frame that
is raised in handles it: Python would raise it in a library's clean-up else. A profile function,
which sees the frame return to another Worker's, has that traced again.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import operator
import os
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from workernb.runtime.tracing.threads import Thread
from workernb.runtime.tracing.tracebacks import PACKAGE, is_driven_by_worker, is_worker

from .headroom import headroom

_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


def folder(package: str) -> str | None:
    """Return a package's folder, with a trailing separator; None if it is not installed."""
    spec = find_spec(package)
    return os.path.dirname(spec.origin) + os.sep if spec and spec.origin else None


_NEVER_CUT = tuple(
    [PACKAGE, "<frozen importlib", "<frozen zipimport"]
    + [_STDLIB + name for name in ("importlib", "threading.py", "logging", "queue.py")]
    + [_STDLIB + name for name in ("linecache.py", "asyncio", "concurrent", "contextlib.py")]
    # Callbacks of weak references: Python prints what is raised there, and goes on.
    + [_STDLIB + name for name in ("_weakrefset.py", "weakref.py")]
    # The kernel's streams and sockets: a partly sent message would break the connection.
    + [each for each in map(folder, ("ipykernel", "zmq", "IPython", "tornado")) if each]
    # A tracer is called between its taking and giving back a lock.
    + [each for each in map(folder, ("coverage", "debugpy")) if each]
)
"""Code that must not be interrupted: workernb's own, imports, locks, the event loop, tracers."""

_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", "ipykernel_")
"""What the names of files have in them that are a library's, or a cell's."""

_SAFE_TO_CUT = (
    PACKAGE + "http" + os.sep,
    PACKAGE + "workers" + os.sep,
    os.path.join(PACKAGE, "engines", "clock.py"),
)
"""Code of workernb that may be cut: an unfinished Request or Response is dropped."""


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
        if must_go_on(frame, in_libraries):
            return False
        frame = frame.f_back
    return False


def must_go_on(frame: FrameType, in_libraries: bool = False) -> bool:
    """Return whether a frame itself runs code that must not be interrupted, see `may_raise`."""
    file = frame.f_code.co_filename
    if not file.startswith(_NEVER_CUT) or file.startswith(_SAFE_TO_CUT):
        return False
    return not (in_libraries and file.startswith(_MAY_BE_INTERRUPTED))


def is_cut_as_worker(frame: FrameType) -> bool:
    """Return whether a frame runs a Worker's source, or code that a Worker has made or run.

    As by `exec`, a template, `timeit` or `runpy`: what it swallows is raised again there.
    """
    return is_worker(frame) or (_is_of_no_library(frame) and may_raise(frame))


def _workers_frames(frame: FrameType | None, nearest: bool = False) -> list[FrameType]:
    """Return those of a frame and its callers that are cut as a Worker's, innermost first.

    nearest: whether only as far as the first frame that runs a Worker's source.
    """
    found: list[FrameType] = []
    made: list[FrameType] = []
    while frame is not None:
        if is_worker(frame):
            found += [*made, frame]
            if nearest:
                break
            made = []
        elif must_go_on(frame):
            made = []
        elif _is_of_no_library(frame):
            made.append(frame)
        frame = frame.f_back
    return found


def _is_of_no_library(frame: FrameType) -> bool:
    """Return whether a frame's code is neither a cell's nor a library's, nor made by a library.

    Methods of a dataclass have the globals of its module, and those of a namedtuple their own.
    """
    file, names = frame.f_code.co_filename, frame.f_globals
    if _is_library(file) or str(dict.get(names, "__name__")).startswith("namedtuple_"):
        return False
    # What runs a file without an import leaves this None.
    spec = dict.get(names, "__spec__")
    is_module = type(spec) is ModuleSpec and not str(spec.origin).startswith("<worker ")
    return not is_module or file == "<timeit-src>"  # It runs in the globals of timeit.


@functools.lru_cache(maxsize=1000)
def _is_library(file: str) -> bool:
    """Return whether a file is a library's or a cell's, by its name."""
    if file.startswith("<frozen "):
        return file[8:-1].partition(".")[0] in sys.stdlib_module_names
    return file.startswith((_STDLIB, PACKAGE, "<ipython-input-")) or any(
        folder in file for folder in _LIBRARIES
    )


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
    """Return whether this is the thread whose signals are handled, and the tick is handled."""
    if not _tick or threading.get_ident() != threading.main_thread().ident:
        return False
    return callable(signal.getsignal(_tick))


class _Cutting(threading.local):
    """The injectors that cut on a thread: one for its slices, and one within a `CuttingThrow`."""

    injectors: tuple[CutInjector, ...] = ()


_cutting = _Cutting()


def _tracer_before() -> Any:
    """Return the tracer that was there before any of ours: a debugger's, a coverage tool's."""
    before = sys.gettrace()
    if isinstance(before, _Tracer):
        return before.before
    if before is None and _cutting.injectors:
        return _cutting.injectors[0]._previous_tracer  # Python removes a tracer that has raised.
    return before


TICKS_IN_TRACER = 50
"""How many ticks follow each other at once until a Worker's tracer has left code that must go on.

Each comes at the next call or jump back, and takes some 30 µs.
"""


class CutInjector:
    """Raises an exception in the Worker code that runs on this thread, until it is called off.

    is_cutting: whether it does. It is no property, which would need a frame. awaits_tracer: whether
    nothing could be raised in a tracer of the Worker's, which sets itself again as it returns.

    Signals can arrive at any time, so `inject` may be called in the middle of `call_off`.
    """

    def __init__(self) -> None:
        """Make an inactive injector."""
        self.is_cutting = self.awaits_tracer = False
        self._ticks_in_tracer = 0
        self._previous_tracer: Any = None  # That of a debugger or a coverage tool.
        self._profiles = False
        self._previous_profiler: Any = None
        self._raised_at: tuple[CodeType, int, FrameType | None] | None = None

    def inject(
        self,
        error: BaseException,
        frame: FrameType | None,
        applies: Callable[[], bool],
        in_libraries: bool = False,
        trace_only: bool = False,
    ) -> None:
        """Raise `error` in `frame`, if that is safe, and at each further line of Worker code.

        applies: whether the Worker that runs at that line is to be cut. Libraries may clean up
        after a raise: until the next tick it is raised in the Worker's own frames only.
        in_libraries: see `may_raise`. trace_only: whether it is being raised already.
        """
        headroom.give()
        again, _tick.made_pending = _tick.made_pending, False
        tracer = _Tracer(error, applies)
        if not self.is_cutting:
            before = _tracer_before()
            self._previous_tracer = None if is_of_worker(before, frame) else before
            _remove_hooks_of_workers()
            _cutting.injectors = (*_cutting.injectors, self)
            self.is_cutting = True
        tracer.before = self._previous_tracer
        sys.settrace(tracer)
        if not _can_tick():
            self._profile(tracer)
        # When it is raised again, the frames below have the tracer of the raise before.
        in_tracer = False
        for at in _workers_frames(frame, nearest=again):
            in_tracer = in_tracer or is_of_worker(at.f_trace, frame)
            at.f_trace = tracer
        self.awaits_tracer = False
        if trace_only:
            return
        if frame is not None and (
            is_cut_as_worker(frame) if again else may_raise(frame, in_libraries)
        ):
            error = error.with_traceback(None)
            # A recursion that ends comes to the same code again, called from other frames.
            place = frame.f_code, frame.f_lasti, frame.f_back
            # What was swallowed at this very place would be again, for ever: raise at the next call
            # or jump instead.
            waits = again and place == self._raised_at
            self._raised_at = None if waits else place
            if _can_tick():
                _tick.made_pending = True
                _tick.pending  # noqa: B018 - see _Tick
            if not waits:
                self._ticks_in_tracer = 0
                raise error
        elif in_tracer or self._ticks_in_tracer:
            self.awaits_tracer = self._ticks_in_tracer < TICKS_IN_TRACER
            self._ticks_in_tracer = self._ticks_in_tracer + 1 if self.awaits_tracer else 0

    def tick_soon(self) -> None:
        """Make a tick pending where one is awaited: the last thing that the one before does."""
        if self.awaits_tracer:
            self.awaits_tracer = False
            _tick.pending  # noqa: B018 - see _Tick

    def call_off(self) -> None:
        """Stop raising the exception, and restore the tracer that was there before.

        What a Worker has set to be called is removed: the end of its code that does so may be cut.
        """
        was_cutting = self.is_cutting
        # The flag is needed too, since Python removes a tracer that has raised.
        while self.is_cutting or isinstance(sys.gettrace(), _Tracer):
            # The profile function first: it would set the tracer again.
            if self._profiles or _is_our_profiler(sys.getprofile()):
                sys.setprofile(self._previous_profiler)
            sys.settrace(self._previous_tracer)
            self._profiles = self.is_cutting = self.awaits_tracer = False
            self._ticks_in_tracer = 0
            self._previous_profiler = self._raised_at = None
        if was_cutting:
            _remove_hooks_of_workers()
        _cutting.injectors = tuple(each for each in _cutting.injectors if each is not self)
        if not _cutting.injectors:
            headroom.take_back()

    def _profile(self, tracer: _Tracer) -> None:
        """Have the tracer set again where Python removes it, unless a profiler in C runs."""
        before = sys.getprofile()
        if not self._profiles and (before is None or callable(before)):
            self._previous_profiler = before
            self._profiles = True
        if self._profiles:
            sys.setprofile(tracer.profile)


def is_of_worker(hook: Any, frame: FrameType | None = None) -> bool:
    """Return whether a tracer, a profile function or the like is a Worker's.

    It may be a function, a bound method, or an object of a Worker's class. frame: what runs, which
    may show that the Worker runs it by a debugger.
    """
    while type(hook) is functools.partial:
        hook = hook.func
    owner = hook
    if type(hook) is MethodType:
        owner, hook = hook.__self__, hook.__func__
        if is_driven_by_worker(owner, frame):
            return True
    if type(hook) is FunctionType:
        modules = [hook.__globals__.get("__name__"), hook.__code__.co_filename]
    else:
        modules = []
    modules += [vars(kind).get("__module__") for kind in type.mro(type(owner))]
    return any(str(module).startswith("<worker ") for module in modules)


def _remove_hooks_of_workers() -> None:
    """Remove the profile function and the callbacks of `sys.monitoring` that are a Worker's."""
    if is_of_worker(sys.getprofile()):
        sys.setprofile(None)
    monitoring: Any = getattr(sys, "monitoring", None)  # From Python 3.12 on.
    if monitoring is None:
        return
    for tool in filter(monitoring.get_tool, range(6)):
        found = False
        for event in filter(None, vars(monitoring.events).values()):
            before = monitoring.register_callback(tool, event, None)
            if before is not None and is_of_worker(before):
                found = True
            elif before is not None:
                monitoring.register_callback(tool, event, before)
        if found:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)


class CuttingThrow:
    """The `throw` of a coroutine that has swallowed what was thrown before.

    The exception is raised also at the Worker's lines that run because of it. times: how often it
    was thrown.
    """

    def __init__(
        self, throw: Callable[[BaseException], Any], applies: Callable[[], bool] = lambda: True
    ) -> None:
        """Keep what throws. applies: whether the Worker that runs then is to be cut."""
        self.times = 0
        self._applies = applies
        self._throw = throw

    def __call__(self, error: BaseException) -> Any:
        """Throw an exception."""
        self.times += 1
        injector = CutInjector()
        injector.inject(error, None, self._applies)
        try:
            return self._throw(error)
        finally:
            injector.call_off()


LINES_SPARED = 20
"""How many lines with a handler may run after the error was swallowed at the same place again."""


class _Tracer:
    """Raises an error at each line of the Workers that it applies to.

    before: the tracer before the first of ours.
    """

    def __init__(self, error: BaseException, applies: Callable[[], bool]) -> None:
        self._error = error
        self._applies = applies
        self._soon: _Soon | None = None
        self._raised_at: set[tuple[CodeType, int]] = set()
        self._lines_spared = 0
        self.before: Any = None

    def __call__(  # pragma: no cover - a tracer is not traced itself
        self, frame: FrameType, event: str, argument: Any
    ) -> Any:
        if not is_cut_as_worker(frame):
            return None
        if event == "line" and self._applies():
            error = self._error.with_traceback(None)
            if _can_tick():
                _tick.made_pending = True
                _tick.pending  # noqa: B018 - see _Tick
            elif _is_handled(frame):
                if self._lines_spared:
                    self._lines_spared -= 1
                    return self
                self._make_soon().pending  # noqa: B018 - see _Soon
            raise error
        return self

    def _make_soon(self) -> _Soon:  # pragma: no cover - a tracer is not traced itself
        """Return what has the error raised in this thread, at the next call or jump back."""
        if self._soon is None:
            self._soon = _Soon(threading.get_ident(), _delivering(self._error, self._delivered))
        return self._soon

    def _delivered(self) -> None:  # pragma: no cover - a tracer is not traced itself
        """Trace the Workers again, which the error was raised in.

        What was swallowed at this place before would be again, for ever: wait for a line that has
        no handler. Python 3.12 takes the end of a handler for a part of the loop that it leads to.
        """
        frame = sys._getframe(2)
        place = frame.f_code, frame.f_lasti
        if place in self._raised_at:
            self._lines_spared = LINES_SPARED
        self._raised_at.add(place)
        self.trace_workers(frame)

    def profile(  # pragma: no cover - tested without a tracer
        self, frame: FrameType, event: str, argument: Any
    ) -> None:
        """Trace the Workers again, at a call or a return, after the tracer has raised."""
        if sys.gettrace() is not self:
            self.trace_workers(frame)

    def trace_workers(self, frame: FrameType | None) -> None:
        """Trace the Workers, also in a frame and its callers."""
        sys.setprofile(sys.getprofile() or self.profile)
        sys.settrace(self)
        for at in _workers_frames(frame):
            at.f_trace = self


def _is_our_profiler(profiler: Any) -> bool:
    return type(profiler) is MethodType and type(profiler.__self__) is _Tracer


def _is_handled(frame: FrameType) -> bool:  # pragma: no cover - a tracer is not traced itself
    """Return whether the frame itself has a handler for exceptions where it is."""
    at = frame.f_lasti
    return any(start <= at < end for start, end in _handled(frame.f_code))


@functools.lru_cache(maxsize=1000)
def _handled(code: CodeType) -> list[tuple[int, int]]:
    """Return the parts of a code object that have a handler, as offsets."""
    return [(entry.start, entry.end) for entry in dis._parse_exception_table(code)]  # type: ignore[attr-defined]


# From and in other threads


class _ThreadCut:
    """The cut of the slice that runs on a thread where no tick comes: what ends it."""

    def __init__(self, thread: Thread) -> None:
        """Begin a cut. thread: the calling one."""
        self._thread = thread
        self.injector = CutInjector()
        thread.ends_cut = self
        thread.drop_pending = _set_async(thread.ident, _Dropped)

    def __call__(self) -> None:
        """Call off the cut, and what is pending."""
        self._thread.ends_cut = None
        self.injector.call_off()
        with contextlib.suppress(BaseException):
            self._thread.drop_pending()
        self._thread.drop_pending = int


def raise_in_thread(thread: Thread, error: BaseException, applies: Callable[[], bool]) -> None:
    """Raise `error` in the Worker code that another thread runs, until its slice ends.

    applies: whether the Worker that runs there is to be cut.
    """

    def delivered() -> None:  # pragma: no cover - tested without a tracer
        """Trace the Worker, until its slice ends."""
        cut = thread.ends_cut
        if not isinstance(cut, _ThreadCut):
            cut = _ThreadCut(thread)
        cut.injector.inject(error, sys._getframe(), applies, trace_only=True)

    _set_async(thread.ident, _delivering(error, delivered))()


def _delivering(error: BaseException, delivered: Callable[[], object]) -> type[BaseException]:
    """Return a class that Python can raise in a thread, where its instance is `error`.

    delivered: called in that thread, when the exception is raised or reaches a handler.
    """

    def new(cls: type, *_: Any) -> BaseException:  # pragma: no cover - tested without a tracer
        made = error.with_traceback(None)
        delivered()
        return made

    return type(type(error).__name__, (type(error),), {"__new__": new})


class _Dropped(BaseException):
    """Takes the place of an exception that is pending, and is raised and caught at once.

    Python 3.11 would go on looking for an exception that is merely taken away.
    """


def _set_async(ident: int, kind: type[BaseException]) -> Callable[[], Any]:
    """Return a function in C that makes an exception pending in a thread.

    Python raises it between two of the thread's bytecodes.
    https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc
    """
    import ctypes  # Not at import: most processes need no watchdog.

    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    return functools.partial(raise_in, ctypes.c_ulong(ident), ctypes.py_object(kind))


class _Soon:
    """An attribute that makes an exception pending in this thread, as that of `_Tick` a signal.

    Python looks for such exceptions after a call: a call of `_set_async` would raise at its end.
    """

    pending = property(operator.methodcaller("make_pending"))

    def __init__(self, ident: int, kind: type[BaseException]) -> None:
        self.make_pending = _set_async(ident, kind)

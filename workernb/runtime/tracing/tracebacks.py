"""Tracebacks: whether a frame belongs to a Worker, and tracebacks with Workers' frames only."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterator
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    GeneratorType,
    MethodType,
    TracebackType,
)
from typing import Any

from workernb import errors
from workernb.runtime.tracing.invocations import Invocation

PACKAGE = os.path.dirname(os.path.abspath(errors.__file__)) + os.sep
"""The folder of workernb, with a trailing separator."""

_EXCEPTIONS: Any = BaseExceptionGroup.__dict__["exceptions"]

MAX_MEMBERS = 100
"""How many exceptions of a group are looked at."""

MAX_FRAMES = 10
"""How many frames are shown of a traceback of what ended a Worker's code from outside."""


def is_worker(frame: FrameType) -> bool:
    """Return whether a frame runs the source of a Worker."""
    return frame.f_code.co_filename.startswith("<worker ")


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame runs code of workernb."""
    return frame.f_code.co_filename.startswith(PACKAGE)


def worker_position(frame: FrameType | None) -> str | None:
    """Return the position in a Worker's source that a frame or its callers run, or None.

    For example `<worker auth v2>:7, in fetch`.
    """
    while frame is not None:
        if is_worker(frame):
            code = frame.f_code
            return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
        frame = frame.f_back
    return None


def remove_our_frames(error: BaseException) -> None:
    """Take our own frames out of the tracebacks of an exception and of all that is shown with it.

    These are its causes and its contexts, and the exceptions of a group.
    """
    for each in shown_with(error):
        tb = _skip_ours(errors.traceback_of(each))
        BaseException.with_traceback(each, tb)
        while tb is not None:
            following = _skip_ours(tb.tb_next)
            if following is not tb.tb_next:  # Setting it takes as long as the traceback is.
                tb.tb_next = following
            tb = following


def shown_with(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its causes and contexts, and the exceptions of groups, each once.

    Of very many, the first ones.
    """
    seen: set[int] = set()
    found: list[BaseException | None] = [error]
    while found and len(seen) < MAX_MEMBERS:
        each = found.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        found += [_CONTEXT.__get__(each), _CAUSE.__get__(each)]
        if issubclass(type(each), BaseExceptionGroup):
            found += _EXCEPTIONS.__get__(each)[:MAX_MEMBERS]


_CAUSE: Any = BaseException.__dict__["__cause__"]
_CONTEXT: Any = BaseException.__dict__["__context__"]


def trim_before_worker(error: BaseException) -> None:
    """Take what lies before the first Worker's frame out of an exception's traceback."""
    tb = errors.traceback_of(error)
    while tb is not None and not is_worker(tb.tb_frame):
        tb = tb.tb_next
    BaseException.with_traceback(error, tb)


def trim_after_worker(error: BaseException) -> None:
    """Take what lies behind the last Worker's frame out of an exception's traceback."""
    tb, last = errors.traceback_of(error), None
    while tb is not None:
        if is_worker(tb.tb_frame):
            last = tb
        tb = tb.tb_next
    if last is not None:
        last.tb_next = None


def raised_position(error: BaseException) -> str | None:
    """Return the innermost position in a Worker's source of an exception's traceback, or None."""
    found = None
    for frame, line in traceback.walk_tb(errors.traceback_of(error)):
        if is_worker(frame):
            found = f"{frame.f_code.co_filename}:{line}, in {frame.f_code.co_name}"
    return found


def raised_by(error: BaseException, levels: int = 10) -> Invocation | None:
    """Return the invocation whose code raised an exception, from a traceback with our own frames.

    A call to what is not there is its caller's error. A Termination belongs to the invocation in
    whose code it came up last. A group belongs to the invocation that raised all of its exceptions,
    if there is only one. None where no invocation raised it. levels: of groups within groups.
    """
    kind = type(error)
    if levels and issubclass(kind, BaseExceptionGroup):
        exceptions = _EXCEPTIONS.__get__(error)[:MAX_MEMBERS]
        members = {raised_by(member, levels - 1) for member in exceptions}
        if len(members) == 1 and None not in members:
            return members.pop()
    found: Invocation | None = None
    running: Invocation | None = None
    began = False
    ends = issubclass(kind, errors.Termination)
    for frame, _ in traceback.walk_tb(errors.traceback_of(error)):
        if frame.f_code.co_name in _RUNS_WORKER and is_ours(frame):
            running, began = frame.f_locals.get("invocation", running), False
            found = found if ends else running
        elif is_worker(frame):
            began = True
            found = running if ends else found
    if found is None or not issubclass(kind, _OF_CALLS):
        return found
    if began and not issubclass(kind, errors.BindingError):
        return found
    return found.caller or found


_OF_CALLS = (errors.BindingError, errors.RpcError)
"""Errors of calls whose target is not there."""


_RUNS_WORKER = ("hop", "__anext__")
"""The names of our functions that run an invocation's code: a handler, or a stream's producer."""


def waiting_position(steps: Any) -> str | None:
    """Return where in a Worker's source a generator or coroutine waits, as `where` does."""
    found = None
    for frame in _frames_of(steps):
        if is_worker(frame):
            found = frame
    return worker_position(found)


def waits_in(steps: Any, invocation: Invocation) -> bool:
    """Return whether a generator or coroutine waits for an invocation's handler."""
    return any(
        frame.f_code.co_name == "hop"
        and is_ours(frame)
        and frame.f_locals.get("invocation") is invocation
        for frame in _frames_of(steps)
    )


def _frames_of(steps: Any) -> Iterator[FrameType]:
    """Yield the frames of a generator or coroutine and of what it awaits, outermost first."""
    while steps is not None:
        frame = _attribute(steps, ("cr_frame", "gi_frame", "ag_frame"))
        if frame is not None:
            yield frame
        steps = suspended_on(steps)
        if type(steps).__name__ in _WRAPPERS:
            # These objects have no attribute for their coroutine or asynchronous generator.
            steps = next(filter(_has_frames, gc.get_referents(steps)), None)


def suspended_on(steps: Any) -> Any:
    """Return what a suspended coroutine or generator awaits, or None."""
    if type(steps) is GeneratorType and steps.gi_code.co_name in DRIVERS:
        # They call `send` themselves, so Python has no record of what it awaits.
        return None if steps.gi_frame is None else steps.gi_frame.f_locals.get("steps")
    return _attribute(steps, ("cr_await", "gi_yieldfrom", "ag_await"))


DRIVERS = ("drive", "run_event")
"""The names of the generators that step a coroutine, their local variable `steps`."""

_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")
_WITH_FRAMES = (CoroutineType, GeneratorType, AsyncGeneratorType)


def _has_frames(steps: object) -> bool:
    """Return whether an object is one of Python's coroutines or generators, or a call of ours.

    To ask another one for its frame could run a Worker's code.
    """
    kind = type(steps)
    return kind in _WITH_FRAMES or kind.__module__.startswith("workernb.")


def _attribute(steps: Any, names: tuple[str, ...]) -> Any:
    """Return the first of the attributes that a coroutine or generator has, or None."""
    if not _has_frames(steps):
        return None
    # A promise has any attribute; its class has only its own.
    found = (getattr(steps, name) for name in names if hasattr(type(steps), name))
    return next(filter(None, found), None)


def _skip_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb


def task_of(error: BaseException | None) -> Invocation | None:
    """Return the invocation one of whose tasks has failed with an exception; None if none has."""
    for frame, _ in traceback.walk_tb(None if error is None else errors.traceback_of(error)):
        if frame.f_code.co_name == "as_coroutine" and is_ours(frame):
            found: Invocation | None = frame.f_locals.get("invocation")
            return found
    return None


def copy_without_ours(tb: TracebackType | None) -> TracebackType | None:
    """Return a traceback without our own frames; None if it has no others."""
    copy: TracebackType | None = None
    for each in reversed(list(_entries(tb))):
        if not is_ours(each.tb_frame):
            copy = TracebackType(copy, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return copy


def _entries(tb: TracebackType | None) -> Iterator[TracebackType]:
    """Yield the entries of a traceback, outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def format_traceback(error: BaseException) -> str:
    """Return an exception as text: traceback, type, message and notes; whatever its own code does.

    Of a Termination, only the innermost frames are shown: the others are not to blame, and on
    Python 3.13 a hundred of them take 7 ms. Raises Termination if that is cut.
    """
    tb = errors.traceback_of(error)
    limit = -MAX_FRAMES if issubclass(type(error), errors.Termination) else None
    try:
        return "".join(traceback.format_exception(type(error), error, tb, limit)).rstrip()
    except errors.Termination:
        raise
    except BaseException:
        lines = traceback.format_tb(tb)
        return "".join(["Traceback (most recent call last):\n", *lines, errors.format_error(error)])


MAX_SHOWN = 1000
"""How many exceptions are shown of a group, and of what an exception followed."""

MAX_TEXT = 10_000_000
"""How long the text and the notes of an exception may be."""

_READ = ("__class__", "__traceback__", "__cause__", "__context__", "__suppress_context__")


def as_shown(error: BaseException) -> BaseException:
    """Return an exception, or a RuntimeError in the place of one that a notebook cannot show.

    Raises Termination if code of the exception's is cut.
    """
    if _can_be_shown(error):
        return error
    replacement = RuntimeError(errors.format_error(error)[:MAX_TEXT])
    errors.with_notes(replacement, CANNOT_BE_SHOWN)
    return replacement.with_traceback(errors.traceback_of(error))


CANNOT_BE_SHOWN = "The exception itself cannot be shown: its own code fails, or it is too large."


def _can_be_shown(error: BaseException) -> bool:
    """Return whether a notebook can show an exception, so that its cell gets a reply.

    Its text is one, and its attributes can be read: the kernel reads them where nothing catches
    what fails. Raises Termination if code of the exception's is cut.
    """
    try:
        for name in _READ:
            getattr(error, name)
        notes = getattr(error, "__notes__", None) or ()
        size = len(str(error)) + sum(len(note) for note in notes if isinstance(note, str))
        bool(error)
        if isinstance(error, SyntaxError):
            texts = (error.msg, error.text, error.filename)
            if not all(isinstance(text, str | None) for text in texts):
                return False
            if not isinstance(error.lineno, int | None):
                return False
    except errors.Termination:
        raise
    except BaseException:
        return False
    return size <= MAX_TEXT and _count(error) <= MAX_SHOWN


def _count(error: BaseException) -> int:
    """Return how many exceptions are shown with one, each as often as it is; not many too many."""
    count, found, causes = 0, [error], {id(error)}
    while found and count <= MAX_SHOWN:
        each = found.pop()
        count += 1
        cause = _CAUSE.__get__(each)
        cause = _CONTEXT.__get__(each) if cause is None else cause
        if cause is not None and id(cause) not in causes:
            causes.add(id(cause))
            found.append(cause)
        if issubclass(type(each), BaseExceptionGroup):
            found += _EXCEPTIONS.__get__(each)
    return count


def is_debugged(frame: FrameType | None = None) -> bool:
    """Return whether a debugger is active on this thread that the notebook's user has started.

    pdb and debuggers based on it trace with a method of a Bdb. One that a Worker has made to run
    its own code does not count: it would be exempt from its limits. frame: the running frame, which
    also shows a debugger that is still starting.
    """
    tracer = sys.gettrace()
    debugger = tracer.__self__ if type(tracer) is MethodType else None
    if _is_debugger(debugger):
        return not is_driven_by_worker(debugger, frame or sys._getframe())
    found = False
    while frame is not None and not is_worker(frame):
        code = frame.f_code
        if code.co_filename.startswith("<frozen importlib"):
            found = False  # It was only being imported.
        elif code.co_filename.endswith(_DEBUGGERS):
            # Not what merely makes a debugger, as doctest does.
            found = found or code.co_name in _STARTS or _stops(frame)
        elif _DEBUGPY in code.co_filename:
            found = True
        frame = frame.f_back
    return found


def _stops(frame: FrameType) -> bool:
    """Return whether a frame is a debugger's that has stopped, and that no Worker drives.

    On Python 3.14 `breakpoint()` does not trace, but monitors, so only its frames show it.
    """
    if frame.f_code.co_name not in _STOPS:
        return False
    debugger = frame.f_locals.get("self")
    return _is_debugger(debugger) and not is_driven_by_worker(debugger, frame)


def _is_debugger(owner: object) -> bool:
    """Return whether an object is a Bdb, and neither its class nor a base of it is a Worker's."""
    kinds = type.mro(type(owner))
    # By name: the class is another one each time that its module is imported anew.
    if not any((kind.__module__, kind.__name__) == ("bdb", "Bdb") for kind in kinds):
        return False
    return not any(str(kind.__module__).startswith("<worker ") for kind in kinds)


def is_driven_by_worker(debugger: Any, frame: FrameType | None) -> bool:
    """Return whether a Worker has called a debugger's method that runs code, which runs now."""
    while frame is not None:
        code = frame.f_code
        runs = code.co_name in _RUNS_CODE and code.co_filename.endswith(_DEBUGGERS)
        if runs and frame.f_locals.get("self") is debugger:
            return worker_position(frame) is not None
        frame = frame.f_back
    return False


_STARTS = ("set_trace", "post_mortem", "pm")
"""The names of the functions that start a debugger where they are called."""

_STOPS = ("interaction", "user_line", "dispatch_line")
"""The names of the methods in which a debugger stops."""

_RUNS_CODE = ("run", "runctx", "runeval", "runcall")
"""The names of the methods of a Bdb that run code under it."""

_STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))
_DEBUGGERS = (
    os.path.join(_STANDARD_LIBRARY, "bdb.py"),
    os.path.join(_STANDARD_LIBRARY, "pdb.py"),
    os.path.join("IPython", "core", "debugger.py"),
    os.path.join("IPython", "terminal", "debugger.py"),
    os.path.join("ipdb", "__main__.py"),
)
_DEBUGPY = f"{os.sep}debugpy{os.sep}"
"""The folder of debugpy, JupyterLab's debugger, which `breakpoint()` starts in a kernel."""

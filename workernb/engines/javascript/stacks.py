"""Errors as they cross between the languages: exceptions with the lines of JavaScript, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType, TracebackType
from typing import Any, NamedTuple

from workernb.errors import (
    AbortError,
    BodyUsedError,
    DataCloneError,
    HandlerError,
    JavaScriptError,
    attributes_of,
    traceback_of,
)
from workernb.runtime.tracing.tracebacks import is_worker

MAX_FRAMES = 10
"""How many lines of a stack are kept: that of an endless recursion has a thousand."""

_frame = re.compile(
    r"\s*at (?P<name>.*?) ?\(?(?P<file><worker [^>]*>|[^()\s]+)"
    r":(?P<line>\d+)(?::(?P<column>\d+))?\)?$"
)
_is_name = re.compile(r"[\w$.<>#]{1,80}").fullmatch


class Frame(NamedTuple):
    """A line of a stack: name of the function, file name as in frames of Python's, line, column."""

    name: str
    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"    at {self.name} ({self.file}:{self.line}:{self.column})"


def frames_of(stack: str, files: Mapping[str, str]) -> list[Frame]:
    """Return the frames of a stack that are a Worker's, innermost first.

    files: the file names of the Worker's modules in frames, by their names in the engine.
    """
    found: list[Frame] = []
    for line in stack.splitlines():
        match = _frame.match(line)
        if match is None or match["file"] not in files:
            continue
        name = match["name"] if _is_name(match["name"]) else "<anonymous>"
        found.append(
            Frame(name, files[match["file"]], int(match["line"]), int(match["column"] or 1))
        )
        if len(found) == MAX_FRAMES:
            break
    return found


_BASES: dict[str, type[Exception]] = {
    "AbortError": AbortError,
    "DataCloneError": DataCloneError,
    "RangeError": ValueError,
    "TimeoutError": TimeoutError,
    "TypeError": TypeError,
}
"""What errors of these names are in Python too."""


@lru_cache(maxsize=64)
def _class_named(name: str) -> type[JavaScriptError]:
    """Return the class of the errors with a name: `TypeError`."""
    base = _BASES.get(name)
    bases: tuple[type[Any], ...] = (JavaScriptError,) if base is None else (JavaScriptError, base)
    return type(name, bases, {"__module__": "builtins", "__doc__": JavaScriptError.__doc__})


def make_error(name: str, text: str, stack: str, files: Mapping[str, str]) -> JavaScriptError:
    """Return the exception for what JavaScript threw, with a traceback of the Worker's lines."""
    if name == "InternalError" and text == "stack overflow":
        name, text = "RangeError", "Maximum call stack size exceeded"
    frames = frames_of(stack, files)
    kind = _class_named(name if _is_name(name) and name.isidentifier() else "Error")
    error = kind(text, name or "Error", "\n".join(map(str, frames)))
    error.__traceback__ = traceback_from(frames)
    return error


_OURS = frozenset(
    {"name", "message", "stack", "remote", "args", "add_note", "with_traceback", "__notes__"}
)
"""Attributes of an exception that are no properties of an error's own."""


def set_properties(error: JavaScriptError, own: Any) -> None:
    """Set the properties of an error's own, its cause among them, as attributes."""
    if isinstance(own, dict):
        found = {name: value for name, value in own.items() if _is_own(name)}
        attributes_of(error).update(found)
        if isinstance(cause := found.get("cause"), BaseException):
            error.__cause__ = cause


def own_properties(error: BaseException) -> dict[str, Any]:
    """Return the properties of an error's own, none for an exception of Python's."""
    if not isinstance(error, JavaScriptError):
        return {}
    return {name: value for name, value in attributes_of(error).items() if _is_own(name)}


def _is_own(name: str) -> bool:
    return name not in _OURS and not name.startswith("__")


def traceback_from(frames: Iterable[Frame]) -> TracebackType | None:
    """Return a traceback of frames, innermost first, as if Python had run those lines.

    The frames are those of generators that have not begun: nothing runs, so nothing can be cut.
    """
    tb: TracebackType | None = None
    for frame in frames:
        generator = FunctionType(_code_at(frame.file, frame.name, frame.line), {})()
        tb = TracebackType(tb, generator.gi_frame, 0, frame.line)
        generator.close()
    return tb


def _template() -> CodeType:
    """Return the code of a generator, whose positions are lines without columns."""
    code: CodeType = (lambda: (yield)).__code__
    units, entries = len(code.co_code) // 2, b""
    while units:
        some = min(units, 8)
        entries += bytes([0x80 | 13 << 3 | some - 1, 0])
        units -= some
    return code.replace(co_linetable=entries)


_TEMPLATE = _template()


@lru_cache(maxsize=256)
def _code_at(file: str, name: str, line: int) -> CodeType:
    return _TEMPLATE.replace(co_filename=file, co_name=name, co_qualname=name, co_firstlineno=line)


def syntax_error(
    text: str, stack: str, files: Mapping[str, str], lines: Mapping[str, str]
) -> SyntaxError:
    """Return the SyntaxError for one of JavaScript's, with the place that it names.

    lines: the sources, by file name in frames.
    """
    message = text.removeprefix("SyntaxError: ")
    if message == "unexpected 'await' keyword":
        message += ": await is for async functions, async fetch(request, env, ctx) { … }"
    frames = frames_of(stack, files)
    if not frames:
        return SyntaxError(message)
    _, file, line, column = frames[0]
    source = lines.get(file, "").splitlines()
    shown = source[line - 1] if 0 < line <= len(source) else ""
    return SyntaxError(message, (file, line, column, shown, line, column + 1))


# From Python to JavaScript

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (AbortError, "AbortError"),
    (DataCloneError, "DataCloneError"),
    (BodyUsedError, "TypeError"),
    (HandlerError, "Error"),
    (TypeError, "TypeError"),
    (ValueError, "RangeError"),
)


def kind_of(error: BaseException) -> str:
    """Return the name of JavaScript's class for an exception of Python's."""
    if isinstance(error, JavaScriptError):
        return error.name
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return name
    return "Error"


def text_of(error: BaseException) -> str:
    """Return an exception's text, whatever its class does."""
    try:
        return str.__str__(str(error)).removeprefix("DataCloneError: ")
    except Exception:
        return "<exception str() failed>"


def lines_of(error: BaseException) -> str:
    """Return the Workers' lines in a traceback as lines of a stack, innermost first."""
    lines: list[str] = []
    tb = traceback_of(error)
    while tb is not None:
        if is_worker(tb.tb_frame):
            code = tb.tb_frame.f_code
            lines.append(f"    at {code.co_name} ({code.co_filename}:{tb.tb_lineno})\n")
        tb = tb.tb_next
    return "".join(reversed(lines[-MAX_FRAMES:]))


def is_remote(error: BaseException) -> bool:
    """Return whether an exception comes from another Worker."""
    return attributes_of(error).get("remote") is True

"""Secrets in the notebook: redacted where text is rendered, printed, logged and sent.

What a Worker passes on stays as it is. Redacted are, while the extension is loaded: tracebacks and
exceptions as IPython renders them, log records, all of standard error, and what is printed or
displayed by a Worker's code, or to standard output while Workers run.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

from IPython.utils import capture

from workernb.runtime.enforcement.cells import is_of_kernel
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.redaction import redact_all, redact_tree
from workernb.runtime.tracing.tracebacks import raised_position, worker_position
from workernb.workers.current import current

_ABSENT = object()
_escape_codes = re.compile(r"\x1b\[[0-9;]*m")
_installed = contextlib.ExitStack()


def add(shell: Any) -> None:
    """Redact what this shell renders and sends, and what this process prints and logs."""
    _replace(shell, "_showtraceback", _show_traceback)
    if hasattr(shell, "_format_exception_for_storage"):  # For %notebook, since IPython 9.
        _replace(shell, "_format_exception_for_storage", _format_exception)
    _redact_stream(sys.stdout, _redact_if_by_worker)
    _redact_stream(sys.stderr, redact_all)
    _replace(capture, "StringIO", _capture_redacted)
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is not None:
        _replace(session, "send", _send)
    _redact_displayed_exceptions(shell)
    _redact_log_records()


def remove(shell: Any) -> None:
    """Undo `add`."""
    _installed.close()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute by what `make` makes of it, until `remove`."""
    attributes = getattr(owner, "__dict__", None)
    if attributes is None:
        return
    before = attributes.get(name, _ABSENT)
    replacement = make(getattr(owner, name))
    setattr(owner, name, replacement)

    def restore() -> None:
        if attributes.get(name) is not replacement:
            return  # Something else has been put in its place since.
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    _installed.callback(restore)


# Tracebacks and exceptions


def _show_traceback(show: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `_showtraceback` that redacts the text of an exception and its traceback."""

    def show_redacted(kind: Any, error: Any, lines: list[str]) -> Any:
        return show(kind, _Text(_text_of(error)), _redact_lines(lines))

    return show_redacted


def _format_exception(format: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return a function that redacts what IPython keeps of an exception, to save it in a file."""

    def format_redacted(*arguments: Any, **named: Any) -> dict[str, Any]:
        kept = format(*arguments, **named)
        lines = _redact_lines(kept["traceback"])
        texts = {name: redact_all(kept[name]) for name in ("ename", "evalue")}
        return {**kept, **texts, "traceback": lines}

    return format_redacted


class _Text:
    """The text of an exception, in its place for what takes `str(error)`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def _text_of(error: object) -> str:
    try:
        return redact_all(str(error))
    except Exception:
        return f"<{type(error).__name__} whose text cannot be had>"


def _redact_lines(lines: list[str]) -> list[str]:
    """Return the lines of a traceback redacted; a secret may go over several of them."""
    redacted = [_redact_colored(line) for line in lines]
    whole = "\n".join(redacted)
    again = _redact_colored(whole)
    return redacted if again == whole else again.split("\n")


def _redact_colored(text: str) -> str:
    """Return a text redacted; without colours if they hide a secret from being found."""
    plain = _escape_codes.sub("", text)
    redacted = redact_all(plain)
    if redacted == plain:
        return text
    colored = redact_all(text)
    return colored if _escape_codes.sub("", colored) == redacted else redacted


def _redact_displayed_exceptions(shell: Any) -> None:
    """Redact exceptions that a cell displays, alone or in a list, as `gather` returns them."""

    def make(format: Callable[..., Any]) -> Callable[..., Any]:
        def format_redacted(value: Any, *arguments: Any, **named: Any) -> Any:
            data, metadata = format(value, *arguments, **named)
            if _has_exceptions(value):
                data = redact_tree(data, redact_all)
            return data, metadata

        return format_redacted

    _replace(shell.display_formatter, "format", make)


def _has_exceptions(value: Any, levels: int = 3) -> bool:
    """Return whether a value is an exception, or a collection that has one."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict) and levels:
        items = value.values() if kind is dict else value
        return any(_has_exceptions(item, levels - 1) for item in items)
    return issubclass(kind, BaseException)


# Streams


def _redact_stream(stream: Any, redact: Callable[[str], str]) -> None:
    """Redact what is written to a kernel's stream.

    IPython replaces a stream's `write` for the length of a cell, to keep the output, and then puts
    back what was there. So `write` becomes a property, which redacts before anything else does.
    Nothing is done to a stream whose class cannot be changed, as that of a terminal.
    """
    kind: Any = type(stream)
    installed = True

    def get(self: Any) -> Callable[[str], Any]:
        inner = vars(self).get("write") or kind.write.__get__(self)

        def write(text: str) -> Any:
            return inner(redact(text) if installed and isinstance(text, str) else text)

        write.inner = inner  # type: ignore[attr-defined]
        return write

    def put(self: Any, write: Any) -> None:
        vars(self)["write"] = getattr(write, "inner", write)

    redacting = type(kind.__name__, (kind,), {"write": property(get, put)})

    def restore() -> None:
        nonlocal installed
        installed = False
        if type(stream) is redacting:
            stream.__class__ = kind

    with contextlib.suppress(TypeError):
        stream.__class__ = redacting
        _installed.callback(restore)


def _capture_redacted(kind: type[io.StringIO]) -> type[io.StringIO]:
    """Return the class of what `%%capture` captures in, which a cell may show later."""

    class RedactingStringIO(kind):  # type: ignore[misc, valid-type]
        def write(self, text: str) -> int:
            return int(super().write(_redact_if_by_worker(text)))

    return RedactingStringIO


def _redact_if_by_worker(text: str) -> str:
    """Return a text redacted if Workers may have written it.

    What a cell prints itself, such as the body of a response, is left as it is.
    """
    redacted = redact_all(text)
    return redacted if redacted != text and _workers_run() else text


def _workers_run() -> bool:
    """Return whether text may be a Worker's.

    It may while requests are in flight, in other threads, where no cell's code runs (in a callback
    that a Worker has left behind), and where an exception is handled that a Worker's code raised.
    """
    return (
        bool(guard.in_flight)
        or threading.current_thread() is not threading.main_thread()
        or _by_worker()
        or not _by_cell()
        or _raised_by_worker(sys.exc_info()[1])
    )


def _by_worker() -> bool:
    """Return whether a Worker's code runs here: a handler, a module, a callback, a finalizer."""
    return current.get() is not None or worker_position(sys._getframe()) is not None


def _by_cell() -> bool:
    """Return whether a cell's code runs here."""
    return not is_of_kernel(guard.interrupts.notebook, sys._getframe())


def _raised_by_worker(error: BaseException | None) -> bool:
    return error is not None and raised_position(error) is not None


# Messages of the kernel


def _send(send: Callable[..., Any]) -> Callable[..., Any]:
    """Return a session's `send` that redacts replies with errors, and what Workers display."""

    def send_redacted(
        stream: Any, message: Any, content: Any = None, *rest: Any, **named: Any
    ) -> Any:
        if isinstance(message, dict):
            kind = message.get("msg_type") or message.get("header", {}).get("msg_type")
            message = {**message, "content": _redact_content(kind, message.get("content"))}
        else:
            content = _redact_content(message, content)
        return send(stream, message, content, *rest, **named)

    return send_redacted


_DISPLAYS = ("display_data", "update_display_data", "comm_open", "comm_msg")
"""The messages that a Worker's code sends, if it shows something."""


def _redact_content(kind: Any, content: Any) -> Any:
    """Return the content of a message, redacted where it may have a Worker's texts.

    kind: the message's type.
    """
    if not isinstance(content, dict):
        return content
    if content.get("status") == "error" or "ename" in content or _by_worker():
        return redact_tree(content, redact_all)
    if kind in _DISPLAYS and not _by_cell():
        return redact_tree(content, redact_all)
    expressions = content.get("user_expressions")
    if expressions:
        redacted = {name: _redact_content(kind, value) for name, value in expressions.items()}
        return {**content, "user_expressions": redacted}
    return content


# Log records


def _redact_log_records() -> None:
    """Redact the text of each log record, and its traceback, whatever handles it."""
    make = logging.getLogRecordFactory()

    def make_redacted(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        # What cannot be formatted is reported by the handler.
        with contextlib.suppress(Exception):
            _redact_record(record)
        return record

    def restore() -> None:
        if logging.getLogRecordFactory() is make_redacted:
            logging.setLogRecordFactory(make)

    logging.setLogRecordFactory(make_redacted)
    _installed.callback(restore)


def _redact_record(record: logging.LogRecord) -> None:
    text = record.getMessage()
    if (redacted := redact_all(text)) != text:
        record.msg, record.args = redacted, None
    if record.exc_info and record.exc_info[0] is not None:
        text = logging.Formatter().formatException(record.exc_info)
        if (redacted := redact_all(text)) != text:
            record.exc_text = redacted  # Formatters take this if it is there.
    if record.stack_info:
        record.stack_info = redact_all(record.stack_info)

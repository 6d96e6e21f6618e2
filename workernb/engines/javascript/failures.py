"""Failures: the exceptions for what JavaScript throws, and for what has cut it."""

from __future__ import annotations

import linecache
from typing import Any

from workernb.errors import (
    CpuLimitExceeded,
    JavaScriptError,
    LimitError,
    with_notes,
)
from workernb.runtime.enforcement.abort import cut_in
from workernb.texts import PlatformText

from . import stacks
from .host.remedies import remedies

ENGINE_ERRORS = ("ReferenceError", "TypeError")
"""The names of errors of which the engine's text may have a remedy."""

OUT_OF_MEMORY = "out of memory"
"""The engine's text where an allocation has failed."""

NULL = "null"
"""The text of a null that was thrown, as the engine does where an error cannot be allocated."""


def error_of(run: Any, number: int, name: str, text: str, stack: str) -> BaseException:
    """Return a new exception for what a run has thrown. number: that of its own properties."""
    realm = run.realm
    is_null = text == NULL and not stack
    if (name == "InternalError" and OUT_OF_MEMORY in text) or (is_null and _is_nearly_full(realm)):
        realm.is_dead = True
        return with_notes(
            LimitError(PlatformText.MEMORY),
            f"The heap of Worker {run.invocation.service!r} is limited to "
            f"{realm.memory_mb:g} MB (%limits --memory-mb); the next call gets a new one.",
        )
    # The Worker may set both, and they become the names of a class and of frames.
    name, stack = run.trace.redact(name), run.trace.redact(stack)
    error = stacks.make_error(name, text, stack, realm.files)
    stacks.set_properties(error, realm.host.own.pop(-number, None))
    if is_null:
        return with_notes(
            error,
            f"The Worker threw null, or its heap of {realm.memory_mb:g} MB was full "
            "(%limits --memory-mb): the engine throws null where not even an error has room.",
        )
    if name in ENGINE_ERRORS and error.stack:
        return with_notes(error, *_remedies(run, error))
    return error


def _is_nearly_full(realm: Any) -> bool:
    return bool(realm.machine.memory_bytes() > realm.memory_mb * 0.9e6)


def _remedies(run: Any, error: JavaScriptError) -> list[str]:
    """Return what to do about an error of the engine, by the line that it names."""
    innermost = stacks.frames_of(error.stack, _files(run))[:1]
    version = run.invocation.version
    if not innermost or version is None:
        return []
    lines = linecache.getlines(innermost[0].file)
    line = lines[innermost[0].line - 1] if 0 < innermost[0].line <= len(lines) else ""
    return remedies(str(error), line, "".join(lines), version.env)


def end_of(run: Any, stack: str, thrown: BaseException | None) -> BaseException:
    """Return what has cut a run, with the line where it did.

    stack: where, if known. thrown: what the handler had thrown.
    """
    trace = run.trace
    if not stack and isinstance(thrown, JavaScriptError):
        stack = thrown.stack
    frames = stacks.frames_of(stack, run.realm.files | _files(run))
    reason: BaseException = trace.aborted or trace.over_budget[run.invocation]
    if isinstance(reason, CpuLimitExceeded):
        reason.args = (PlatformText.CPU,)  # By default it is Python's own.
    if frames:
        innermost = frames[0]
        cut_in(reason, f"{innermost.file}:{innermost.line}, in {innermost.name}")
        if reason.__traceback__ is None:
            reason.__traceback__ = stacks.traceback_from(frames)
    return reason


def _files(run: Any) -> dict[str, str]:
    return {file: file for file in run.realm.files.values()}

"""Operations: records of an invocation's calls to stores."""

from __future__ import annotations

from typing import Any

from .invocations import Invocation

MAX_DETAIL = 300
"""How many characters of a key or of a statement an operation keeps."""


class Operation:
    """One call of an invocation to a store, which ran on the invocation's thread.

    `trace.operations` has them in the order in which they ran. caller: the invocation that made the
    call, and pays for it. binding: the name of the binding. noun, store: the kind and the name of
    the store. verb: the method. detail: the key or the statement, shortened. rows: how many rows or
    keys it read or wrote; None if that says nothing. failure: `Type: text` of its exception, or
    None. began_ns, ended_ns: wall clock.
    """

    __slots__ = (
        "_detail",
        "_failure",
        "began_ns",
        "binding",
        "caller",
        "ended_ns",
        "folded_ns",
        "noun",
        "rows",
        "store",
        "verb",
    )

    is_operation = True

    def __init__(
        self, caller: Invocation, binding: str, noun: str, store: str, verb: str, detail: str
    ) -> None:
        """Record an operation that has not begun."""
        self.caller = caller
        self.binding = binding
        self.noun = noun
        self.store = store
        self.verb = verb
        self.rows: int | None = None
        self.began_ns = self.ended_ns = 0
        self.folded_ns = 0
        # Redacted before it is shortened: a part of a secret is not known as one.
        self._detail = detail if len(detail) <= MAX_DETAIL else _shortened(caller, detail)
        self._failure: str | None = None

    @property
    def detail(self) -> str:
        """The key or the statement, with secrets redacted."""
        return str(self.caller.trace.redact(self._detail))

    @property
    def failure(self) -> str | None:
        """The exception that it raised, as `Type: text` with secrets redacted, or None."""
        return None if self._failure is None else str(self.caller.trace.redact(self._failure))

    @failure.setter
    def failure(self, text: str) -> None:
        most = 4 * MAX_DETAIL
        self._failure = text if len(text) <= most else _shortened(self.caller, text, most)

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of this operation, in ms; it is part of its caller's."""
        used: dict[Any, int] = self.caller.trace.metering.operations_ns
        return (used.get(self, 0) + self.folded_ns) / 1e6

    @property
    def wall_ms(self) -> float:
        """Duration, in ms of wall clock; 0 if it has not ended."""
        return (self.ended_ns - self.began_ns) / 1e6 if self.ended_ns else 0.0

    def __repr__(self) -> str:
        return f"<Operation {self.binding}.{self.verb}({self.detail}) of {self.caller.service}>"


def _shortened(caller: Invocation, text: str, most: int = MAX_DETAIL) -> str:
    """Return the beginning of a text, with secrets redacted."""
    return f"{str(caller.trace.redact(text))[:most]}…"

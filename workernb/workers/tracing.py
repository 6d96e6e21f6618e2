"""Spans of a Worker's own: `with self.ctx.tracing.enter_span("parse") as span: …`.

https://developers.cloudflare.com/workers/observability/traces/
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar, Token
from time import perf_counter_ns as wall_clock
from typing import Any

from .current import RunningInvocation

AttributeValue = str | int | float | bool | None

OWN_SPANS = 5
"""What the ids of spans that Workers begin start with."""

_active: ContextVar[Span | None] = ContextVar("workernb span", default=None)


class Span:
    """A part of an invocation's time, with a name that its Worker chose.

    began_ns, ended_ns: wall clock; ended_ns is 0 until it ends. attributes: by name. status: `ok`,
    `error` or `unset`. exceptions: the texts of recorded exceptions. parent: the span that it is
    in, or None. recorded: whether the trace has it: one keeps 1,000 spans.
    """

    def __init__(self, name: str, invocation: Any, parent: Span | None) -> None:
        """Begin a span of `invocation`."""
        self.name = name
        self.invocation = invocation
        self.parent = parent
        self.began_ns = wall_clock()
        self.ended_ns = 0
        self.attributes: dict[str, AttributeValue] = {}
        self.status = "unset"
        self.exceptions: list[str] = []
        self.recorded = True
        self.number = 0
        self._tokens: list[Token[Span | None]] = []

    @property
    def isTraced(self) -> bool:
        """Whether the trace has the span."""
        return self.recorded

    @property
    def wall_ms(self) -> float:
        """Duration, so far if it has not ended, in ms of wall clock."""
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    def setAttribute(self, name: str, value: AttributeValue) -> Span:
        """Set an attribute; None removes it. TypeError for a value that is no JSON scalar."""
        if value is not None and not isinstance(value, str | int | float | bool):
            raise TypeError(
                f"An attribute of a span is text, a number or a bool, not {type(value).__name__}."
            )
        if value is None:
            self.attributes.pop(name, None)
        else:
            self.attributes[name] = value
        return self

    def setAttributes(self, attributes: Mapping[str, AttributeValue]) -> Span:
        """Set several attributes."""
        for name, value in attributes.items():
            self.setAttribute(name, value)
        return self

    def recordException(self, error: BaseException | str) -> Span:
        """Note an exception, which does not end the span."""
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        self.exceptions.append(text)
        return self

    def setStatus(self, status: str | Mapping[str, str]) -> Span:
        """Set the status: `ok`, `error` or `unset`."""
        code = status if isinstance(status, str) else status.get("code", "unset")
        if code not in ("ok", "error", "unset"):
            raise ValueError(f"The status of a span is ok, error or unset, not {code!r}.")
        self.status = code
        return self

    def updateName(self, name: str) -> Span:
        """Change the name."""
        self.name = name
        return self

    def spanContext(self) -> dict[str, str]:
        """Return the ids of trace and span, in hexadecimal."""
        return {
            "traceId": self.invocation.trace.id,
            "spanId": f"{OWN_SPANS:04x}{self.number:012x}",
        }

    def end(self) -> None:
        """End the span; a further call changes nothing."""
        if not self.ended_ns:
            self.ended_ns = wall_clock()

    set_attribute = setAttribute
    set_attributes = setAttributes
    record_exception = recordException
    set_status = setStatus
    update_name = updateName
    span_context = spanContext

    # A `with` block makes it the active span, and ends it.

    def __enter__(self) -> Span:
        self._tokens.append(_active.set(self))
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        _active.reset(self._tokens.pop())
        if error is not None:
            self.recordException(error).setStatus("error")
        self.end()


class Tracing:
    """The spans of one invocation, `self.ctx.tracing`."""

    __slots__ = ("_invocation",)

    def __init__(self, invocation: RunningInvocation) -> None:
        """Make the tracing of `invocation`."""
        self._invocation = invocation

    def startSpan(self, name: str) -> Span:
        """Begin a span that is not active; `end()` ends it."""
        span: Span = self._invocation.start_span(name, self.getActiveSpan())
        return span

    def enterSpan(self, name: str, function: Callable[..., Any] | None = None, *args: Any) -> Any:
        """Call `function` with a new span, which is active meanwhile, and return its result.

        If that is awaitable, the span ends when it has been awaited. Without a function, the span
        is returned, for a `with` block.
        """
        span = self.startSpan(name)
        if function is None:
            return span
        token = _active.set(span)
        try:
            result = function(span, *args)
        except BaseException as error:
            span.recordException(error).setStatus("error").end()
            raise
        finally:
            _active.reset(token)
        if inspect.isawaitable(result):
            return self._awaited(span, result)
        span.end()
        return result

    async def _awaited(self, span: Span, result: Awaitable[Any]) -> Any:
        with span:
            return await result

    def getActiveSpan(self) -> Span | None:
        """Return the innermost span whose block runs; None outside of any."""
        span = _active.get()
        while span is not None and (span.ended_ns or span.invocation is not self._invocation):
            span = span.parent
        return span

    startActiveSpan = enterSpan
    start_span = startSpan
    start_active_span = enterSpan
    enter_span = enterSpan
    get_active_span = getActiveSpan

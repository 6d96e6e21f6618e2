"""Fetches: records of what Workers fetched from outside of the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter_ns as wall_clock

from .invocations import Invocation


@dataclass(eq=False, slots=True)
class Fetch:
    """One request that a Worker sent outside, by `fetch`; a redirect that it follows is another.

    invocation: that of the Worker. full_url: the URL as it was sent, which may contain secrets.
    began_ns, ended_ns: wall clock, from the call to the response; 0 before. status: that of the
    response, or None. failure: what was raised instead, as `Type: text`, or None.
    """

    invocation: Invocation
    method: str
    full_url: str
    began_ns: int
    ended_ns: int = 0
    status: int | None = None
    failure: str | None = None

    @property
    def url(self) -> str:
        """The URL, with secrets redacted."""
        return str(self.invocation.trace.redact(self.full_url))

    @property
    def exception(self) -> str | None:
        """What was raised instead of a response, with secrets redacted, or None."""
        return None if self.failure is None else str(self.invocation.trace.redact(self.failure))

    @property
    def wall_ms(self) -> float:
        """Duration until the response, so far if there is none yet, in ms of wall clock."""
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    @property
    def result(self) -> str:
        """The status, what was raised instead, or `running`."""
        return str(self.status) if self.status else (self.exception or "running")

    def __repr__(self) -> str:
        return f"<Fetch by {self.invocation.service}: {self.method} {self.url}: {self.result}>"

"""Chrome trace JSON: a trace for https://ui.perfetto.dev, which draws it on tracks.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace

_PROCESS = 1
_THREAD_TRACK = 1


def perfetto(trace: Trace) -> dict[str, Any]:
    """Return a trace as Chrome trace JSON: times are in microseconds since the request began.

    The first track is the thread's: who held it when, and for how much CPU. Below it each Worker
    has one, and more where its invocations overlap, with the calls as flows between them and its
    logs as instants. A counter has what is left of the CPU budget, or without one what was used.
    """
    return {"displayTimeUnit": "ms", "traceEvents": list(_Events(trace).all())}


class _Events:
    """The events of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._last_ns = trace.ended_ns or trace.last_stamp_ns
        self._tracks = _Tracks()
        for each in trace.invocations:
            self._tracks.place(each, self._begin_ns(each), self._end_ns(each))

    def all(self) -> Iterator[dict[str, Any]]:
        """Yield every event, the names of the tracks first."""
        yield self._named("process_name", 0, f"request {self._trace.number}: {self._trace.title}")
        yield self._named("thread_name", _THREAD_TRACK, f"thread {self._trace.thread_name}")
        for track, name in self._tracks.names():
            yield self._named("thread_name", track, name)
        yield from self._thread()
        for number, each in enumerate(self._trace.invocations, 1):
            yield self._invocation(each)
            if each.caller is not None:
                yield from self._flow(each, each.caller, number)
        for span in self._trace.spans:
            yield from self._own_span(span)
        for log in self._trace.logs:
            if log.invocation in self._tracks.track_of:
                yield self._log(log)

    def _named(self, kind: str, track: int, name: str) -> dict[str, Any]:
        return {"ph": "M", "name": kind, "pid": _PROCESS, "tid": track, "args": {"name": name}}

    def _thread(self) -> Iterator[dict[str, Any]]:
        """Yield who held the thread, and what that left of the budget."""
        budget_ms = self._trace.limits.cpu_ms
        counter = "CPU used (ms)" if budget_ms is None else "CPU budget left (ms)"
        used_ms = 0.0
        for each in self._trace.slices:
            operation = each.operation
            name = each.invocation if isinstance(each.invocation, str) else each.invocation.service
            if operation is not None:
                name = f"{name}: {operation.binding}.{operation.verb}"
            yield {
                **self._period(_THREAD_TRACK, each.begin_ns, each.end_ns),
                "name": name,
                "cat": "cpu" if operation is None else "store",
                "args": {"cpu_ms": each.cpu_ns / 1e6},
            }
            used_ms += each.cpu_ns / 1e6
            left = used_ms if budget_ms is None else max(0.0, budget_ms - used_ms)
            yield {
                "ph": "C", "name": counter, "pid": _PROCESS, "tid": _THREAD_TRACK,
                "ts": self._us(each.end_ns), "args": {"ms": left},
            }  # fmt: skip

    def _invocation(self, each: Invocation) -> dict[str, Any]:
        arguments = {
            "status": each.status,
            "outcome": each.outcome,
            "exception": each.exception,
            "cpu_ms": each.cpu_ms,
            "inclusive_cpu_ms": each.inclusive_cpu_ms,
            "version": None if each.version is None else each.version.number,
        }
        return {
            **self._period(self._tracks.track_of[each], self._begin_ns(each), self._end_ns(each)),
            "name": each.title,
            "cat": "invocation",
            "args": {name: value for name, value in arguments.items() if value is not None},
        }

    def _flow(self, each: Invocation, caller: Invocation, number: int) -> Iterator[dict[str, Any]]:
        """Yield the arrow from a caller to what it called."""
        shared = {
            "name": each.via or "call", "cat": "call", "id": number, "pid": _PROCESS,
            "ts": self._us(self._begin_ns(each)),
        }  # fmt: skip
        tracks = self._tracks.track_of
        yield {**shared, "ph": "s", "tid": tracks[caller]}
        yield {**shared, "ph": "f", "bp": "e", "tid": tracks[each]}

    def _own_span(self, span: Any) -> Iterator[dict[str, Any]]:
        """Yield a span that a Worker began itself; such spans may overlap."""
        redact = self._trace.redact
        shared = {
            "name": redact(span.name), "cat": "span", "id": span.number, "pid": _PROCESS,
            "tid": self._tracks.track_of.get(span.invocation, _THREAD_TRACK),
        }  # fmt: skip
        arguments = {
            redact(name): redact(value) if isinstance(value, str) else value
            for name, value in span.attributes.items()
        }
        yield {**shared, "ph": "b", "ts": self._us(span.began_ns), "args": arguments}
        yield {**shared, "ph": "e", "ts": self._us(span.ended_ns or self._last_ns)}

    def _log(self, log: Any) -> dict[str, Any]:
        return {
            "ph": "i", "s": "t", "name": log.text, "cat": log.level, "pid": _PROCESS,
            "tid": self._tracks.track_of[log.invocation], "ts": log.at_ms * 1000,
        }  # fmt: skip

    def _period(self, track: int, begin_ns: int, end_ns: int) -> dict[str, Any]:
        begin = self._us(begin_ns)
        return {
            "ph": "X", "pid": _PROCESS, "tid": track,
            "ts": begin, "dur": self._us(end_ns) - begin,
        }  # fmt: skip

    def _begin_ns(self, each: Invocation) -> int:
        return each.began_ns or self._last_ns

    def _end_ns(self, each: Invocation) -> int:
        return max(self._begin_ns(each), each.ended_ns or self._last_ns)

    def _us(self, ns: int) -> float:
        """Return a time of `perf_counter_ns` in microseconds since the request began."""
        return (ns - self._trace.began_ns) / 1000


class _Tracks:
    """Which track shows an invocation: those of one track nest, or follow each other.

    track_of: the track's number, by invocation.
    """

    def __init__(self) -> None:
        self.track_of: dict[Any, int] = {}
        # By service and track, when each invocation that is open there ends, the inner ones last.
        self._open: dict[str, dict[int, list[int]]] = {}
        self._number = _THREAD_TRACK

    def place(self, invocation: Invocation, begin_ns: int, end_ns: int) -> None:
        """Choose the track of an invocation; in the order in which they begin."""
        tracks = self._open.setdefault(invocation.service, {})
        number = self._free(tracks, begin_ns, end_ns)
        if number is None:
            self._number += 1
            number = self._number
        tracks.setdefault(number, []).append(end_ns)
        self.track_of[invocation] = number

    def _free(self, tracks: dict[int, list[int]], begin_ns: int, end_ns: int) -> int | None:
        """Return the first track on which a period nests in what is open, or follows it."""
        for number, ends in tracks.items():
            while ends and ends[-1] <= begin_ns:
                ends.pop()
            if not ends or end_ns <= ends[-1]:
                return number
        return None

    def names(self) -> Iterator[tuple[int, str]]:
        """Yield the tracks with their names: `auth`, `auth (2)`."""
        for service, tracks in self._open.items():
            for place, number in enumerate(tracks, 1):
                yield number, service if place == 1 else f"{service} ({place})"

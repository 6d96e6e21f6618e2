"""The requests that are kept, by their numbers."""

from __future__ import annotations

from workernb.errors import UsageError
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.traces import Trace


def find_trace(runtime: Runtime, wanted: int, who: str) -> Trace:
    """Return the trace of a number; -1 is the last one, -2 the last but one.

    Raises UsageError, in the name of `who`, when there is none.
    """
    traces = runtime.traces
    if not traces:
        raise UsageError(f"{who} has nothing to show yet: make a request first, %fetch NAME.")
    if wanted < 0 and -wanted <= len(traces):
        return traces[wanted]
    for trace in traces:
        if trace.number == wanted:
            return trace
    first, last = traces[0].number, traces[-1].number
    kept = f"there are {first} to {last}" if first < last else f"there is only {first}"
    raise UsageError(f"There is no request {wanted}; {kept}.")

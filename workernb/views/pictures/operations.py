"""Calls to stores as text: which, key or statement, rows, time."""

from __future__ import annotations

from collections.abc import Sequence

from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.operations import Operation
from workernb.views.drawing.text import one_line

MAX_SHOWN = 20
"""How many operations of an invocation or of a request are listed."""


def describe_operation(operation: Operation) -> str:
    """Return an operation on one line: `CACHE.get('a') · 1 row · 0.04 ms`."""
    detail = operation.detail
    parts = [
        f"{operation.binding}.{operation.verb}({one_line(repr(detail), 120) if detail else ''})"
    ]
    if operation.rows is not None:
        parts.append(f"{operation.rows:,} row{'s' * (operation.rows != 1)}")
    parts.append(ms(operation.cpu_ms))
    if operation.failure is not None:
        parts.append(one_line(operation.failure, 200))
    return " · ".join(parts)


def list_operations(operations: Sequence[Operation]) -> list[tuple[Operation, str]]:
    """Return the first operations, each with its line; the last line says how many are left out."""
    lines = [(each, describe_operation(each)) for each in operations[:MAX_SHOWN]]
    omitted = operations[MAX_SHOWN:]
    if omitted:
        used = sum(each.cpu_ms for each in omitted)
        text = f"… and {len(omitted):,} more calls to stores · {ms(used)}"
        lines.append((omitted[0], text))
    return lines

"""Tails: finished requests are handed to the Workers that are named by `--tail`.

https://developers.cloudflare.com/workers/observability/logs/tail-workers/
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from workernb.runtime.events.tail import NAME, TAIL, trace_item
from workernb.runtime.execution.dispatch import TopLevelCall
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace


def deliver(runtime: Any, trace: Trace) -> None:
    """Call the tail handlers that want a request which has ended, each as a request of its own.

    A consumer gets the invocations of the Workers that name it, and those that they called. The
    request of a tail handler is not handed on: it would have no end. If it has failed, the cell's
    output says so, as nobody awaits it.
    """
    tail = trace.invocations[0]
    if tail.event == NAME:
        if trace.exception is not None:
            failed = f"The tail handler of Worker {tail.service!r} failed: {trace.exception}"
            trace.echo.write(f"{failed} (%trace {trace.number})\n")
        return
    for consumer, invocations in _wanted(trace).items():
        service = runtime.services.get(consumer)
        entrypoint = None if service is None else service.entrypoints.get("Default")
        if entrypoint is None or asyncio._get_running_loop() is None:
            continue
        items = [trace_item(invocation) for invocation in invocations]
        limits = runtime.limits_of(service.version)
        # Not awaited: it begins by itself, and what it raises is in its trace.
        TopLevelCall(runtime, TAIL, entrypoint, items, limits, True, sys.stdout)


def _wanted(trace: Trace) -> dict[str, list[Invocation]]:
    wanted: dict[str, list[Invocation]] = {}
    consumers: dict[Invocation, frozenset[str]] = {}
    for invocation in trace.invocations:
        if invocation.is_message:
            continue
        own = frozenset(_tails(invocation))
        above = invocation.caller
        if above is not None and above.is_message:
            above = above.caller
        consumers[invocation] = own if above is None else own | consumers.get(above, frozenset())
        for consumer in sorted(consumers[invocation]):
            wanted.setdefault(consumer, []).append(invocation)
    return wanted


def _tails(invocation: Invocation) -> Iterator[str]:
    if invocation.version is not None:
        yield from invocation.version.definition.tails

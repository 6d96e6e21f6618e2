"""Where a Worker's `fetch` leads: to the Worker with a route for the URL, or outside.

https://developers.cloudflare.com/workers/runtime-apis/fetch/
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from time import perf_counter_ns as wall_clock
from typing import Any
from weakref import WeakSet

from workernb.errors import (
    CpuLimitError,
    HandlerError,
    NetworkError,
    Termination,
    UsageError,
    did_you_mean,
    format_error,
    with_notes,
)
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.runtime.enforcement.budget import take_subrequest
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.execution.bodies import send_request_body, send_stream
from workernb.runtime.execution.hop import FailedCall, invoke
from workernb.runtime.execution.outside import OutsideChunks
from workernb.runtime.services.deployments import OVERRIDES
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.fetches import Fetch
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import log, warn
from workernb.runtime.tracing.tracebacks import raised_position
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

from .entrypoints import MissingEntrypoint

Outbound = Callable[[Request], Awaitable[Response]]
"""An outbound service: an async function from the request to the response."""

INTERNET = "internet"

MAX_WAITING = 6
"""How many fetches of a top-level request wait for a response at once; more of them queue."""

MAX_LOOP = 16
"""How many invocations by URL may be nested, as on the platform."""


def check_outbound(value: object) -> None:
    """Raise UsageError for an object that cannot be an outbound service."""
    if value is None or value == INTERNET or callable(value):
        return
    raise with_notes(
        UsageError(f'outbound is "internet", None, a handle, or an async function: not {value!r}.'),
        did_you_mean(value, [INTERNET]) if isinstance(value, str) else None,
    )


async def fetch_worker(
    caller: Invocation, target: Target, services: Mapping[str, Service], request: Request
) -> Response:
    """Call the Worker that a URL leads to, and return what an outsider would get from it.

    Its exceptions are an answer with status 500, as between servers. Raises LimitError if a limit
    forbids the call.
    """
    if _invocations_by_url(caller) >= MAX_LOOP:
        warn(caller.trace, caller, f"{MAX_LOOP} Workers have fetched one another by URL: a loop?")
        return _page(request, PlatformText.LOOP_LIMIT, 500)
    service = services[target.service]
    entrypoint: Any = service.entrypoints.get(target.entrypoint)
    if entrypoint is None:
        entrypoint = MissingEntrypoint("fetch", target, caller.service, service.version, services)
    invocation = Invocation(
        caller.trace, caller, None, entrypoint, request._method, request._url, caller.depth + 1
    )
    if OVERRIDES in request._fields:
        invocation.ensure_extras().overrides = request._fields[OVERRIDES]
    invocation.note_request_fields(request._fields)
    if isinstance(request._data, ReadableStream):
        send_request_body(caller, invocation, request)
    call = invoke(invocation, entrypoint, FETCH, request)
    if isinstance(call, FailedCall):
        return await call  # type: ignore[no-any-return]
    try:
        return await call  # type: ignore[no-any-return]
    except CpuLimitError:
        return _page(request, PlatformText.CPU_PAGE, 503)
    except (asyncio.CancelledError, GeneratorExit, Termination):
        raise
    except BaseException as error:
        # A Worker may raise an exception of any class; its text is on the invocation already.
        place = raised_position(error)
        text = invocation.exception or type(error).__name__
        log(caller.trace, invocation, "error", f"{text} ({place})" if place else text)
        return _page(request, PlatformText.INTERNAL, 500)


def _invocations_by_url(invocation: Invocation | None) -> int:
    """Return how many of an invocation and its callers were called by URL."""
    count = 0
    while invocation is not None:
        count += invocation.caller is not None and invocation.binding is None
        invocation = invocation.caller
    return count


def _page(request: Request, text: str, status: int) -> Response:
    return Response(text, status)._send(request._url)


async def fetch_outside(
    caller: Invocation, outbound: Outbound | None, request: Request
) -> Response:
    """Send a request to an outbound service, and record it in the trace.

    Returns when the headers have arrived: the body may still be on its way. Raises NetworkError
    without a service or a response, and LimitError after too many subrequests.
    """
    trace: Trace = caller.trace
    refusal = take_subrequest(trace)
    if refusal is not None:
        raise refusal
    fetch = Fetch(caller, request.method.value, request._url, wall_clock())
    trace.add_fetch(fetch)
    try:
        if outbound is None:
            raise _no_outbound(fetch)
        if isinstance(request._data, ReadableStream):
            request._data = send_stream(caller, request._data)
        if trace.connections is None:
            trace.connections = asyncio.Semaphore(MAX_WAITING)
        async with trace.connections:
            response = await _in_own_task(outbound, request)
        fetch.status = response._status
        if isinstance(response._data, ReadableStream):
            outside = trace.outside if isinstance(trace.outside, WeakSet) else WeakSet()
            outside.add(response._data._chunks)
            trace.outside = outside
        return response
    except BaseException as error:
        fetch.failure = format_error(error)
        raise
    finally:
        fetch.ended_ns = wall_clock()


def _no_outbound(fetch: Fetch) -> NetworkError:
    return with_notes(
        NetworkError(PlatformText.CONNECTION_LOST),
        f"fetch({fetch.url!r}): no Worker has a route for this URL, and outbound is off. "
        "%outbound internet lets it out.",
    )


async def _in_own_task(outbound: Outbound, request: Request) -> Response:
    """Await an outbound service in a task that is not the Worker's.

    So neither its CPU nor the tasks that it makes are the Worker's, and a cut cannot fall into it.
    When the Worker is cancelled, the task is.
    """
    task = asyncio.Task(
        _call(outbound, request), loop=asyncio.get_running_loop(), context=Context()
    )
    try:
        # Shielded, so that the Worker need not wait for a task that refuses to end.
        return await asyncio.shield(task)
    except NetworkError as error:
        raise error.with_traceback(None) from None
    finally:
        task.cancel()


async def _call(outbound: Outbound, request: Request) -> Response:
    response = await outbound(request)
    if not isinstance(response, Response):
        name = getattr(outbound, "__name__", type(outbound).__name__)
        raise with_notes(
            HandlerError(PlatformText.NOT_A_RESPONSE),
            f"The outbound service {name} gave back {type(response).__name__}; "
            "it must return a Response.",
        )
    if not response._received:
        response = response._send(request._url)
    if isinstance(response._data, ReadableStream):
        response._data = ReadableStream(OutsideChunks(response._data._take()))
    return response

"""Fixtures and handlers that the tests of the runtime share."""

from __future__ import annotations

import asyncio
import gc
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

import workernb

HEAD = """\
import asyncio, time
from workers import Request, Response, WorkerEntrypoint

def burn(ms):
    # Prints the CPU time (ms) that it used, which may exceed `ms` on a busy host.
    began = now = time.thread_time_ns()
    while now - began < ms * 1e6:
        now = time.thread_time_ns()
    print((now - began) / 1e6)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""

AUTH = """
if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
    return Response("Request allowed", status=200)
return Response("x-custom-token does not match, request not allowed", status=403)
"""

GATEWAY = """
response = await self.env.AUTH.fetch(request)
if response.status != 200:
    return response
return Response("data")
"""

OVERRIDES_HEADER = "Cloudflare-Workers-Version-Overrides"
KEY_HEADER = "Cloudflare-Workers-Version-Key"

FORWARD = "return await self.env.AUTH.fetch(request)"
"""The body of a handler that forwards its request over the binding AUTH."""

Define = Callable[..., workernb.Handle]


def worker(body: str) -> str:
    """Return the source of a Worker with this body of its fetch handler."""
    return HEAD + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)


def respond(text: str) -> str:
    """Return the body of a handler that responds with `text`."""
    return f"return Response({text!r})"


CLEANS_UP = """
async def work():
    try:
        yield b"x"
        yield b"y"
    finally:
        await asyncio.sleep(0)
        print("cleaned up")
return Response(work())
"""
"""The body of a handler whose response's body cleans up after its producer."""


def printed(trace: workernb.Trace) -> list[str]:
    """Return what Workers printed."""
    return [log.text for log in trace.logs if log.level == "log"]


def outcomes(trace: workernb.Trace) -> dict[str, str | None]:
    """Return the outcomes of the invocations by service."""
    return {invocation.service: invocation.outcome for invocation in trace.invocations}


async def gone(runtime: workernb.Runtime) -> workernb.Trace:
    """Wait until no request is in flight, and return the last one's trace."""
    while runtime.in_flight:  # noqa: ASYNC110 - what ends it sets no event
        await asyncio.sleep(0.001)
    return runtime.traces[-1]


async def fetch_text(handle: workernb.Handle, *resource: Any, **init: Any) -> str:
    """Fetch, and return the text of the answer."""
    return await (await handle.fetch(*resource, **init)).text()


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    gc.collect()  # The modules of an earlier runtime would keep their file names.
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def define(runtime: workernb.Runtime) -> Define:
    """Define a Worker by the body of its fetch handler; by default it responds with `x`.

    Upper-case keywords are its Service bindings, the others its settings.
    """

    def define(name: str, body: str = respond("x"), **settings: Any) -> workernb.Handle:
        bindings = {key: settings.pop(key) for key in list(settings) if key.isupper()}
        services = settings.pop("services", {}) | bindings
        return runtime.define(name, worker(body), services=services, **settings)

    return define


@pytest.fixture
def gateway(define: Define) -> workernb.Handle:
    """Return a gateway that asks a private auth Worker about each request."""
    define("auth", AUTH, secrets={"SECRET_TOKEN": "s3cret"})
    return define("gateway", GATEWAY, AUTH="auth")


@pytest.fixture
def auth(define: Define) -> workernb.Handle:
    """Return an auth Worker that suspends once and answers with the URL of its request."""
    return define("auth", "await asyncio.sleep(0)\nreturn Response(request.url)")


@pytest.fixture
async def loop_errors() -> list[dict[str, Any]]:
    """Return the list to which the loop's exception handler adds what it is called with."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    return errors


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Run the loop until a condition holds."""

    async def until(condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 - what ends it sets no event
            await asyncio.sleep(0.0005)

    return until

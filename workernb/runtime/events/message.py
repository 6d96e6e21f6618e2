"""The events of a WebSocket that a Worker has accepted: messages, the end, an error.

They are handled within the invocation that has accepted it, and recorded as invocations of their
own, so that a trace shows what each message has cost and called.
https://developers.cloudflare.com/workers/runtime-apis/websockets/
"""

from __future__ import annotations

from typing import Any

from workernb.runtime.tracing.extras import SharedExtras
from workernb.runtime.tracing.invocations import Invocation

from .event import Event


def _result(returned: Any, event: Any, invocation: Invocation) -> None:
    """Return None: what a listener returns is ignored."""


MESSAGE = Event("message", _result)


def handling_of(connection: Invocation, event: Any) -> Invocation:
    """Return the invocation by which `connection` handles an event of its WebSocket."""
    kind = type(connection)  # That of a Durable Object's is another.
    handling = kind(
        connection.trace, connection, event.type, connection, event.type, event.describe(),
        connection.depth,
    )  # fmt: skip
    handling.extras = SharedExtras(connection.ensure_extras())
    return handling

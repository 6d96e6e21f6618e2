"""Extras: attributes that few invocations have."""

from __future__ import annotations

import asyncio
from typing import Any

from workernb.runtime.services.deployments import Deployment


class Extras:
    """Attributes that few invocations have, in a separate object to keep the others small.

    bodies: the streams that its code produces, and others read. buffered: how many bytes its clones
    have buffered at most. claimed: whether the call was wrapped in a task. deployment: what the
    version was chosen from. failure: outcome and exception text. overrides: the request's header
    that requests versions. passed_through: the request that the origin answers if the handler
    fails, or None. props: those of the binding. received: the chunks of its request's body if that
    is a stream, and was not sent on. redirect: the request, if its response is a redirect that is
    followed. redirects: how many were followed before. request_fields: the headers, for a tail.
    returned: whether its handler has. rpc: the stubs that it holds. task: the task in which the
    call began, if its caller did not await it in time. tasks: the pending tasks that its code made,
    with the coroutine or invocation that each of them runs.
    """

    # Class-level defaults: an object is made for each invocation that needs any of these.
    bodies: set[Any] | frozenset[Any] = frozenset()
    buffered = 0
    claimed = False
    passed_through: Any = None
    received: Any = None
    redirect: Any = None
    redirects = 0
    request_fields: Any = None
    returned = False
    deployment: Deployment | None = None
    failure: tuple[str, str] | None = None
    overrides: str | None = None
    rpc: Any = None
    task: asyncio.Task[Any] | None = None
    _props: dict[str, Any] | None = None
    _tasks: dict[asyncio.Future[Any], object] | None = None

    @property
    def props(self) -> dict[str, Any]:
        """The props of the binding."""
        if self._props is None:
            self._props = {}
        return self._props

    @props.setter
    def props(self, props: dict[str, Any]) -> None:
        self._props = props

    @property
    def tasks(self) -> dict[asyncio.Future[Any], object]:
        """The pending tasks that its code made."""
        if self._tasks is None:
            self._tasks = {}
        return self._tasks


class SharedExtras(Extras):
    """Those of the handling of a WebSocket's event, which shares much with its connection.

    Tasks that it has made, stubs that it holds and props are the connection's, and live as long.
    """

    def __init__(self, connection: Extras) -> None:
        """Share with `connection`, the extras of the invocation that has accepted the WebSocket."""
        self._connection = connection

    @property
    def tasks(self) -> dict[asyncio.Future[Any], object]:
        """The pending tasks of the connection."""
        return self._connection.tasks

    @property  # type: ignore[misc]
    def props(self) -> dict[str, Any]:
        """The props of the binding."""
        return self._connection.props

    @property
    def rpc(self) -> Any:
        """The stubs that the connection holds."""
        return self._connection.rpc

    @rpc.setter
    def rpc(self, context: Any) -> None:
        self._connection.rpc = context

"""WebSockets that a Durable Object has accepted with `ctx.acceptWebSocket`.

They stay connected while the object is not in memory. What arrives at one is an event of the
object, which is made anew for it, and a request of its own.
https://developers.cloudflare.com/durable-objects/best-practices/websockets/
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

from workernb.errors import with_notes
from workernb.http.websockets import (
    CloseEvent,
    MessageEvent,
    WebSocket,
    WebSocketRequestResponsePair,
)
from workernb.http.websockets.events import Event
from workernb.runtime.events.web_socket import SOCKET_EVENTS, SocketEvent
from workernb.runtime.execution.dispatch import finish
from workernb.runtime.schedules import call_entrypoint
from workernb.texts import PlatformText

from .storage.serialized import deserialize, serialize

MAX_TAGS = 10
MAX_TAG = 256
"""How many tags an end may have, and how many characters a tag."""

MAX_CONNECTIONS = 32_768
"""How many ends an object may have accepted at a time, as on the platform."""

WebSocket.pack = staticmethod(serialize)
WebSocket.unpack = staticmethod(deserialize)


class HibernatingEnd:
    """What has accepted an end: an object, whether it is in memory or not. See `Holder`.

    answered: when the object's automatic response was last sent, or None. on_end: called when the
    connection has ended.
    """

    hibernates = True

    def __init__(self, sockets: ObjectSockets, socket: WebSocket, tags: Sequence[str]) -> None:
        """Accept `socket` on the loop that runs."""
        self.socket = socket
        self.tags = tags
        self.answered: datetime | None = None
        self.on_end: list[Callable[[], None]] = []
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()

    def check(self) -> None:
        """Do nothing: every event of the object may use it."""

    def post(self, event: Event) -> None:
        """Have an event handled at the loop's next iteration. May be called from any thread."""
        with contextlib.suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self._arrive, event, context=Context())

    def closed(self) -> None:
        """Forget the end: the connection has ended in both directions."""
        self._sockets.forget(self)
        for callback in self.on_end:
            callback()
        self.on_end.clear()

    def begin(self, event: MessageEvent) -> None:
        """Do nothing: messages are handed to the object's handler, and none to an iteration."""

    def end(self, handling: None) -> None:
        """Do nothing."""

    def _arrive(self, event: Event) -> None:
        socket = self.socket
        if isinstance(event, MessageEvent):
            if socket._end is not None:
                return
            socket._in.handled(event)
            if self._is_answered(event):
                return
        else:
            socket._take_event(event)
        self._deliver(event)
        if isinstance(event, CloseEvent):
            self.closed()

    def _is_answered(self, event: MessageEvent) -> bool:
        """Send the object's automatic response, if the message is the one that it is for."""
        pair = self._sockets.answer
        if pair is None or event.body != pair.request:
            return False
        self.answered = datetime.now(UTC)
        self.socket.send(pair.response)
        return True

    def _deliver(self, event: Event) -> None:
        """Begin the object's event; nothing where its class has no handler of it."""
        call = self._sockets.call(SocketEvent(self.socket, event))
        if call is not None:
            task = self._loop.create_task(finish(call))
            self._tasks.add(task)  # The loop has only a weak reference to it.
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # That is in the request's trace.

    def disconnect(self) -> None:
        """End the connection, as if it was lost."""
        self.socket._disconnect()
        self.closed()


class ObjectSockets:
    """The ends that one object has accepted. answer: its automatic response, or None.

    version: that of the object which has accepted the first of them. timeout_ms: what was set as
    how long an event may take; it is kept, and no limit here.
    """

    def __init__(self, runtime: Any, entrypoint: Any, version: Any) -> None:
        """Begin without ends."""
        self.version = version
        self.answer: WebSocketRequestResponsePair | None = None
        self.timeout_ms: int | None = None
        self._ends: list[HibernatingEnd] = []
        self._runtime = runtime
        self._entrypoint = entrypoint

    def accept(self, socket: WebSocket, tags: Iterable[str]) -> None:
        """Accept an end. Raises TypeError for what is none, and for too many tags, or too long."""
        found = list(dict.fromkeys(str(tag) for tag in tags))
        if not isinstance(socket, WebSocket):
            raise with_notes(
                TypeError("acceptWebSocket() takes a WebSocket."),
                "Pass an end of a WebSocketPair, and return the other one.",
            )
        if len(found) > MAX_TAGS:
            raise TypeError(PlatformText.SOCKET_TAGS.format(most=MAX_TAGS))
        for tag in found:
            if len(tag) > MAX_TAG:
                raise TypeError(PlatformText.SOCKET_TAG.format(tag=tag, most=MAX_TAG))
        if socket._holder is not None:
            raise TypeError(PlatformText.SOCKET_ACCEPTED_BEFORE)
        if len(self._ends) >= MAX_CONNECTIONS:
            raise TypeError(f"An object has at most {MAX_CONNECTIONS:,} WebSockets at a time.")
        socket._accept(end := HibernatingEnd(self, socket, found))
        self._ends.append(end)

    def open(self, tag: str | None) -> list[WebSocket]:
        """Return the ends that are connected, or those of them with a tag."""
        return [end.socket for end in self._ends if tag is None or str(tag) in end.tags]

    def end_of(self, socket: WebSocket) -> HibernatingEnd:
        """Return what has accepted an end; TypeError if this object has not."""
        holder = getattr(socket, "_holder", None)
        if not isinstance(holder, HibernatingEnd):
            raise TypeError(PlatformText.SOCKET_NOT_HIBERNATING)
        return holder

    def forget(self, end: HibernatingEnd) -> None:
        """Drop an end whose connection has ended."""
        if end in self._ends:
            self._ends.remove(end)

    def call(self, event: SocketEvent) -> Any:
        """Return the request that hands an event to the object; None without a handler of it."""
        kind, entrypoint = SOCKET_EVENTS[event.event.type], self._entrypoint
        found, version = entrypoint.object_class(), entrypoint.version
        if found is None or version is None or kind.name not in found.events:
            return None
        why = f"{event.event.describe()} at a WebSocket"
        return call_entrypoint(self._runtime, entrypoint, version, kind, event, why)

    def disconnect(self) -> None:
        """End all connections: the object's memory is lost, or its code is another."""
        for end in list(self._ends):
            end.disconnect()

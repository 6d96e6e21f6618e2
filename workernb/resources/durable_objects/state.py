"""`ctx` of a Durable Object.

https://developers.cloudflare.com/durable-objects/api/state/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from workernb.errors import DurableObjectError, did_you_mean, with_notes
from workernb.http.websockets import WebSocket, WebSocketRequestResponsePair
from workernb.texts import PlatformText
from workernb.workers.current import running
from workernb.workers.durable_objects import DurableObjectAbort

from .hibernation import ObjectSockets
from .ids import DurableObjectId
from .instances import Instance
from .storage.storage import DurableObjectStorage

T = TypeVar("T")

MAX_TIMEOUT_MS = 604_800_000
"""The longest timeout (ms) that can be set for events of WebSockets: seven days."""


class DurableObjectState:
    """The context of one object, `self.ctx`. id: a DurableObjectId. storage: what it keeps."""

    def __init__(
        self,
        instance: Instance,
        object_id: DurableObjectId,
        now: Callable[[], float],
        sockets: Callable[[], ObjectSockets],
    ) -> None:
        """Make the context of an object. now: the time, in s since the epoch.

        sockets: returns the WebSockets that the object has accepted with `acceptWebSocket`.
        """
        self.id = object_id
        self._sockets = sockets
        self.storage = DurableObjectStorage(instance.storage, instance.hold, now)
        self._instance = instance

    @property
    def props(self) -> Any:
        """The props of the running event: `{}`, since a namespace has none."""
        return running().props

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints and classes, as bindings."""
        return running().exports

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:
        """Go on until `awaitable` is done: here that is 30 s (wall clock) at most.

        The object stays in memory in any case while its tasks run.
        """
        running().wait_until(awaitable)

    def blockConcurrencyWhile(self, callback: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """Await a coroutine function, during which no other event of the object begins or goes on.

        It begins at once, so that a constructor can call it without await. An exception of it, or
        more than 30 s (wall clock), resets the object. Raises TypeError for what is no function.
        """
        if not callable(callback):
            raise with_notes(
                TypeError("blockConcurrencyWhile() takes a coroutine function."),
                "Pass the function itself, without calling it: blockConcurrencyWhile(self.load)",
            )
        return self._instance.hold(callback, breaks=True)

    def abort(self, reason: object = None, options: Any = None) -> NoReturn:
        """Reset the object: its memory is lost, its events end with the reason, its storage stays.

        What was written so far is stored. Callers get a DurableObjectError whose text is `reason`.
        """
        text = PlatformText.OBJECT_ABORT if reason is None else str(reason)
        retries = not (isinstance(options, dict) and options.get("retryAlarm") is False)
        self._instance.storage.depth = 0
        self._instance.storage.commit()
        error = DurableObjectError(text)
        error.retries_alarm = retries  # type: ignore[attr-defined]
        self._instance.reset(error)
        raise DurableObjectAbort(text)

    # WebSockets: https://developers.cloudflare.com/durable-objects/api/state/

    def acceptWebSocket(self, ws: WebSocket, tags: Iterable[str] = ()) -> None:
        """Accept an end of a WebSocket, which stays connected while the object hibernates.

        What arrives is given to `webSocketMessage(ws, message)`, `webSocketClose(ws, code, reason,
        wasClean)` and `webSocketError(ws, error)`. tags: 10 at most, of 256 characters at most.
        """
        self._sockets().accept(ws, tags or ())

    def getWebSockets(self, tag: str | None = None) -> list[WebSocket]:
        """Return the ends that are connected, or those of them with a tag."""
        return self._sockets().open(tag)

    def getTags(self, ws: WebSocket) -> list[str]:
        """Return the tags of an end."""
        return list(self._sockets().end_of(ws).tags)

    def setWebSocketAutoResponse(self, pair: WebSocketRequestResponsePair | None = None) -> None:
        """Answer one message with another, without the object; None: no more."""
        if pair is not None and not isinstance(pair, WebSocketRequestResponsePair):
            raise TypeError("setWebSocketAutoResponse() takes a WebSocketRequestResponsePair.")
        self._sockets().answer = pair

    def getWebSocketAutoResponse(self) -> WebSocketRequestResponsePair | None:
        """Return the pair that was set, or None."""
        return self._sockets().answer

    def getWebSocketAutoResponseTimestamp(self, ws: WebSocket) -> datetime | None:
        """Return when an end was last answered so; None if it never was."""
        return self._sockets().end_of(ws).answered

    def setHibernatableWebSocketEventTimeout(self, timeoutMs: int | None = None) -> None:
        """Keep how long (ms) an event may take, at most 604,800,000. It is no limit here."""
        if timeoutMs is not None and not 0 <= timeoutMs <= MAX_TIMEOUT_MS:
            raise ValueError(f"The timeout is from 0 to {MAX_TIMEOUT_MS} ms, not {timeoutMs}.")
        self._sockets().timeout_ms = timeoutMs or None

    def getHibernatableWebSocketEventTimeout(self) -> int | None:
        """Return the timeout that was set, in ms; or None."""
        return self._sockets().timeout_ms

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = ["id", "storage", *(each for each in vars(type(self)) if each[0] != "_")]
        text = f"The ctx of a Durable Object has no {name!r}; it has {', '.join(known)}."
        raise with_notes(AttributeError(text, name=name, obj=self), did_you_mean(name, known))

    def __repr__(self) -> str:
        return f"<ctx of {self.id!r}>"

"""WebSocket: one end of a connection.

https://developers.cloudflare.com/workers/runtime-apis/websockets/
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Protocol, TypeVar

from workernb.errors import with_notes
from workernb.http.source import BodySource
from workernb.http.text import scalar
from workernb.texts import PlatformText

from .events import ABNORMAL, NO_STATUS, TOO_LARGE, CloseEvent, ErrorEvent, Event, MessageEvent
from .lane import MAX_WAITING, Holder, Lane

MAX_MESSAGE = 32 * 1024 * 1024
"""The largest message (bytes), as on the platform; the connection is closed with 1009 beyond."""

MAX_ATTACHMENT = 16_384
"""The largest value (bytes) that can be kept with a connection."""

MAX_REASON = 123
"""The longest reason of a close (bytes)."""

CONNECTING, OPEN, CLOSING, CLOSED = range(4)
Listener = Callable[[Any], Any]
T = TypeVar("T", bound="WebSocket")
_TYPES = ("open", "message", "close", "error")


class ReadingHolder(Holder, Protocol):
    """A holder that is told of what an iteration takes."""

    def begin(self, event: MessageEvent) -> object:
        """Note that a message was taken by an iteration; return what `end` gets."""

    def end(self, handling: Any) -> None:
        """Note that the iteration asks for the next message, or has ended."""


class WebSocket:
    """One end of a connection: `accept` it, then `send`, `close`, listen to events or iterate.

    `async for message in socket` gives each message as text or bytes, and ends with the connection.
    An end that was put into a Response moves to whoever receives that.
    """

    CONNECTING, OPEN, CLOSING, CLOSED = CONNECTING, OPEN, CLOSING, CLOSED
    READY_STATE_CONNECTING, READY_STATE_OPEN = CONNECTING, OPEN
    READY_STATE_CLOSING, READY_STATE_CLOSED = CLOSING, CLOSED

    __slots__ = (
        "__weakref__",
        "_arrived",
        "_attachment",
        "_binary_type",
        "_closed_by_other",
        "_closed_here",
        "_end",
        "_holder",
        "_in",
        "_listeners",
        "_moved",
        "_on",
        "_out",
        "_waiter",
        "protocol",
    )

    make_holder: ClassVar[Callable[[WebSocket], Any]]
    """Returns the holder of an end that is being accepted; the runtime sets it."""

    pack: ClassVar[Callable[[Any], bytes]]
    unpack: ClassVar[Callable[[bytes], Any]]
    """Copy a value to bytes, and back; what has the stores sets them."""

    def __init__(self, url: object = None, *ignored: Any) -> None:
        """Raise TypeError: ends are made by WebSocketPair, and received in responses."""
        raise with_notes(
            TypeError(PlatformText.ILLEGAL_CONSTRUCTOR),
            "Connect with fetch: response = await env.CHAT.fetch(url, "
            'headers={"Upgrade": "websocket"}), then socket = response.web_socket.',
        )

    def _begin(self, incoming: Lane, outgoing: Lane) -> None:
        self._in = incoming
        self._out = outgoing
        self._holder: Any = None
        self._moved = False
        self._closed_here = self._closed_by_other = False
        self._end: CloseEvent | None = None
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._on: dict[str, Listener | None] = {}
        self._arrived: deque[MessageEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._binary_type = "blob"
        self._attachment: bytes | None = None
        self.protocol = ""

    # What its user does

    def accept(self, options: object = None) -> None:
        """Begin to receive here; before, an end can neither send nor be closed.

        Raises TypeError for an end that was sent away in a response, or that hibernates.
        """
        if self._moved:
            raise TypeError(PlatformText.SOCKET_MOVED_ACCEPT)
        if self._holder is None:
            self._accept(type(self).make_holder(self))
        elif self._holder.hibernates:
            raise TypeError(PlatformText.SOCKET_HIBERNATES)

    def _accept(self, holder: Any) -> None:
        """Begin to receive for a holder. Raises TypeError for an end that was sent away."""
        if self._moved:
            raise TypeError(PlatformText.SOCKET_MOVED_ACCEPT)
        self._holder = holder
        self._in.open(holder)

    def send(self, message: object) -> None:
        """Send a message: text, or bytes; anything else as its text.

        Raises TypeError before `accept` and after `close`. One to an end that is gone is dropped.
        """
        self._check_accepted()
        if self._closed_here:
            raise TypeError(PlatformText.SOCKET_SEND_AFTER_CLOSE)
        if self._closed_by_other:
            return
        body = _body(message)
        size = len(body)
        if size > MAX_MESSAGE or (
            isinstance(body, str) and 4 * size > MAX_MESSAGE and len(body.encode()) > MAX_MESSAGE
        ):
            self._close(TOO_LARGE, PlatformText.SOCKET_TOO_LARGE)
        elif self._out.size + size > MAX_WAITING:
            self._disconnect()
        else:
            self._out.put(MessageEvent(body))

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection: the other end is told, and what was sent before still arrives.

        Raises TypeError before `accept`; ValueError for a code that an end may not send, for a
        reason without a code, and for one of more than 123 bytes.
        """
        code = _checked_code(code, reason)
        self._check_accepted()
        self._close(code, scalar(str(reason)) if reason else "")

    def _close(self, code: int, reason: str) -> None:
        """Close the connection with any code."""
        if not self._closed_here:
            self._closed_here = True
            self._out.put(CloseEvent(code, reason))
            if self._closed_by_other:
                self._holder.closed()

    def add_event_listener(self, type: str, listener: Listener, options: object = None) -> None:
        """Have `listener` called with each event of a type: `message`, `close` or `error`.

        What it returns is awaited if it can be. An exception ends the connection.
        """
        if callable(getattr(listener, "handleEvent", None)) and not callable(listener):
            listener = listener.handleEvent
        if not callable(listener):
            raise TypeError(f"A listener is callable; {type!r} was given {listener!r:.60}.")
        self._listeners.setdefault(str(type), {})[listener] = None

    def remove_event_listener(self, type: str, listener: Listener, options: object = None) -> None:
        """Undo `add_event_listener`."""
        self._listeners.get(str(type), {}).pop(listener, None)

    addEventListener = add_event_listener
    removeEventListener = remove_event_listener

    def serializeAttachment(self, value: Any) -> None:
        """Keep a copy of a value with the connection, also while its Durable Object hibernates.

        Raises DataCloneError for what cannot be copied, RuntimeError for more than 16,384 bytes.
        """
        data = type(self).pack(value)
        if len(data) > MAX_ATTACHMENT:
            text = PlatformText.SOCKET_ATTACHMENT
            raise RuntimeError(text.format(most=MAX_ATTACHMENT, size=len(data)))
        self._attachment = data

    def deserializeAttachment(self) -> Any:
        """Return a copy of the value that was kept; None if there is none."""
        return None if self._attachment is None else type(self).unpack(self._attachment)

    serialize_attachment = serializeAttachment
    deserialize_attachment = deserializeAttachment

    @property
    def binaryType(self) -> str:
        """What the `data` of a binary message's event is: `blob` or `arraybuffer`."""
        return self._binary_type

    @binaryType.setter
    def binaryType(self, kind: str) -> None:
        if kind in ("blob", "arraybuffer"):  # Others are ignored, as the standard says.
            self._binary_type = kind

    binary_type = binaryType

    @property
    def readyState(self) -> int:
        """The state: OPEN (1), CLOSING (2) when one end has closed it, or CLOSED (3)."""
        if self._end is not None or (self._closed_here and self._closed_by_other):
            return CLOSED
        return CLOSING if self._closed_here or self._closed_by_other else OPEN

    ready_state = readyState

    @property
    def url(self) -> None:
        """None: the end of a pair has no URL."""
        return

    extensions = ""

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Return what iterates over the messages that no listener gets."""
        self._check_accepted()
        return Messages(self)

    # What its holder does

    def _take_event(self, event: Event) -> list[Listener]:
        """Take an event that has arrived, and return the listeners to call with it."""
        if self._end is not None:
            self._in.handled(event)
            return []
        listeners = list(self._listeners.get(event.type, ()))
        handler = self._on.get(event.type)
        if callable(handler):
            listeners.append(handler)
        if isinstance(event, MessageEvent):
            event.binary_type = self._binary_type
            if not listeners:
                self._arrived.append(event)
                self._wake()
        elif isinstance(event, CloseEvent):
            self._closed_by_other = True
            if not self._closed_here:  # The answer to the other end's close.
                self._closed_here = True
                if event.wasClean:
                    self._out.put(CloseEvent(event.code, event.reason))
            self._end = event
            self._wake()
        if not listeners and not isinstance(event, MessageEvent):
            self._in.handled(event)
        return listeners

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _next(self) -> MessageEvent | None:
        """Wait for the next message that no listener gets; return None at the end."""
        while not self._arrived:
            if self._end is not None:
                return None
            if self._waiter is not None:
                raise RuntimeError("This WebSocket is read by another task already.")
            self._waiter = waiter = asyncio.get_running_loop().create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        event = self._arrived.popleft()
        self._in.handled(event)
        return event

    def _disconnect(self, error: str | None = None) -> None:
        """End the connection at once, as if it was lost. error: the text of an error before it."""
        if self._end is None:
            self._end = CloseEvent(ABNORMAL, PlatformText.SOCKET_LOST, wasClean=False)
            self._closed_by_other = True
            told, self._closed_here = self._closed_here, True
            if not told:
                if error is not None:
                    self._out.put(ErrorEvent(error))
                self._out.put(self._end)
        self._wake()

    def _move(self) -> WebSocket:
        """Return the end for another holder; this one can no longer be used.

        Raises TypeError if it was accepted or moved already.
        """
        return self._move_to(WebSocket)

    def _move_to(self, kind: type[T]) -> T:
        """Return the end as an object of the class `kind`; see `_move`."""
        if self._holder is not None:
            raise TypeError(PlatformText.SOCKET_ACCEPTED)
        if self._moved:
            raise TypeError(PlatformText.SOCKET_MOVED)
        self._moved = True
        moved = object.__new__(kind)
        moved._begin(self._in, self._out)
        return moved

    def _check_accepted(self) -> None:
        if self._holder is None:
            raise with_notes(
                TypeError(PlatformText.SOCKET_NOT_ACCEPTED),
                "Call socket.accept() first." if not self._moved else
                "The end was sent away in a response; use the pair's other end.",
            )  # fmt: skip
        self._holder.check()

    def __del__(self) -> None:
        # An end that nobody can accept any more, or that its holder has dropped.
        if hasattr(self, "protocol") and not self._moved and not self._closed_here:
            self._disconnect()

    def __repr__(self) -> str:
        state = ("connecting", "open", "closing", "closed")[self.readyState]
        return f"<WebSocket, {state}{'' if self._holder else ', not accepted'}>"


def _on_property(type: str) -> property:
    def get(socket: WebSocket) -> Listener | None:
        return socket._on.get(type)

    def set(socket: WebSocket, listener: Listener | None) -> None:
        socket._on[type] = listener

    return property(get, set, doc=f"A listener to the events of the type {type!r}, or None.")


for _type in _TYPES:
    setattr(WebSocket, f"on{_type}", _on_property(_type))


class Messages:
    """An iteration over the messages of an end. What runs until the next is asked for handles it.

    Dropping it ends that, as `break` does.
    """

    __slots__ = ("_handling", "_socket")

    def __init__(self, socket: WebSocket) -> None:
        """Iterate over the messages of `socket`."""
        self._socket = socket
        self._handling: object = None

    def __aiter__(self) -> Messages:
        """Return itself."""
        return self

    async def __anext__(self) -> str | bytes:
        """Return the next message; raise StopAsyncIteration at the end of the connection."""
        socket = self._socket
        self._end_handling()
        socket._holder.check()
        event = await socket._next()
        if event is None:
            raise StopAsyncIteration
        self._handling = socket._holder.begin(event)
        return event.body

    def _end_handling(self) -> None:
        handling, self._handling = self._handling, None
        if handling is not None:
            self._socket._holder.end(handling)

    def __del__(self) -> None:
        self._end_handling()


def _body(message: object) -> str | bytes:
    if isinstance(message, str):
        return message if message.isascii() else scalar(message)
    if isinstance(message, bytes | bytearray | memoryview):
        return bytes(message)
    if isinstance(message, BodySource):
        data = message._body_source().data
        if isinstance(data, bytes):
            return data
    return str(message)


def _checked_code(code: int | None, reason: str | None) -> int:
    if code is None:
        if reason:
            raise ValueError(PlatformText.SOCKET_REASON_WITHOUT_CODE)
        return NO_STATUS
    code = int(code)
    if not 1000 <= code <= 4999 or code in (1004, 1005, 1006, 1015):
        raise ValueError(PlatformText.SOCKET_CODE.format(code=code))
    if reason and len(scalar(str(reason)).encode()) > MAX_REASON:
        raise ValueError(PlatformText.SOCKET_REASON)
    return code

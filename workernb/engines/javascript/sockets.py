"""WebSockets: the functions behind JavaScript's WebSocketPair and WebSocket.

The listeners to an end of a connection are called in a run of its own for each event, within the
invocation that records the event. The run that has accepted the end lasts until the connection has
ended, with its timers and calls.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import workernb.runtime.execution.clients  # noqa: F401 - it says what accepts an end
from workernb.errors import LimitError
from workernb.http.websockets import WebSocket, connected
from workernb.http.websockets.events import CloseEvent, Event, MessageEvent
from workernb.texts import PlatformText
from workernb.workers.current import running

from .boundary import Host
from .run import Run


def socket_functions(host: Host, wrap: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""
    accepted: weakref.WeakValueDictionary[int, Accepted] = weakref.WeakValueDictionary()

    def accept(socket: WebSocket, *types: str) -> int:
        run = host.running("accept()")
        socket.accept()
        end = Accepted(socket, run, host.number())
        accepted[end.number] = end
        for kind in ("message", *types):  # A message that nobody listens to is dropped.
            end.listen(kind)
        return end.number

    def listen(number: int, kind: str) -> None:
        end = accepted.get(number)
        if end is not None:
            end.listen(kind)

    def close(socket: WebSocket, code: Any, reason: Any) -> None:
        socket.close(None if code is None else int(min(max(code, 0), 100_000)), reason)

    exposed: dict[str, Callable[..., Any]] = {
        "socketPair": lambda: [wrap(end) for end in connected()],
        "socketNew": WebSocket,
        "socketAccept": accept,
        "socketSend": lambda socket, message: socket.send(_content(message)),
        "socketClose": close,
    }
    plain: dict[str, Callable[..., Any]] = {
        "socketListen": listen,
        "socketState": lambda socket: socket.readyState,
        "socketProtocol": lambda socket: socket.protocol,
        "socketOf": lambda response: _wrapped(response.web_socket, wrap),
    }
    return {**{name: host.exposed(each) for name, each in exposed.items()}, **plain}


def _content(message: Any) -> str | bytes:
    """Return a message of JavaScript's, text or a view of bytes, as a text or bytes."""
    return message if isinstance(message, str | bytes) else message.to_bytes()


def _wrapped(socket: WebSocket | None, wrap: Callable[[Any], Any]) -> Any:
    return None if socket is None else wrap(socket)


class Accepted:
    """An end that JavaScript has accepted. number: by which JavaScript finds its object.

    The connection refers to this object, and it refers to the heap weakly.
    """

    def __init__(self, socket: WebSocket, run: Run, number: int) -> None:
        """Keep the run that accepts `socket`, or the one that did where an event's does, open."""
        self.number = number
        self._keeper = keeper = run.keeper or run
        self._realm: weakref.ref[Any] = weakref.ref(run.realm)
        self._socket = socket
        self._types: set[str] = set()
        self._waits_as = keeper.wait_until()
        keeper.sockets += 1
        socket._holder.on_end = self._ended

    def listen(self, kind: str) -> None:
        """Have events of a type handed to JavaScript, which has a listener to them."""
        if kind in ("message", "close", "error") and kind not in self._types:
            self._types.add(kind)
            self._socket.add_event_listener(kind, self._handle)

    def _handle(self, event: Event) -> Awaitable[None]:
        """Call JavaScript's listeners; return what waits for the calls that they have begun."""
        realm = self._realm()
        if realm is None or realm.is_dead:
            raise LimitError(PlatformText.MEMORY)
        run = Run(realm, running())
        run.keeper = self._keeper
        try:
            run.enter(realm.socket_event, self.number, run.number, event.type, *parts_of(event))
            run.at_once()
        except BaseException:
            run.leave()
            raise
        return _finish(run)

    def _ended(self) -> None:
        """Let the run that has accepted the end go."""
        self._socket._listeners.clear()
        keeper, realm = self._keeper, self._realm()
        keeper.sockets -= 1
        if keeper.waits is not None:
            keeper.waits.settle(self._waits_as, None)
        keeper.wake()
        if realm is not None:
            realm.host.to_release.append(self.number)


async def _finish(run: Run) -> None:
    """Settle the promises of an event's run, until it waits for none."""
    try:
        await run.until(lambda: run.is_quiet)
    finally:
        run.leave()


def parts_of(event: Event) -> list[Any]:
    """Return what JavaScript makes an event of."""
    if isinstance(event, MessageEvent):
        return [event.body]
    if isinstance(event, CloseEvent):
        return [event.code, event.reason, event.wasClean]
    return [event.message]

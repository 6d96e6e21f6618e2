"""What clients get while the loop stands still, because a cell or a Worker holds its thread: a 503.

A thread of its own watches the loop. When the loop has not turned for a second, the thread accepts
what arrives at the port, and answers it, until the loop turns again. What the loop has accepted
before waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import threading
import time

STALLED_S = 1.0
"""How long (s) the loop stands still before the thread answers."""

LOOK_S = 0.1
BEAT_S = LOOK_S / 2
"""How often the thread looks, and how often the loop beats (s)."""

PATIENCE_S = 2.0
"""How long (s) a client may take to send its headers and to take its answer, until it is cut."""

MAX_CLIENTS = 256
MAX_HEADERS = 64 * 1024
_STEP_S = 0.05

TEXT = (
    "The notebook is busy: a cell or a Worker has kept its kernel from answering for a second; "
    "try again when it has ended, or interrupt the kernel.\n"
)
_ANSWER = (
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: text/plain;charset=UTF-8\r\n"
    f"Content-Length: {len(TEXT)}\r\n"
    "Retry-After: 1\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n\r\n"
).encode()


class StallWatch:
    """Watches a loop, and answers in its place while it stands still. answered: how many times."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        """Begin to watch. listening: a socket that does not block, from which `loop` accepts."""
        self.answered = 0
        self._loop = loop
        self._listening = listening
        self._beats = 0
        self._stopped = threading.Event()
        self._timer = loop.call_later(BEAT_S, self._beat)
        self._thread = threading.Thread(target=self._watch, name="workernb port", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; return when the thread has ended."""
        self._timer.cancel()
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        self._beats += 1
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _watch(self) -> None:
        seen, looks = -1, 0
        while not self._stopped.wait(LOOK_S):
            # Looks are counted, and not the time: where the process gets no CPU, nobody looks.
            looks = looks + 1 if self._beats == seen else 0
            seen = self._beats
            if looks * LOOK_S >= STALLED_S:
                self._answer_clients(seen)

    def _answer_clients(self, beats: int) -> None:
        """Answer clients until the loop beats again, and those that have begun to the end."""
        with selectors.DefaultSelector() as selector:
            clients: dict[socket.socket, _Client] = {}
            while (is_stalled := self._beats == beats and not self._stopped.is_set()) or clients:
                if is_stalled and len(clients) < MAX_CLIENTS:
                    self._accept(selector, clients)
                for key, _ in selector.select(_STEP_S) if clients else ():
                    clients[key.fileobj].proceed()  # type: ignore[index]
                if not clients:
                    time.sleep(_STEP_S)
                for client in [one for one in clients.values() if one.ended]:
                    selector.unregister(client.socket)
                    del clients[client.socket]
                    client.socket.close()

    def _accept(
        self, selector: selectors.BaseSelector, clients: dict[socket.socket, _Client]
    ) -> None:
        with contextlib.suppress(OSError):  # Nobody there; the loop was faster; it was closed.
            accepted, _ = self._listening.accept()
            accepted.setblocking(False)
            selector.register(accepted, selectors.EVENT_READ)
            clients[accepted] = _Client(accepted)
            self.answered += 1


class _Client:
    """A client that is answered. Its request is read, or else closing would drop the answer."""

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self._received = b""
        self._has_answer = False
        self._closed = False
        self._deadline = time.monotonic() + PATIENCE_S

    @property
    def ended(self) -> bool:
        """Whether the client has its answer and has closed, or is out of time."""
        return self._closed or time.monotonic() > self._deadline

    def proceed(self) -> None:
        """Read what has arrived; answer when the headers are there."""
        try:
            data = self.socket.recv(MAX_HEADERS)
            if not data:
                self._closed = True
            elif not self._has_answer:
                self._received = (self._received + data)[-MAX_HEADERS:]
                if b"\r\n\r\n" in self._received or len(self._received) == MAX_HEADERS:
                    self._answer()
        except BlockingIOError:
            pass
        except OSError:
            self._closed = True

    def _answer(self) -> None:
        head = self._received.startswith(b"HEAD ")
        self.socket.sendall(_ANSWER if head else _ANSWER + TEXT.encode())
        self.socket.shutdown(socket.SHUT_WR)
        self._has_answer = True

"""The exercises of the notebook 10, the front door."""

from __future__ import annotations

import asyncio
from textwrap import indent

from workernb.notebook.door import open_door
from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson


async def _root(runtime: Runtime) -> Claims:
    public = [service.name for service in runtime.defined() if service.public]
    yield f"two Workers or more are public: {', '.join(public)}", len(public) >= 2
    door = open_door()
    yield "the port is open", door is not None
    if door is None:
        return
    at_root = await _status(door.port, f"localhost:{door.port}")
    yield (
        "http://localhost at the port gets a 404, since it cannot tell whom it is for",
        (at_root == 404),
    )
    by_name = [await _status(door.port, f"{name}.localhost") for name in public]
    yield "by its name each of them is there", 404 not in by_name


async def _status(port: int, host: str) -> int:
    """Return the status of a request to the port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


_SECOND = """%%worker second --public
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("the second\\n")
"""
_ROOM = """%%worker chat
from js import WebSocketPair
from workers import Response, WorkerEntrypoint

ends = []

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        server.accept()
        ends.append(server)

        def on_message(event):
            for end in ends:
                end.send(event.data)

        server.addEventListener("message", on_message)
        return Response(None, status=101, web_socket=client)
"""
_SPEAK = """one, two = await chat.connect("/"), await chat.connect("/")
two.send("Is anybody there?")
await two.receive()
"""
_SAY = "except Exception as error:\n    traceback.print_exception(error)\n"

lesson = Lesson(
    Exercise(
        "The arrow from outside says how many requests a second come; it counts while you watch.",
        ["%graph"],
    ),
    Exercise(
        "workernb serve reads the cells that define Workers, and looks at the file twice a second.",
        ["# In a terminal: workernb serve notebooks/10-the-front-door.ipynb"],
    ),
    Exercise(
        "Define a second Worker with --public. The root belongs to the only public Worker; of two, "
        "neither has more right to it.",
        [_SECOND, "door = %serve"],
        _root,
    ),
    Exercise(
        "An end belongs to the request that has accepted it, and another request's handler may not "
        "use it: the log of the second has the refusal. A Durable Object is one for all callers.",
        [_ROOM, "import traceback\n\ntry:\n" + indent(_SPEAK, "    ") + _SAY, "%logs chat"],
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

"""The exercise of the notebook 12, one counter and many callers."""

from __future__ import annotations

import asyncio

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask

_CALLERS = 20


async def _tickets(runtime: Runtime) -> Claims:
    yield "there is a Worker tickets", "tickets" in runtime
    runtime.defined_service("tickets")
    answers = await asyncio.gather(
        *(ask(runtime, "tickets", f"http://tickets/{desk}") for desk in ("a", "b") * _CALLERS)
    )
    numbers = [int(await answer.text()) for answer in answers]
    for desk, own in (("a", numbers[::2]), ("b", numbers[1::2])):
        yield f"at desk {desk} each of {_CALLERS} callers has a number", len({*own}) == _CALLERS
        yield f"the numbers of desk {desk} have no gap", max(own) - min(own) == _CALLERS - 1
    definition = runtime.services["tickets"].definition
    names = [store.noun for _, store in definition.stores()]
    yield "Durable Objects count them", any("Durable Object" in name for name in names)


_SOLUTION = """%%worker tickets --durable-object DESKS=#Desk -q
from urllib.parse import urlsplit
from workers import DurableObject, Response, WorkerEntrypoint

class Desk(DurableObject):
    async def take(self):
        number = (await self.ctx.storage.get("last") or 0) + 1
        await self.ctx.storage.put("last", number)
        return number

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        desk = self.env.DESKS.getByName(urlsplit(request.url).path)
        return Response(str(await desk.take()))
"""

lesson = Lesson(
    Exercise(
        "One object for each desk: getByName(path). It reads, adds and writes with its own storage "
        "alone, so that nobody comes between.",
        [_SOLUTION],
        _tickets,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

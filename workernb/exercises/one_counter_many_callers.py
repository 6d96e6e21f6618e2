"""The exercises of the notebook 12, one counter and many callers."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask

_VISITS = 10


async def _friends(runtime: Runtime) -> Claims:
    yield "there is a Worker friends", "friends" in runtime
    runtime.defined_service("friends")
    friends, ann, bob = runtime["friends"], _new("ann"), _new("bob")
    both = await asyncio.gather(friends.greet(ann, bob), friends.greet(bob, ann))
    yield "both are answered at once", [*both] == [f"hello from {bob}", f"hello from {ann}"]


async def _guests(runtime: Runtime) -> Claims:
    yield "there is a Worker guests", "guests" in runtime
    ann, bob = _new("ann"), _new("bob")
    paths = [ann, bob] * _VISITS
    answers = await asyncio.gather(
        *(ask(runtime, "guests", f"http://guests/{path}") for path in paths)
    )
    counts = [int(await answer.text()) for answer in answers]
    for offset, name in enumerate(("ann", "bob")):
        counted = sorted(counts[offset::2])
        yield f"{_VISITS} visits of {name} count 1 to {_VISITS}", counted == [*_UP]


_UP = range(1, _VISITS + 1)


def _new(name: str) -> str:
    """Return a name that no object has yet, however often the check is made."""
    return f"{name}-{uuid4().hex[:8]}"


_FRIENDS = """%%worker friends --durable-object FRIENDS=#Friend -q
from workers import DurableObject, WorkerEntrypoint

class Friend(DurableObject):
    async def greet(self, other):
        return await self.env.FRIENDS.getByName(other).answer()

    async def answer(self):
        return f"hello from {self.ctx.id.name}"

class Default(WorkerEntrypoint):
    async def greet(self, name, other):
        return await self.env.FRIENDS.getByName(name).greet(other)
"""
_GUESTS = """%%worker guests --durable-object COUNTERS=#Counter
from workers import DurableObject, Response, WorkerEntrypoint

class Counter(DurableObject):
    async def increment(self):
        count = (await self.ctx.storage.get("count") or 0) + 1
        await self.ctx.storage.put("count", count)
        return count

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        name = request.url.rsplit("/", 1)[1]
        return Response(str(await self.env.COUNTERS.getByName(name).increment()))
"""

lesson = Lesson(
    Exercise(
        "greet holds its own gate while it waits for the other. Nothing of the object has to be "
        "kept the same meanwhile, so it need not hold it.",
        [_FRIENDS],
        _friends,
    ),
    Exercise(
        "Each name leads to an object of its own, so the path can be the name: getByName(name).",
        [_GUESTS, "%stores do guests#Counter"],
        _guests,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

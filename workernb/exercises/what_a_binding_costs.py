"""The exercises of the notebook 03, what a binding costs."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, called, source_of, trace_of

_TOKEN = {"x-custom-token": "s3cret"}


async def _three_calls(runtime: Runtime) -> Claims:
    trace = await trace_of(runtime, "gateway", headers=_TOKEN)
    calls = called(trace, "auth")
    yield "a request to the gateway succeeds", trace.outcome == "ok"
    yield "auth is called three times in it", len(calls) == 3
    ends = [call.ended_ns for call in calls]
    begins = [call.began_ns for call in calls[1:]]
    yield (
        "each call begins when the one before has ended",
        (len(ends) == 3 and all(end <= begin for end, begin in zip(ends, begins, strict=False))),
    )


async def _at_once(runtime: Runtime) -> Claims:
    async for claim in _three_calls(runtime):
        if "begins" not in claim[0]:
            yield claim
    yield "they are made with asyncio.gather", "gather(" in source_of(runtime, "gateway")


_CELL = """%%worker gateway --bind AUTH=auth
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {calls}
        if any(response.status != 200 for response in responses):
            return responses[0]
        return Response("Welcome. Here is your data.")
"""
_IN_TURN = "responses = [await self.env.AUTH.fetch(request.clone()) for _ in range(3)]"
_TOGETHER = (
    "calls = [self.env.AUTH.fetch(request.clone()) for _ in range(3)]\n"
    "        responses = await asyncio.gather(*calls)"
)
_COMPARE = """await workernb.compare_network(
    gateway, "http://gateway.localhost/", headers={"x-custom-token": "s3cret"}
)
"""

lesson = Lesson(
    Exercise(
        "A loop of three awaits in the gateway; request.clone() leaves the request to be "
        "sent again.",
        [_CELL.format(calls=_IN_TURN), _COMPARE],
        _three_calls,
    ),
    Exercise(
        "Over HTTP the three wait for one another's process at the same time. Over the binding "
        "there is nothing to wait for: one thread runs all three.",
        [_CELL.format(calls=_TOGETHER), _COMPARE],
        _at_once,
    ),
    Exercise(
        "The difference of the two is a few milliseconds at most, whatever thorough does. Ten "
        "times as much work as that hides it. Change 0.005 in thorough's cell, and "
        "compare patient again.",
        ["# thorough: until = time.thread_time() + 0.05", "# Then compare patient again."],
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

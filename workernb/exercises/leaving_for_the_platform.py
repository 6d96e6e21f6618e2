"""The exercise of the notebook 14, leaving for the platform."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.wrangler.export.check import findings

from .lesson import Claims, Exercise, Lesson, ask, called


async def _orders(runtime: Runtime) -> Claims:
    yield "there is a Worker orders", "orders" in runtime
    answer = await ask(runtime, "orders", headers={"x-custom-token": "s3cret"})
    yield "it answers with 200", answer.status == 200
    yield "it asks auth", len(called(answer.trace, "auth")) == 1
    for each in findings(runtime):
        if each.service == "orders":
            yield f"nothing is found in it; but: {each.text}", False
    found = [each for each in findings(runtime) if each.service == "orders"]
    yield "%export --check finds nothing in it", not found


_SOLUTION = """%%worker orders --bind AUTH=auth -q
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""

lesson = Lesson(
    Exercise(
        "%export --check names each of them with its remedy: the binding's target, the setting "
        "that only a notebook has, and the name of workernb alone.",
        [_SOLUTION],
        _orders,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

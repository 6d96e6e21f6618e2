"""The exercises of the notebook 02, one thread, one budget."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, called, source_of, trace_of, traces_of


async def _small_budget(runtime: Runtime) -> Claims:
    version = runtime["shop"].version
    yield "the shop has a budget of 5 ms", runtime.limits_of(version).cpu_ms == 5
    trace = await trace_of(runtime, "shop")
    yield "a request to the shop is cut", trace.outcome == "exceededCpu"
    cut = [call.service for call in trace.invocations if call.outcome == "exceededCpu"]
    yield "with it ends what it has called: the budget is theirs too", len(cut) >= 2
    yield "the shop itself has used little of it", called(trace, "shop")[0].cpu_ms < 2.5


async def _interrupt(runtime: Runtime) -> Claims:
    canceled = [t for t in traces_of(runtime, "stubborn") if t.outcome == "canceled"]
    yield "a request to stubborn was canceled", bool(canceled)
    yield "the limits are set back", runtime.limits.cpu_ms == 1_000


async def _gather(runtime: Runtime) -> Claims:
    yield "the catalog asks with asyncio.gather", "gather(" in source_of(runtime, "catalog")
    trace = await trace_of(runtime, "catalog")
    calls = called(trace, "prices")
    yield "a request to the catalog succeeds", trace.outcome == "ok"
    yield "prices is asked twice in it", len(calls) == 2
    spent = sum(call.cpu_ms for call in calls)
    yield f"both are paid for: prices used {spent:.0f} ms, twice its 5 ms", spent >= 9


_SHOP = """%%worker shop --bind CATALOG=catalog --public --cpu-ms 5
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        found = await self.env.CATALOG.fetch(request)
        return Response("We have " + await found.text())
"""
_PRESS = """import _thread
import threading

import workernb

threading.Timer(0.5, _thread.interrupt_main).start()  # As if you pressed the button.
try:
    await stubborn.fetch()
except workernb.CanceledError as error:
    print(error)
"""
_CATALOG = """%%worker catalog --bind PRICES=prices
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answers = await asyncio.gather(
            self.env.PRICES.fetch(request.url), self.env.PRICES.fetch(request.url)
        )
        return Response("lamps for " + ", ".join([await answer.text() for answer in answers]))
"""

lesson = Lesson(
    Exercise(
        "The budget of the Worker that is called first counts for all that it calls. Look at "
        "%trace: who was running when it was used up?",
        [_SHOP, "%fetch shop", "%trace"],
        _small_budget,
    ),
    Exercise(
        "Without a limit of CPU nothing else ends stubborn. The button ends the request, and the "
        "kernel goes on.",
        ["%limits --cpu-ms none", _PRESS, "%limits notebook"],
        _interrupt,
    ),
    Exercise(
        "import asyncio, and await asyncio.gather(…) with two calls. The second may need a clone "
        "of the request, or only its URL.",
        [_CATALOG, "%fetch catalog", "%cpu"],
        _gather,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

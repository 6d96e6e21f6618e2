"""The exercise of the notebook 13, later."""

from __future__ import annotations

from typing import Any

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, logged, traces_of

_MIDNIGHT = "0 0 * * *"


async def _nightly(runtime: Runtime) -> Claims:
    yield "there is a Worker nightly", "nightly" in runtime
    definition = runtime.defined_service("nightly").definition
    yield f"it has the schedule {_MIDNIGHT}", definition.crons == (_MIDNIGHT,)
    await runtime["nightly"].trigger(cron=_MIDNIGHT)
    waiting = sum(runtime.stores.messages.counts("letters"))
    yield "its scheduled handler has sent a letter", waiting > 0
    clock: Any = runtime.clock
    await clock.advance(3600)
    clock.real()
    yield "an hour later no letter waits", sum(runtime.stores.messages.counts("letters")) == 0
    batches = [one for one in traces_of(runtime, "nightly") if one.invocations[0].event == "queue"]
    yield "its queue handler has printed `sent`", any(logged(one, "sent") for one in batches)


_SOLUTION = """%%worker nightly --cron "0 0 * * *" --queue LETTERS=letters --consume letters -q
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        await self.env.LETTERS.send("Good night")

    async def queue(self, batch, env, ctx):
        for message in batch.messages:
            print("sent", message.body)
"""

lesson = Lesson(
    Exercise(
        "One Worker may have both handlers: scheduled sends to self.env.LETTERS, and queue gets "
        "what was sent, since --consume letters makes the same Worker the consumer.",
        [_SOLUTION],
        _nightly,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

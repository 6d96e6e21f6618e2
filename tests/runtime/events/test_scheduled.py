"""The scheduled event, over the hop that fetch goes through. Its surface for users comes later."""

from __future__ import annotations

import pytest

from workernb import HandlerError
from workernb.http.request import receive
from workernb.runtime.events.scheduled import SCHEDULED, ScheduledController
from workernb.runtime.execution.hop import invoke
from workernb.runtime.tracing.invocations import Invocation
from workernb.workers.current import current

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        if controller.cron == "0 0 * * *":
            controller.noRetry()
        if controller.cron == "fail":
            raise ValueError("at midnight")
        print(f"{controller.cron} {env is self.env} {type(ctx).__name__}")

    async def fetch(self, request):
        outcome = await self.env.TRIGGER(request.url.split("?")[1])
        return Response.json(outcome)
"""


def trigger_of(runtime, name):
    """Return what calls the scheduled handler of a service, as a binding calls fetch."""

    def trigger(cron):
        caller = current.get()
        entrypoint = runtime.services[name].entrypoints["Default"]
        invocation = Invocation(
            caller.trace, caller, "TRIGGER", entrypoint, SCHEDULED.name, "", caller.depth + 1
        )
        return invoke(invocation, entrypoint, SCHEDULED, ScheduledController(0.0, cron))

    return trigger


@pytest.fixture
def clock(runtime):
    handle = runtime.define("clock", SOURCE, vars={"TRIGGER": None})
    vars(handle.version.env)["TRIGGER"] = trigger_of(runtime, "clock")
    return handle


async def test_a_scheduled_handler_runs_as_an_invocation_of_the_request(clock):
    answer = await clock.fetch("http://clock/?5 * * * *".replace(" ", "+"))
    assert await answer.json() == {"outcome": "ok", "noRetry": False}
    first, scheduled = answer.trace.invocations
    assert (scheduled.caller, scheduled.method, scheduled.outcome) == (first, "scheduled", "ok")
    assert scheduled.status is None
    assert [log.text for log in scheduled.logs] == ["5+*+*+*+* True ExecutionContext"]
    assert scheduled.cpu_ms > 0


async def test_what_a_scheduled_handler_raises_is_raised_in_its_caller(runtime, clock):
    with pytest.raises(ValueError, match="at midnight"):
        await clock.fetch("http://clock/?fail")
    assert runtime.traces[-1].invocations[1].outcome == "exception"


async def test_a_worker_without_a_scheduled_handler_says_so(runtime, clock, define):
    define("other", "return Response('x')")
    vars(clock.version.env)["TRIGGER"] = trigger_of(runtime, "other")
    with pytest.raises(HandlerError, match=r"Handler does not export a scheduled\(\) function"):
        await clock.fetch("http://clock/?x")
    logs = [log.text for log in runtime.traces[-1].logs]
    assert any("lack a handler for ScheduledEvents" in text for text in logs)


async def test_a_worker_with_a_scheduled_handler_alone_has_no_fetch_handler(runtime):
    source = SOURCE[: SOURCE.index("    async def fetch")]
    handle = runtime.define("clock", source)
    assert list(runtime.services["clock"].entrypoints) == ["Default"]
    with pytest.raises(HandlerError, match=r"Handler does not export a fetch\(\) function"):
        await runtime.call(handle._target, receive("http://clock/"))

"""The scheduled event: over a binding, from the notebook, and its schedules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import workernb
from workernb import HandlerError, UsageError

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        if controller.cron == "0 0 * * *":
            controller.noRetry()
        if controller.cron == "1 1 * * *":
            raise ValueError("at night")
        print(controller.cron, controller.scheduledTime, env is self.env, type(ctx).__name__)

    async def ask(self, kwargs):
        return await self.env.S.scheduled(**kwargs)
"""


@pytest.fixture
def clock(runtime):
    return runtime.define("clock", SOURCE, services={"S": "clock"}, crons=["*/5 * * * *"])


@pytest.mark.parametrize(
    ("kwargs", "result", "logged"),
    [
        ({"cron": "*/5 * * * *", "scheduledTime": 1000},
         {"outcome": "ok", "noRetry": False}, "*/5 * * * * 1000.0 True ExecutionContext"),
        ({"controller": {"cron": "0 0 * * *", "scheduledTime": 1}},
         {"outcome": "ok", "noRetry": True}, "0 0 * * * 1.0 True ExecutionContext"),
        ({"cron": "1 1 * * *"}, {"outcome": "exception", "noRetry": False}, None),
        ({"scheduledTime": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)},
         {"outcome": "ok", "noRetry": False}, " 1000.0 True ExecutionContext"),
    ],
)  # fmt: skip
async def test_over_a_binding(runtime, clock, kwargs, result, logged):
    if isinstance(kwargs.get("scheduledTime"), datetime):
        kwargs = {"scheduledTime": 1000}
    assert await clock.ask(kwargs) == result
    root, scheduled = runtime.traces[-1].invocations
    assert (scheduled.event, scheduled.caller, scheduled.binding) == ("scheduled", root, "S")
    assert scheduled.outcome == result["outcome"]
    assert scheduled.describe() == "env.S.scheduled(…)"
    if logged is not None:
        assert [log.text for log in scheduled.logs] == [logged]
        assert scheduled.cpu_ms > 0


@pytest.mark.parametrize(
    ("kwargs", "error", "text"),
    [
        ({"cron": "now"}, UsageError, "A schedule has five fields"),
        ({"controller": {"crom": "x"}}, TypeError, "takes scheduledTime and cron, and no crom"),
    ],
)
async def test_what_is_refused_over_a_binding(clock, kwargs, error, text):
    with pytest.raises(error, match=text):
        await clock.ask(kwargs)


async def test_from_the_notebook(runtime, clock):
    assert await clock.trigger(scheduledTime=5) == {"outcome": "ok", "noRetry": False}
    trace = runtime.traces[-1]
    assert trace.title == "clock: scheduled */5 * * * *"
    assert [log.text for log in trace.logs] == ["*/5 * * * * 5.0 True ExecutionContext"]
    assert (await clock.trigger(cron="0 0 * * *"))["noRetry"] is True
    with pytest.raises(ValueError, match="at night"):
        await clock.trigger(cron="1 1 * * *")
    assert runtime.traces[-1].outcome == "exception"


async def test_a_worker_without_the_handler_says_so(runtime, define):
    handle = define("other")
    with pytest.raises(HandlerError, match=r"Handler does not export a scheduled\(\) function"):
        await handle.trigger(cron="* * * * *")
    logs = [log.text for log in runtime.traces[-1].logs]
    assert any("lack a handler for ScheduledEvents" in text for text in logs)
    runtime.define("clock", SOURCE, services={"S": "other"})
    with pytest.raises(HandlerError, match=r"Handler does not export a scheduled\(\) function"):
        await runtime["clock"].ask({})


async def test_a_worker_with_a_scheduled_handler_alone_has_no_fetch_handler(runtime, clock):
    with pytest.raises(HandlerError, match=r"Handler does not export a fetch\(\) function"):
        await clock.fetch()


async def test_a_function_may_be_the_handler(runtime):
    source = "async def on_scheduled(controller, env, ctx):\n    print(controller.cron)\n"
    handle = runtime.define("old", source)
    await handle.trigger(cron="* * * * *")
    assert [log.text for log in runtime.traces[-1].logs] == ["* * * * *"]


async def test_a_change_of_schedules_is_a_version(runtime, clock):
    assert clock.version.definition.crons == ("*/5 * * * *",)
    runtime.define("clock", SOURCE, services={"S": "clock"}, crons="0  12 * * MON")
    assert runtime["clock"].version.definition.crons == ("0 12 * * MON",)
    assert "crons: */5 * * * * → 0 12 * * MON" in runtime.history[-1].summary
    assert runtime["clock"].version.id != clock._service.versions[0].id


SELF_TEST = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def test(self):
        assert self.env.N == 1, "N is not 1"
"""


async def test_a_worker_tests_itself(runtime, define):
    handle = runtime.define("tested", SELF_TEST, vars={"N": 1})
    assert await handle.self_test() is None
    assert runtime.traces[-1].title == "tested: test"
    handle = runtime.define("tested", SELF_TEST, vars={"N": 2})
    with pytest.raises(AssertionError, match="N is not 1"):
        await handle.self_test()
    with pytest.raises(workernb.HandlerError) as caught:
        await define("other").self_test()
    assert str(caught.value) == "Entrypoint does not export a test() function."

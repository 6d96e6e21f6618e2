"""/cdn-cgi/handler/scheduled, as with wrangler dev: for the owner, by the Worker's host."""

from __future__ import annotations

import json

import pytest

from .conftest import get

CLOCK = """
import json
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("the Worker's own")
    async def scheduled(self, controller, env, ctx):
        print(controller.cron, controller.scheduledTime)
        if controller.cron == "0 0 * * *":
            controller.noRetry()
            raise ValueError("midnight")
"""


@pytest.fixture
def runtime(runtime):
    runtime.define(
        "clock", CLOCK, crons=["*/5 * * * *"], routes=["clock.localhost/*", "c.example/*"]
    )
    return runtime


PATH = "/cdn-cgi/handler/scheduled"


@pytest.fixture
async def ask(connect):
    async def ask(path, host="clock.localhost", *headers):
        client = await connect()
        client.send(get(path, host, *headers))
        status, _, body = await client.response()
        return status, body.decode()

    return ask


def printed(runtime):
    (trace,) = runtime.traces
    return trace.logs[0].text


async def test_by_default_the_first_schedule_and_now(runtime, ask):
    assert await ask(PATH) == (200, "ok")
    cron, at = printed(runtime).rsplit(" ", 1)
    assert cron == "*/5 * * * *"
    assert float(at) == pytest.approx(runtime.traces[-1].began * 1000, abs=60_000)
    assert runtime.traces[-1].title == "clock: scheduled */5 * * * *"


async def test_a_schedule_and_a_time(runtime, ask):
    assert await ask(f"{PATH}?cron=30+4+*+*+*&time=1745856238000") == (200, "ok")
    assert printed(runtime) == "30 4 * * * 1745856238000.0"


async def test_a_failure_and_the_outcome_as_json(runtime, ask):
    status, body = await ask(f"{PATH}?cron=0+0+*+*+*")
    assert (status, body) == (500, "exception")
    assert "ValueError: midnight" in runtime.traces[-1].logs[-1].text
    status, body = await ask(f"{PATH}?cron=0+0+*+*+*&format=json")
    assert (status, json.loads(body)) == (500, {"outcome": "exception", "noRetry": True})


@pytest.mark.parametrize(
    ("query", "said"), [("cron=nonsense", "nonsense"), ("time=soon", "ms"), ("time=nan", "ms")]
)
async def test_what_is_refused(runtime, ask, query, said):
    status, body = await ask(f"{PATH}?{query}")
    assert status == 400
    assert said in body
    assert not runtime.traces


async def test_a_worker_without_the_handler(runtime, ask):
    assert await ask(PATH, "gateway.localhost") == (500, "exception")
    assert "lack a handler for ScheduledEvents" in runtime.traces[-1].logs[0].text


async def test_other_handlers_are_not_there(ask):
    status, body = await ask("/cdn-cgi/handler/email")
    assert status == 404
    assert "/cdn-cgi/handler/scheduled" in body


async def test_for_outsiders_it_is_a_path_like_any_other(ask):
    assert await ask(PATH, "c.example") == (200, "the Worker's own")
    assert (await ask(PATH, "auth.localhost"))[0] == 404
    other_site = await ask(PATH, "clock.localhost", "Sec-Fetch-Site: cross-site")
    assert other_site == (200, "the Worker's own")

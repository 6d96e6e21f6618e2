"""The answers that an outsider gets, as responses and as pages for failures."""

from __future__ import annotations

import asyncio

import pytest

import workernb
from workernb.frontdoor.answers import answer_for_outsider
from workernb.runtime.services.targets import Target

URL = "http://worker/"


@pytest.fixture
def runtime():
    runtime = workernb.Runtime(workernb.Limits(cpu_ms=20))
    yield runtime
    runtime.close()


@pytest.fixture
def answer(runtime):
    """Return a Worker's answer to an outsider, by the body of its handler."""

    async def answer(body: str) -> workernb.Answer:
        source = (
            "import asyncio\nfrom workers import Response\n"
            f"async def on_fetch(request):\n    {body}\n"
        )
        runtime.define("worker", source)
        request = workernb.Request(URL)
        return await answer_for_outsider(runtime.call(Target("worker"), request), URL)

    return answer


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("return Response('made', 201)", 201, "made"),
        ("raise ValueError('secret')", 500, "Internal Server Error"),
        ("raise asyncio.CancelledError", 500, "Internal Server Error"),
        ("raise BaseException", 500, "Internal Server Error"),
        ("return 'text'", 500, "Internal Server Error"),
        ("while True: pass", 503, "error code: 1102"),
    ],
)
async def test_failures_are_pages(answer, body, status, text):
    response = await answer(body)
    assert (response.status, await response.text()) == (status, text)
    assert response.url == URL
    assert response.trace.invocations[0].service == "worker"


async def test_the_cancellation_of_the_awaiting_task_is_raised(answer, runtime):
    task = asyncio.ensure_future(answer("await asyncio.sleep(60)"))
    await asyncio.sleep(0)
    assert runtime.in_flight
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

"""The tail event: which requests a Worker gets, in what shape, and what is redacted."""

from __future__ import annotations

import json

import pytest

from workernb.runtime.events.tail import redact_header, redact_url

TAIL = """
import json
from workers import WorkerEntrypoint

GOT = []

class Default(WorkerEntrypoint):
    async def tail(self, events, env, ctx):
        GOT.extend(events)
        for event in events:
            if event.event and "request" in event.event:
                json.dumps(event.event.request.getUnredacted())
        if env.FAIL:
            raise ValueError("cannot tail")

    async def got(self):
        return json.loads(json.dumps(GOT))
"""

PRODUCER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("a line", self.env.KEY)
        if "fail" in request.url:
            raise ValueError("no such page")
        if "rpc" in request.url:
            await self.env.LOWER.work()
        return Response("x", status=201)

    async def scheduled(self, controller, env, ctx):
        pass
"""

LOWER = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def work(self):
        print("below")
"""


@pytest.fixture
def system(runtime):
    runtime.define("logger", TAIL, vars={"FAIL": ""})
    runtime.define("lower", LOWER)
    return runtime.define(
        "producer", PRODUCER, services={"LOWER": "lower"}, tails=["logger"],
        secrets={"KEY": "s3cret-value"},
    )  # fmt: skip


@pytest.fixture
def tailed(runtime, until):
    """Return what the logger got, once its requests have ended."""

    async def tailed(requests):
        await until(lambda: sum(t.title == "logger: tail" for t in runtime.traces) == requests)
        return await runtime["logger"].got()

    return tailed


async def test_a_finished_request_is_handed_over(runtime, system, tailed):
    await system.fetch(
        "http://producer/a?n=1", method="POST", headers={"Accept": "x", "x-auth-token": "s"}
    )
    (item,) = await tailed(1)
    began = runtime.traces[0].began * 1000
    assert item["scriptName"] == "producer"
    assert item["outcome"] == "ok"
    assert item["event"]["request"] == {
        "method": "POST",
        "cf": None,
        "url": "http://producer/a?n=1",
        "headers": {"accept": "x", "x-auth-token": "REDACTED"},
    }
    assert item["event"]["response"] == {"status": 201}
    assert item["logs"][0]["message"] == ["a line REDACTED"] or "s3cret" not in str(item["logs"])
    assert item["exceptions"] == []
    assert item["entrypoint"] == "default"
    assert item["executionModel"] == "stateless"
    assert item["scriptVersion"]["id"] == system.version.id
    assert abs(item["eventTimestamp"] - began) < 1000
    assert 0 <= item["cpuTime"] <= 1000
    assert "s3cret-value" not in json.dumps(item)


@pytest.mark.parametrize("way", ["binding", "URL"])
async def test_headers_of_inner_requests(runtime, system, tailed, way):
    call = (
        "await env.SHOP.fetch('http://shop.localhost/', headers={'x-a': '1', 'cookie': 'c'})"
        if way == "binding"
        else "await fetch('http://shop.localhost/', headers={'x-a': '1', 'cookie': 'c'})"
    )
    runtime.define(
        "shop", "from workers import Response\ndef on_fetch(r): return Response('x')", public=True
    )
    gateway = runtime.define(
        "gateway",
        f"from workers import Response, fetch\nasync def on_fetch(r, env):\n    return {call}\n",
        services={"SHOP": "shop"},
        tails=["logger"],
    )
    await gateway.fetch("http://gateway/")
    _, inner = await tailed(1)
    assert inner["scriptName"] == "shop"
    assert inner["event"]["request"]["headers"] == {"x-a": "1", "cookie": "REDACTED"}


async def test_an_exception_is_in_the_item(system, tailed):
    with pytest.raises(ValueError, match="no such page"):
        await system.fetch("http://producer/fail")
    (item,) = await tailed(1)
    assert item["outcome"] == "exception"
    (exception,) = item["exceptions"]
    assert (exception["name"], exception["message"]) == ("ValueError", "no such page")
    assert "<worker producer v1>" in exception["stack"]
    assert item["event"]["response"] is None


async def test_what_it_called_is_handed_over_too(system, tailed):
    await system.fetch("http://producer/rpc")
    first, below = await tailed(1)
    assert [first["scriptName"], below["scriptName"]] == ["producer", "lower"]
    assert below["event"] == {"rpcMethod": "work"}
    assert below["logs"][0]["message"] == ["below"]


async def test_a_schedule_is_an_event_too(system, tailed):
    await system.trigger(cron="* * * * *", scheduledTime=0)
    (item,) = await tailed(1)
    assert item["event"]["cron"] == "* * * * *"


async def test_a_tail_handler_that_fails_is_a_failed_request(runtime, system, tailed, loop_errors):
    runtime.define("logger", TAIL, vars={"FAIL": "yes"})
    await system.fetch()
    await tailed(1)
    (tail,) = [trace for trace in runtime.traces if trace.title == "logger: tail"]
    assert (tail.outcome, tail.exception) == ("exception", "ValueError: cannot tail")
    assert loop_errors == []


async def test_a_tail_of_itself_has_an_end(runtime, until):
    source = TAIL + "    async def ping(self): pass\n"
    handle = runtime.define("logger", source, vars={"FAIL": ""}, tails="logger")
    await handle.ping()
    await until(lambda: not runtime.in_flight and len(runtime.traces) >= 2)
    assert [trace.title for trace in runtime.traces] == ["logger.ping()", "logger: tail"]


async def test_a_missing_consumer_harms_nobody(runtime, define):
    handle = define("producer", tails=["nobody"])
    assert (await handle.fetch()).status == 200


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Cookie", "a=b", "REDACTED"),
        ("set-cookie", "a=b", "REDACTED"),
        ("Authorization", "Bearer x", "REDACTED"),
        ("x-api-key", "x", "REDACTED"),
        ("X-Secret-Thing", "x", "REDACTED"),
        ("csrf-token", "x", "REDACTED"),
        ("jwt", "x", "REDACTED"),
        ("accept", "text/html", "text/html"),
    ],
)
def test_headers_that_are_redacted(name, value, shown):
    assert redact_header(name, value) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://x/a/0123456789abcdef0123456789abcdef/b", "http://x/a/REDACTED/b"),
        ("http://x/123e4567-e89b-12d3-a456-426614174000", "http://x/REDACTED"),
        ("http://x/?id=AbC12dEf34GhI56jKl78MnO90", "http://x/?id=REDACTED"),
        ("http://x/short/1234567890", "http://x/short/1234567890"),
        ("http://x/averylongwordwithoutanydigits", "http://x/averylongwordwithoutanydigits"),
    ],
)
def test_urls_that_are_redacted(url, shown):
    assert redact_url(url) == shown


async def test_a_tail_handler_that_fails_is_heard_of(runtime, system, tailed, capsys):
    runtime["logger"].vars["FAIL"] = "yes"
    await system.fetch("http://producer/")
    await tailed(1)
    failed = next(trace for trace in runtime.traces if trace.title == "logger: tail")
    assert (
        "The tail handler of Worker 'logger' failed: ValueError: cannot tail "
        f"(%trace {failed.number})" in capsys.readouterr().out
    )


async def test_the_latest_request_is_not_that_of_a_tail_handler(runtime, system, tailed):
    assert runtime.traces.latest is None
    await system.fetch("http://producer/")
    await tailed(1)
    runtime.traces.pop()  # That of `tailed` itself.
    assert [trace.title for trace in runtime.traces][1:] == ["logger: tail"]
    assert runtime.traces.latest is runtime.traces[0]

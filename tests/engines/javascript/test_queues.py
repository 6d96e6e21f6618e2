"""Queues of JavaScript Workers: producers on env, and the queue handler."""

from __future__ import annotations

import pytest

CONSUMER = """
const got = [];
export default {
  fetch() { return Response.json(got); },
  async queue(batch, env, ctx) {
    got.push([batch.queue, batch.messages.map(({ body, attempts }) => [body, attempts])]);
    %s
  },
};
"""


@pytest.fixture
def jobs(runtime):
    return runtime.stores.queue("jobs")


@pytest.fixture
def consume(define):
    """Define a consumer of `jobs`, with this in its handler and these settings."""

    def consume(body="", **settings):
        return define(CONSUMER % body, "worker", consumers={"jobs": settings})

    return consume


async def got(handle):
    return await (await handle.fetch("http://x/")).json()


async def sent(runtime, define, body):
    """Send what the body of a handler sends; return what it returns, and what is received."""
    receiver = runtime.define(
        "py",
        "import json\n"
        "from workers import Response, WorkerEntrypoint\n"
        "got = []\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response(repr(got))\n"
        "    async def queue(self, batch, env, ctx):\n"
        "        got.extend(m.body for m in batch.messages)\n",
        consumers={"jobs": {"max_batch_timeout": 0}},
    )
    sender = define(
        f"export default {{ async fetch(request, {{ JOBS }}) {{ {body} }} }}",
        queues={"JOBS": "jobs"},
    )
    answer = await (await sender.fetch("http://x/")).json()
    await runtime.clock.advance(0)
    return answer, await (await receiver.fetch()).text()


JSON = "return Response.json([]);"

SENT = {
    "json": (f"await JOBS.send({{ a: [1, null] }}); {JSON}", "[{'a': [1, None]}]"),
    "what JSON makes of it": (
        "class Job { constructor() { this.at = new Date(0); this.none = undefined; } }"
        f"await JOBS.send(new Job()); await JOBS.send(null); {JSON}",
        "[{'at': '1970-01-01T00:00:00.000Z'}, None]",
    ),
    "text": (f"await JOBS.send('a', {{ contentType: 'text' }}); {JSON}", "['a']"),
    "a batch": (
        f"await JOBS.sendBatch([{{ body: 1 }}, {{ body: 't', contentType: 'text' }}]); {JSON}",
        "[1, 't']",
    ),
    "an iterable": (
        f"await JOBS.sendBatch((function* () {{ yield {{ body: 1 }}; }})()); {JSON}", "[1]",
    ),
    "a structured clone": (
        f"await JOBS.send(new Map([['k', 1]]), {{ contentType: 'v8' }}); {JSON}", "[{'k': 1}]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), SENT.values(), ids=SENT)
async def test_what_is_sent(runtime, define, body, expected):
    _, received = await sent(runtime, define, body)
    assert received == expected


async def test_what_a_send_returns(runtime, define):
    answer, _ = await sent(
        runtime,
        define,
        "const { metadata: { metrics } } = await JOBS.send('a');"
        "return Response.json([metrics.backlogCount,"
        " metrics.oldestMessageTimestamp instanceof Date, (await JOBS.metrics()).backlogCount]);",
    )
    assert answer == [1, True, 1]


REFUSED = {
    "an option": ("JOBS.send('a', { delaySeconds: -1 })", "delaySeconds"),
    "a content type": ("JOBS.send('a', { contentType: 'xml' })", "xml"),
    "a type": ("JOBS.send(1, { contentType: 'text' })", 'Content Type "text"'),
    "no message": ("JOBS.sendBatch(['a'])", "A message of a batch is"),
    "an empty batch": ("JOBS.sendBatch([])", "sendBatch"),
    "a large message": ("JOBS.send('x'.repeat(128001))", "exceeds limit of 128000"),
    "a circle": ("(() => { const a = {}; a.a = a; return JOBS.send(a); })()", "circular"),
}


@pytest.mark.parametrize(("call", "text"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused(runtime, define, call, text):
    answer, received = await sent(
        runtime,
        define,
        f"try {{ await {call}; }} catch (e) {{ return Response.json(String(e)); }}"
        "return Response.json('sent');",
    )
    assert text in answer
    assert received == "[]"


async def test_a_batch_is_handled(runtime, jobs, consume):
    handle = consume()
    await jobs.send({"a": 1})
    await jobs.send("text", contentType="text")
    assert await runtime.clock.advance(10) == 1
    assert await got(handle) == [["jobs", [[{"a": 1}, 1], ["text", 1]]]]
    assert (await jobs.metrics())["backlogCount"] == 0


async def test_what_a_message_has(runtime, jobs, consume):
    handle = consume(
        "const [one, two] = batch.messages;"
        "got.push([one.id.length, one.timestamp instanceof Date,"
        " Math.abs(one.timestamp - Date.now()) < 60000, one.body instanceof ArrayBuffer,"
        " new Uint8Array(one.body)[0], two.body instanceof Date,"
        " batch.metadata.metrics.backlogCount >= 0]);",
        max_batch_timeout=0,
    )
    import datetime

    await jobs.sendBatch([
        {"body": b"\xff", "contentType": "bytes"},
        {"body": datetime.datetime(2024, 1, 1), "contentType": "v8"},
    ])  # fmt: skip
    await runtime.clock.advance(0)
    assert (await got(handle))[1] == [32, True, True, True, 255, True, True]


async def test_acknowledged_and_retried(runtime, jobs, consume):
    handle = consume(
        "const [first, second] = batch.messages;"
        "first.ack(); second?.retry({ delaySeconds: 100 });"
        "if (!second) return; throw new Error('x')",
        max_batch_timeout=0,
    )
    await jobs.sendBatch([{"body": 1}, {"body": 2}])
    await runtime.clock.advance(0)
    assert await runtime.clock.advance(99) == 0
    assert await runtime.clock.advance(2) == 1
    assert await got(handle) == [["jobs", [[1, 1], [2, 1]]], ["jobs", [[2, 2]]]]


async def test_all_at_once(runtime, jobs, consume):
    handle = consume("batch.messages[0].attempts < 2 ? batch.retryAll() : batch.ackAll();",
        max_batch_timeout=0)  # fmt: skip
    await jobs.send("again")
    await runtime.clock.advance(0)
    await runtime.clock.advance(60)
    assert await got(handle) == [["jobs", [["again", 1]]], ["jobs", [["again", 2]]]]
    assert (await jobs.metrics())["backlogCount"] == 0


async def test_a_handler_that_fails_is_called_again(runtime, jobs, consume):
    handle = consume("if (batch.messages[0].attempts < 3) throw new Error('busy');",
        max_batch_timeout=0)  # fmt: skip
    await jobs.send("a")
    for _ in range(4):
        await runtime.clock.advance(60)
    assert [batch[1][0][1] for batch in await got(handle)] == [1, 2, 3]
    outcomes = [trace.outcome for trace in runtime.traces if trace.invocations[0].event == "queue"]
    assert outcomes == ["exception", "exception", "ok"]


async def test_an_invalid_delay_is_an_error_of_the_handler(runtime, jobs, consume):
    handle = consume(
        "try { batch.messages[0].retry({ delaySeconds: -1 }); } catch (e) { got.push(String(e)); }",
        max_batch_timeout=0,
    )
    await jobs.send("a")
    await runtime.clock.advance(0)
    assert (await got(handle))[1].startswith("TypeError: delaySeconds is a number from 0 to 86,400")


async def test_a_class_handles_a_batch(runtime, jobs, define):
    handle = define(
        "import { WorkerEntrypoint } from 'cloudflare:workers'; const got = [];"
        "export default class extends WorkerEntrypoint {"
        " fetch() { return Response.json(got); }"
        " async queue(batch) { got.push(batch.messages.length, this.env.A); } }",
        consumers={"jobs": {"max_batch_timeout": 0}},
        vars={"A": "a"},
    )
    await jobs.send("a")
    await runtime.clock.advance(0)
    assert await got(handle) == [1, "a"]

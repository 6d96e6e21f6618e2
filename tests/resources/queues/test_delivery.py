"""Delivery: batches, their timeouts and sizes, retries and dead letters, by the clock."""

from __future__ import annotations

import asyncio
import re

import pytest

import workernb
from workernb import UsageError

from .conftest import consumer


async def until(condition):
    """Let the loop run until a condition is met."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - any request may meet it
            await asyncio.sleep(0.001)


async def test_a_batch_waits_for_more_and_is_delivered(runtime, jobs, consume, got):
    handle = consume()
    await jobs.send("a")
    await jobs.send({"b": 1})
    assert [timer.why for timer in runtime.clock.due] == ["a batch of the queue jobs for worker"]
    assert await runtime.clock.advance(4.9) == 0
    assert await runtime.clock.advance(0.2) == 1
    assert await got(handle) == [["a", {"b": 1}]]
    assert runtime.clock.due == []
    assert (await jobs.metrics())["backlogCount"] == 0


async def test_a_full_batch_is_delivered_at_once(runtime, jobs, consume, got):
    handle = consume(max_batch_size=2, max_batch_timeout=60)
    await jobs.sendBatch([{"body": n} for n in range(5)])
    assert await runtime.clock.advance(0) == 2
    assert await got(handle) == [[0, 1], [2, 3]]
    await jobs.send(5)
    assert await runtime.clock.advance(0) == 1
    assert await got(handle) == [[0, 1], [2, 3], [4, 5]]


async def test_they_are_delivered_in_real_time(runtime, jobs, consume, got):
    handle = consume(max_batch_timeout=0)
    ended = asyncio.Event()
    runtime.on_finished.append(lambda trace: ended.set())
    await jobs.send("now")
    await asyncio.wait_for(ended.wait(), 10)
    assert await got(handle) == [["now"]]


async def test_a_delayed_message_joins_when_it_is_due(runtime, jobs, consume, got):
    handle = consume(max_batch_timeout=0)
    await jobs.send("late", delaySeconds=100)
    await jobs.send("early", delaySeconds=10)
    await jobs.send("now")
    assert runtime.stores.messages.counts("jobs") == (1, 2, 0)
    await runtime.clock.advance(0)
    assert await got(handle) == [["now"]]
    await runtime.clock.advance(99)
    assert await got(handle) == [["now"], ["early"]]
    await runtime.clock.advance(2)
    assert await got(handle) == [["now"], ["early"], ["late"]]


async def test_a_producers_own_delay(runtime, consume, got):
    handle = consume(max_batch_timeout=1)
    producer = runtime.define(
        "web",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        await self.env.JOBS.send('by default')\n"
        "        await self.env.JOBS.send('at once', delaySeconds=0)\n"
        "        await self.env.JOBS.sendBatch([{'body': 'own', 'delaySeconds': 0}, "
        "{'body': 'of the call'}], delaySeconds=20)\n"
        "        return Response('sent')\n",
        queues={"JOBS": {"queue": "jobs", "delivery_delay": 10}},
    )
    await producer.fetch()
    await runtime.clock.advance(2)
    assert await got(handle) == [["at once", "own"]]
    await runtime.clock.advance(10)
    await runtime.clock.advance(10)
    assert await got(handle) == [["at once", "own"], ["by default"], ["of the call"]]


async def test_a_consumers_request_is_linked_to_its_senders(runtime, consume):
    consume(max_batch_timeout=1)
    producer = runtime.define(
        "web",
        "from workers import Response\n"
        "async def on_fetch(request, env, ctx):\n"
        "    await env.JOBS.send(request.url)\n"
        "    return Response('sent')\n",
        queues={"JOBS": "jobs"},
    )
    first, second = await producer.fetch(), await producer.fetch()
    await runtime.clock.advance(1)
    trace = runtime.traces[-1]
    assert trace.sent_by == (first.trace.number, second.trace.number)
    assert trace.why == "by the queue jobs, sent by requests 1, 2"
    assert trace.title == "worker: queue jobs, 2 messages"
    assert (trace.outcome, trace.invocations[0].event) == ("ok", "queue")
    assert trace.cpu_ms > 0
    (operation,) = first.trace.operations
    assert (operation.noun, operation.store, operation.verb, operation.rows) == (
        "queue", "jobs", "send", 1
    )  # fmt: skip


async def test_what_is_in_a_batch(runtime, jobs, consume):
    consume(
        """
        m = batch.messages[0]
        print(type(batch).__name__, type(m).__name__, len(m.id), m.timestamp.tzinfo, m.attempts)
        print(batch.metadata.metrics.backlogCount, batch.metadata["metrics"]["backlogBytes"])
        print(repr(batch), repr(m)[:9])
        """,
        max_batch_timeout=0,
    )
    await jobs.send("x")
    await runtime.clock.advance(0)
    assert [log.text for log in runtime.traces[-1].logs] == [
        "MessageBatch Message 32 None 1",
        "1 3",
        "<MessageBatch of jobs: 1 messages> <Message ",
    ]


async def test_a_failed_batch_is_retried_and_dies(runtime, jobs, consume):
    consume("raise ValueError('no')", max_retries=2, retry_delay=30, max_batch_timeout=0)
    await jobs.send("x")
    assert await runtime.clock.advance(29) == 1
    assert runtime.stores.messages.counts("jobs") == (0, 1, 0)
    assert await runtime.clock.advance(2) == 1
    assert await runtime.clock.advance(30) == 1
    assert runtime.clock.due == []
    assert runtime.stores.messages.counts("jobs") == (0, 0, 0)
    assert runtime.stores.messages.dead == {"jobs": 1}
    assert [trace.outcome for trace in runtime.traces] == ["exception"] * 3
    last = runtime.traces[-1].logs[-1].text
    assert re.fullmatch(r'Dropped message "\w{32}" on queue "jobs" after 3 failed attempts!', last)


async def test_dead_letters_keep_id_and_time_and_begin_anew(runtime, jobs, consume, got):
    failing = consume("raise ValueError('no')", max_retries=1, max_batch_timeout=0,
                      dead_letter_queue="failed")  # fmt: skip
    await jobs.send("x")
    await runtime.clock.advance(0)
    sent = runtime.stores.messages.oldest("failed")
    assert runtime.stores.messages.counts("failed") == (1, 0, 0)
    log = runtime.traces[-1].logs[-1].text
    assert log.endswith('on queue "jobs" to dead letter queue "failed" after 2 failed attempts...')
    mourner = runtime.define("mourner", consumer(), consumers={"failed": {"max_batch_timeout": 0}})
    await runtime.clock.advance(0)
    batches = await (await mourner.fetch()).json()
    ((queue, ((id, attempts, body),)),) = batches
    assert (queue, attempts, body) == ("failed", 1, "x")
    tried = await (await failing.fetch()).json()
    assert [[m[:2] for m in messages] for _, messages in tried] == [[[id, 1]], [[id, 2]]]
    assert sent is not None
    assert (await runtime.stores.queue("failed").metrics())["backlogCount"] == 0


@pytest.mark.parametrize(
    ("body", "acked", "warned"),
    [
        ("", "abc", ""),
        ("raise ValueError()", "", ""),
        ("batch.messages[0].ack()\nraise ValueError()", "a", ""),
        ("batch.messages[0].retry()", "bc", ""),
        ("batch.retryAll()", "", ""),
        ("batch.retry_all()\nbatch.retryAll()", "", ""),
        ("batch.ack_all()\nraise ValueError()", "abc", ""),
        ("batch.messages[1].ack()\nbatch.retryAll()", "b", ""),
        ("batch.messages[1].retry()\nbatch.ackAll()", "ac", ""),
        ("batch.messages[0].ack()\nbatch.messages[0].retry()", "abc",
         "Received a call to retry() on message ID after ack() was already called. "
         "Calling retry() on a message after calling ack() has no effect."),
        ("batch.messages[0].retry()\nbatch.messages[0].ack()", "bc",
         "Received a call to ack() on message ID after retry() was already called. "
         "Calling ack() on a message after calling retry() has no effect."),
        ("batch.ackAll()\nbatch.messages[2].retry()", "abc",
         "Received a call to retry() on message ID after ackAll() was already called. "
         "Calling retry() on a message after calling ackAll() has no effect."),
        ("batch.ackAll()\nbatch.retryAll()", "abc",
         "Received a call to retryAll() after ackAll() was already called. "
         "Calling retryAll() after calling ackAll() has no effect."),
        ("async def later():\n    raise ValueError()\nctx.waitUntil(later())", "", ""),
        ("async def later():\n    await asyncio.sleep(0)\n    batch.messages[0].retry()\n"
         "ctx.waitUntil(later())", "bc", ""),
        ("while True: pass", "", ""),
        ("await asyncio.get_running_loop().create_future()", "", ""),
        ("await asyncio.sleep(3600)", "", ""),
    ],
)  # fmt: skip
async def test_what_becomes_of_a_message(runtime, jobs, consume, body, acked, warned):
    consume(
        body,
        max_batch_timeout=0,
        retry_delay=1000,
        define={"limits": {"cpu_ms": 50, "wall_ms": 5_000}},
    )
    await jobs.sendBatch([{"body": letter, "contentType": "text"} for letter in "abc"])
    await runtime.clock.advance(0)
    rows = runtime.stores.main.execute("SELECT body FROM queue_messages ORDER BY body")
    assert "".join(sorted({*"abc"} - {body for (body,) in rows})) == acked
    assert (await jobs.metrics())["backlogCount"] == 3 - len(acked)
    logs = [log.text for log in runtime.traces[-1].logs if log.level == "warn"]
    assert [re.sub(r"\b[0-9a-f]{32}\b", "ID", text) for text in logs] == [warned] * bool(warned)


async def test_how_long_a_retry_waits(runtime, jobs, consume):
    consume(
        """
        one, two, three = batch.messages
        one.retry(delaySeconds=10)
        two.retry({"delaySeconds": 20})
        batch.retryAll(delaySeconds=30)
        """,
        max_batch_timeout=0,
    )
    await jobs.sendBatch([{"body": letter} for letter in "abc"])
    await runtime.clock.advance(0)
    query = "SELECT due - set_at FROM queue_messages ORDER BY number"
    waits = [round(wait) for (wait,) in runtime.stores.main.execute(query)]
    assert waits == [10, 20, 30]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("m.retry(delaySeconds=-1)", "delaySeconds is a number from 0 to 86,400, not -1."),
        ("m.retry({'delaySeconds': 86401})", "delaySeconds is a number from 0 to 86,400"),
        ("batch.retryAll({'delay': 1})", "There is no option 'delay'. There is delaySeconds."),
        ("batch.retryAll(5)", "retry() takes a dict of options"),
    ],
)
async def test_a_wrong_retry(runtime, jobs, consume, call, text):
    consume(f"m = batch.messages[0]\n{call}", max_batch_timeout=0, max_retries=0)
    await jobs.send("x")
    await runtime.clock.advance(0)
    assert text in runtime.traces[-1].exception


async def test_a_worker_without_a_handler(runtime, jobs):
    runtime.define("web", "from workers import WorkerEntrypoint\n"
                   "class Default(WorkerEntrypoint): pass",
                   consumers={"jobs": {"max_batch_timeout": 0, "max_retries": 0}})  # fmt: skip
    await jobs.send("x")
    await runtime.clock.advance(0)
    assert "Handler does not export a queue() function." in runtime.traces[-1].exception
    runtime.define("empty", "", consumers={"other": {"max_batch_timeout": 0, "max_retries": 0}})
    await runtime.stores.queue("other").send("x")
    await runtime.clock.advance(0)
    assert runtime.traces[-1].outcome != "ok"


async def test_without_a_consumer_messages_are_kept(runtime, jobs, consume, got):
    await jobs.send("first")
    assert await runtime.clock.advance(1000) == 0
    handle = consume()
    assert await runtime.clock.advance(1) == 1
    assert await got(handle) == [["first"]]
    runtime.remove("worker")
    await jobs.send("second")
    assert runtime.clock.due == []
    assert (await jobs.metrics())["backlogCount"] == 1


async def test_a_redefinition_gets_the_next_batch(runtime, jobs, consume, got):
    consume(max_batch_timeout=60)
    await jobs.send("x")
    handle = consume("print('new')", max_batch_timeout=1)
    await runtime.clock.advance(2)
    assert runtime.traces[-1].logs[0].text == "new"
    assert await got(handle) == [["x"]]


async def test_as_many_batches_at_once_as_are_allowed(runtime, jobs, consume):
    consume(
        """
        Default.now = getattr(Default, "now", 0) + 1
        Default.most = max(getattr(Default, "most", 0), Default.now)
        await asyncio.sleep(0.01)
        Default.now -= 1
        print(Default.most)
        """,
        max_batch_size=1, max_batch_timeout=0, max_concurrency=3,
    )  # fmt: skip
    await jobs.sendBatch([{"body": n} for n in range(9)])
    await until(lambda: len(runtime.traces) == 9)
    assert {trace.outcome for trace in runtime.traces} == {"ok"}
    assert [trace.logs[0].text for trace in runtime.traces][-1] == "3"


async def test_no_more_batches_at_once_when_one_ends_as_another_begins(runtime, jobs, consume):
    consume(
        """
        Default.now = getattr(Default, "now", 0) + 1
        Default.most = max(getattr(Default, "most", 0), Default.now)
        for _ in range(batch.messages[0].body % 3):
            await asyncio.sleep(0)
        Default.now -= 1
        print(Default.most)
        """,
        max_batch_size=1, max_batch_timeout=0, max_concurrency=2,
    )  # fmt: skip
    for number in range(60):
        await jobs.send(number)
        if number % 4 == 0:
            await asyncio.sleep(0)
    await until(lambda: len(runtime.traces) == 60)
    assert [trace.logs[0].text for trace in runtime.traces][-1] == "2"


async def test_a_handler_may_send_to_its_own_queue(runtime, jobs, consume, got):
    handle = consume(
        """
        for m in batch.messages:
            if m.body:
                await env.JOBS.send(m.body - 1)
        """,
        max_batch_timeout=1, define={"queues": {"JOBS": "jobs"}},
    )  # fmt: skip
    await jobs.send(3)
    assert await runtime.clock.advance(10) == 4
    assert await got(handle) == [[3], [2], [1], [0]]
    assert [len(trace.sent_by) for trace in runtime.traces][:4] == [0, 1, 1, 1]


async def test_messages_follow_a_clock_that_is_set_back(runtime, jobs, consume):
    consume(max_batch_timeout=5)
    await jobs.send("before", delaySeconds=100)
    await runtime.clock.advance(3600 * 24)
    await jobs.send("x", delaySeconds=60)
    runtime.clock.real()
    (timer,) = runtime.clock.due
    assert 0 < timer.when - runtime.clock.now() <= 65


async def test_an_interrupted_move_lets_messages_wait_again(runtime, jobs, consume):
    consume("await asyncio.sleep(3600)", max_batch_timeout=5, max_retries=5)
    await jobs.send("x")
    move = asyncio.ensure_future(runtime.clock.advance(10))
    await until(lambda: runtime.in_flight)
    assert runtime.stores.messages.counts("jobs") == (0, 0, 1)
    move.cancel()
    with pytest.raises(asyncio.CancelledError):
        await move
    assert runtime.stores.messages.counts("jobs") == (1, 0, 0)


async def test_a_closed_runtime_delivers_nothing():
    runtime = workernb.Runtime()
    runtime.define("worker", consumer("await asyncio.sleep(0.01)"),
                   consumers={"jobs": {"max_batch_timeout": 0}})  # fmt: skip
    await runtime.stores.queue("jobs").send("x")
    await until(lambda: runtime.in_flight)
    runtime.close()
    await until(lambda: not runtime.in_flight)
    assert not runtime.stores.is_open
    assert runtime.clock.due == []


async def test_a_queue_has_one_consumer(runtime, consume):
    consume()
    with pytest.raises(UsageError, match="has a consumer already: Worker 'worker'") as raised:
        consume(name="other")
    assert "Remove that one" in raised.value.__notes__[0]
    consume()  # The same one again.
    runtime.remove("worker")
    consume(name="other")

"""Producers: content types, limits, metrics, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workernb
from workernb import DataCloneError, StoreError
from workernb.resources.queues.bodies import decode, encode

from ..conftest import worker


@pytest.fixture
def send(runtime: workernb.Runtime) -> Any:
    """Run a handler's body in a Worker with the queue JOBS; return what it answers."""

    async def send(body: str, **settings: Any) -> str:
        source = worker(body if "return" in body else f"{body}\nreturn Response('sent')")
        handle = runtime.define("web", source, **{"queues": {"JOBS": "jobs"}, **settings})
        return await (await handle.fetch()).text()

    return send


@pytest.fixture
def kept(runtime: workernb.Runtime) -> Any:
    """Return the content types and the bodies of the messages of `jobs`, as they are kept."""

    def kept() -> list[tuple[str, Any]]:
        query = "SELECT type, body FROM queue_messages ORDER BY number"
        return list(runtime.stores.main.execute(query))

    return kept


@pytest.mark.parametrize(
    ("call", "row"),
    [
        ("send({'a': 1, 'b': [None, True, 1.5, 'ü']})",
         ("json", '{"a":1,"b":[null,true,1.5,"ü"]}')),
        ("send('x')", ("json", '"x"')),
        ("send(None)", ("json", "null")),
        ("send(b'\\x01\\x02')", ("json", '{"0":1,"1":2}')),
        ("send(float('nan'))", ("json", "null")),
        ("send({1, 2})", ("json", "{}")),
        ("send('x', contentType='text')", ("text", "x")),
        ("send('x', {'contentType': 'TEXT'})", ("text", "x")),
        ("send(b'\\xff', contentType='bytes')", ("bytes", b"\xff")),
        ("send(memoryview(b'\\xff'), contentType='bytes')", ("bytes", b"\xff")),
        ("send([1], contentType='v8')", ("v8", '["a",[1]]')),
        ("sendBatch([{'body': 1, 'contentType': 'v8'}])", ("v8", "1")),
        ("send_batch([{'body': 'x', 'contentType': 'text'}])", ("text", "x")),
    ],
)  # fmt: skip
async def test_what_is_kept(send, kept, call, row):
    await send(f"await self.env.JOBS.{call}")
    assert kept() == [row]


async def test_dates_are_kept_as_javascript_writes_them(send, kept):
    await send("import datetime\nawait self.env.JOBS.send(datetime.datetime(2026, 1, 2, 3, 4, 5))")
    ((_, body),) = kept()
    at = datetime.fromisoformat(json.loads(body).replace("Z", "+00:00"))
    assert at == datetime(2026, 1, 2, 3, 4, 5).astimezone(UTC)
    assert body.endswith('.000Z"')


@pytest.mark.parametrize(
    ("date", "kind"), [("2024-03-17", "v8"), ("2024-03-18", "json"), (None, "json")]
)
async def test_the_default_goes_by_the_compatibility_date(send, kept, date, kind):
    await send("await self.env.JOBS.send(1)", compatibility_date=date)
    assert kept() == [(kind, "1")]


async def test_what_send_returns(send):
    text = await send(
        "await self.env.JOBS.send('ab')\n"
        "sent = await self.env.JOBS.sendBatch([{'body': 'x'}, {'body': 'y'}])\n"
        "metrics = await self.env.JOBS.metrics()\n"
        "assert sent.metadata.metrics == metrics\n"
        'return Response(f"{metrics.backlogCount} {metrics.backlogBytes} '
        '{metrics.oldestMessageTimestamp.tzinfo}")\n'
    )
    assert text == "3 10 None"


async def test_an_empty_queue_has_no_oldest_message(runtime):
    metrics = await runtime.stores.queue("jobs").metrics()
    assert metrics == {"backlogCount": 0, "backlogBytes": 0, "oldestMessageTimestamp": None}


MESSAGE = "Queue send failed: message length of 128001 bytes exceeds limit of 128000"


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        ("send('x' * 128_001, contentType='text')", StoreError, MESSAGE),
        ("send('x' * 127_999)", StoreError, MESSAGE),
        ("send('é' * 64_000 + 'x', contentType='text')", StoreError, MESSAGE),
        ("sendBatch([{'body': 'x' * 128_001, 'contentType': 'text'}])", StoreError,
         MESSAGE.replace("send", "sendBatch")),
        ("sendBatch([])", TypeError, "sendBatch() requires at least one message"),
        ("sendBatch([{'body': 1}] * 101)", StoreError,
         "Queue sendBatch failed: batch message count of 101 exceeds limit of 100"),
        ("sendBatch([{'body': 'x' * 100_000, 'contentType': 'text'}] * 3)", StoreError,
         "Queue sendBatch failed: batch size of 300000 bytes exceeds limit of 288000"),
        ("sendBatch({'body': 1})", TypeError, "sendBatch() takes a list of messages"),
        ("sendBatch([1])", TypeError, "A message of a batch is a dict, {'body': …}, not 1."),
        ("sendBatch([{'body': 1, 'delay': 1}])", TypeError, "There is no option 'delay'."),
        ("send(1, contentType='xml')", TypeError, "Unsupported queue message content type: xml"),
        ("send({}, contentType='text')", TypeError,
         'Content Type "text" requires a value of type string, but received: object'),
        ("send('x', contentType='bytes')", TypeError,
         'Content Type "bytes" requires a value of type ArrayBufferView, but received: string'),
        ("send(lambda: 1)", TypeError, "A function is no JSON."),
        ("send(2**60)", TypeError, "Do not know how to serialize a BigInt"),
        ("send((1, 2))", TypeError, "<class 'tuple'> cannot be sent over RPC."),
        ("send(lambda: 1, contentType='v8')", DataCloneError, "DataCloneError: Could not"),
        ("send(Response('x'), contentType='v8')", DataCloneError, "DataCloneError: Could not"),
        ("send(1, delaySeconds=-1)", StoreError, "Queue send failed: delaySeconds is a whole "
         "number of seconds from 0 to 86,400, not -1."),
        ("send(1, delaySeconds=86_401)", StoreError, "Queue send failed: delaySeconds"),
        ("send(1, delaySeconds=1.5)", StoreError, "Queue send failed: delaySeconds"),
        ("send(1, delaySeconds='1')", StoreError, "Queue send failed: delaySeconds"),
        ("send(1, delay=1)", TypeError, "There is no option 'delay'."),
        ("put(1)", AttributeError, "A queue has no 'put'; it has metrics, send, sendBatch"),
    ],
)  # fmt: skip
async def test_what_is_refused(send, kept, call, error, text):
    with pytest.raises(error) as raised:
        await send(f"await self.env.JOBS.{call}")
    assert text in str(raised.value)
    assert kept() == []


async def test_a_message_of_the_largest_size(send, kept):
    await send("await self.env.JOBS.send('x' * 128_000, contentType='text')")
    assert len(kept()) == 1


async def test_a_refusal_names_the_binding(send):
    with pytest.raises(StoreError) as raised:
        await send("await self.env.JOBS.send('x' * 200_000)")
    notes = " ".join(raised.value.__notes__)
    assert "Keep what is large in R2 or KV, and send its key." in notes
    assert "In send() of the binding JOBS of Worker 'web', the queue 'jobs'." in notes


async def test_each_call_is_a_subrequest(send):
    with pytest.raises(workernb.LimitError):
        await send("for _ in range(3): await self.env.JOBS.send(1)", limits={"subrequests": 2})


async def test_a_call_that_is_not_awaited_sends_nothing(send, kept, runtime):
    await send("self.env.JOBS.send(1)")
    assert kept() == []
    assert "env.JOBS.send() was cancelled" in runtime.traces[-1].logs[-1].text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.datetimes().map(lambda at: at.replace(microsecond=0)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers()),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_v8_keeps_what_a_structured_clone_does(value):
    assert decode(encode(value, "v8"), "v8") == value


def test_v8_keeps_circles_and_errors():
    value: dict[str, Any] = {"name": "x", "error": ValueError("no"), "inf": float("-inf")}
    value["self"] = value
    value["again"] = value["list"] = [1]
    copied = decode(encode(value, "v8"), "v8")
    assert copied["self"] is copied
    assert copied["again"] is copied["list"]
    assert (type(copied["error"]), copied["inf"]) == (Exception, float("-inf"))


@pytest.mark.parametrize("kind", ["text", "json"])
def test_texts_come_back(kind):
    assert decode(encode("ü\n", kind), kind) == "ü\n"


def test_bytes_come_back_as_a_view():
    assert decode(encode(b"\x00\xff", "bytes"), "bytes") == memoryview(b"\x00\xff")

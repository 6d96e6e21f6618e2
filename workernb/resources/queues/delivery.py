"""Delivery: batches of messages to consumers, by the runtime's clock.

A batch is delivered when it is full, or when its first message has waited for the consumer's
`max_batch_timeout`. https://developers.cloudflare.com/queues/reference/delivery-guarantees/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workernb.resources.values import local_time
from workernb.runtime.events.queue import QUEUE, warn_running
from workernb.runtime.execution.dispatch import finish
from workernb.runtime.schedules import call_unattended
from workernb.runtime.services.history import Change
from workernb.runtime.services.kinds import kind_named
from workernb.runtime.tracing.logs import log
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict
from workernb.workers.events import Message, MessageBatch

from .kinds import CONSUMERS, DEFAULTS
from .producer import metrics_of
from .storage import Messages, Outcome, Taken


class Consumer:
    """The consumer of one queue: the Worker that gets its batches, and how."""

    def __init__(self, delivery: Delivery, queue: str, service: str) -> None:
        """Make the consumer, without batches in flight."""
        self._delivery = delivery
        self.queue = queue
        self.service = service
        self.settings: dict[str, Any] = dict(DEFAULTS)
        self._timer: Any = None
        self._in_flight = 0
        self.gone = False

    @property
    def _messages(self) -> Messages:
        return self._delivery.messages

    def schedule(self) -> None:
        """Set the timer of the next batch; none while as many are in flight as may be."""
        if self.gone or self._in_flight >= self.settings["max_concurrency"]:
            return
        size, timeout = self.settings["max_batch_size"], self.settings["max_batch_timeout"]
        at = self._messages.next_batch_at(self.queue, size, timeout)
        if self._timer is not None:
            if not self._timer.cancelled and self._timer.when == at:
                return
            self._timer.cancel()
            self._timer = None
        if at is not None:
            why = f"a batch of the queue {self.queue} for {self.service}"
            self._timer = self._delivery.clock.call_at(at, self._deliver, why)

    def woken(self) -> None:
        """Schedule anew, unless a batch is due already: there is more to deliver."""
        timer = self._timer
        if timer is None or timer.cancelled or timer.when > self._delivery.clock.now():
            self.schedule()

    def stop(self) -> None:
        """Deliver no more; what is in flight goes on."""
        self.gone = True
        if self._timer is not None:
            self._timer.cancel()

    async def _deliver(self) -> None:
        """Deliver one batch, and wait until its request has ended."""
        self._timer = None
        if self.gone or self._in_flight >= self.settings["max_concurrency"]:
            return  # Another timer was set between its firing and this; the next end goes on.
        batch = self._messages.take(self.queue, self.settings["max_batch_size"])
        if not batch:
            self.schedule()
            return
        self._in_flight += 1
        self.schedule()  # Another batch may be in flight beside this one.
        try:
            await self._handle(batch)
        finally:
            self._in_flight -= 1
            if not self._delivery.closed:
                self.schedule()

    async def _handle(self, taken: Sequence[Taken]) -> None:
        batch = batch_of(self.queue, taken, self._messages)
        requests = dict.fromkeys(each.request for each in taken if each.request is not None)
        call = call_unattended(
            self._delivery.runtime, self.service, QUEUE, batch, _why(self.queue, list(requests))
        )
        trace = call.trace
        assert trace is not None
        trace.sent_by = tuple(requests)
        try:
            await finish(call)
        finally:
            if not self._delivery.closed:
                self._settle(batch, taken, trace)

    def _settle(self, batch: MessageBatch, taken: Sequence[Taken], trace: Trace) -> None:
        settings = self.settings
        succeeded = trace.outcome == "ok"
        acked, retried, dead = [], [], []
        for message, each in zip(batch.messages, taken, strict=True):
            outcome, delay = batch.outcome_of(message, succeeded)
            if outcome == "ack":
                acked.append(each)
            elif each.attempts > settings["max_retries"]:
                dead.append(each)
            else:
                retried.append((each, settings["retry_delay"] if delay is None else delay))
        dead_letter_queue = settings.get("dead_letter_queue")
        self._messages.settle(self.queue, Outcome(acked, retried, dead), dead_letter_queue)
        for each in dead:
            text = (
                PlatformText.QUEUE_DROPPED if dead_letter_queue is None else PlatformText.QUEUE_DEAD
            )
            root = trace.invocations[0]
            log(trace, root, "warn", text.format(
                id=each.id, queue=self.queue, dead=dead_letter_queue, attempts=each.attempts
            ))  # fmt: skip


class Delivery:
    """The consumers of a runtime's queues. closed: whether nothing is delivered any more."""

    def __init__(self, runtime: Any, stores: Any) -> None:
        """Begin without consumers, and follow the changes of the runtime's Workers."""
        self.runtime = runtime
        self.clock = stores.clock
        self.messages: Messages = stores.messages
        self.closed = False
        self._consumers: dict[str, Consumer] = {}
        self.messages.on_put = self._on_put
        runtime.followers.append(self._changed)
        self.clock.on_set_back.append(self._set_back)

    def consumer_of(self, queue: str) -> Consumer | None:
        """Return the consumer of a queue, or None."""
        return self._consumers.get(queue)

    def close(self) -> None:
        """Deliver nothing more."""
        self.closed = True
        for consumer in self._consumers.values():
            consumer.stop()

    def _on_put(self, queue: str) -> None:
        consumer = self._consumers.get(queue)
        if consumer is not None:
            consumer.woken()

    def _set_back(self, seconds: float) -> None:
        self.messages.set_back(seconds)
        for consumer in self._consumers.values():
            consumer.schedule()

    def _changed(self, change: Change) -> None:
        """Follow a change of a Worker: it may consume other queues, or have other settings."""
        service = self.runtime.services.get(change.service)
        given: Mapping[str, Mapping[str, Any]] = {}
        if service is not None and service.versions:
            given = service.definition.of_kind(kind_named(CONSUMERS))
        for queue, consumer in list(self._consumers.items()):
            if consumer.service == change.service and queue not in given:
                consumer.stop()
                del self._consumers[queue]
        for queue, settings in given.items():
            known = self._consumers.get(queue)
            if known is None or known.service != change.service:
                known = self._consumers[queue] = Consumer(self, queue, change.service)
            known.settings = {**DEFAULTS, **settings}
            known.schedule()


def batch_of(queue: str, taken: Sequence[Taken], messages: Messages) -> MessageBatch:
    """Return messages in flight as a consumer gets them."""
    from .bodies import decode

    return MessageBatch(
        queue,
        [
            Message(each.id, local_time(1000 * each.sent), decode(each.body, each.content_type),
                each.attempts)
            for each in taken
        ],
        JsDict(metrics=metrics_of(messages, queue)),
        warn_running,
    )  # fmt: skip


def _why(queue: str, requests: Sequence[int]) -> str:
    """Return why a batch's request is made: by the queue, and by whose sending."""
    if not requests:
        return f"by the queue {queue}"
    shown = ", ".join(map(str, requests[:5])) + (" …" if len(requests) > 5 else "")
    return f"by the queue {queue}, sent by request{'s' * (len(requests) > 1)} {shown}"

"""A model of delivery beside the real one: batches, acknowledgements, retries, dead letters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import workernb
from workernb.resources import clock as clock_module

from .conftest import consumer

BODY = """
failing = False
for m in batch.messages:
    plan = m.body["plan"]
    step = plan[min(m.attempts, len(plan)) - 1]
    if step == "ack":
        m.ack()
    elif step == "fail":
        failing = True
    elif step is not None:
        m.retry(delaySeconds=step)
if failing:
    raise ValueError("one of them fails")
"""

plans = st.lists(st.sampled_from(["ack", "fail", None, 0, 3, 50]), min_size=1, max_size=5)
messages = st.lists(
    st.tuples(plans, st.sampled_from([0, 0, 0, 1, 7, 40])), min_size=1, max_size=6
)  # fmt: skip


@dataclass
class Expected:
    """A message of the model. due: in s from the beginning."""

    number: int
    plan: list[Any]
    due: float
    attempts: int = 0


@dataclass
class Model:
    """What the queue should do, on a clock of its own."""

    size: int
    timeout: int
    retries: int
    retry_delay: int
    now: float = 0
    waiting: list[Expected] = field(default_factory=list)
    batches: list[list[tuple[int, int]]] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)

    def advance(self, until: float) -> None:
        while self.waiting:
            self.waiting.sort(key=lambda message: (message.due, message.number))
            at = self.waiting[0].due + self.timeout
            if len(self.waiting) >= self.size:
                at = min(at, self.waiting[self.size - 1].due)
            if at > until:
                break
            self.now = max(self.now, at)
            self.deliver([m for m in self.waiting if m.due <= self.now][: self.size])
        self.now = until

    def deliver(self, batch: list[Expected]) -> None:
        steps = []
        for message in batch:
            message.attempts += 1
            steps.append(message.plan[min(message.attempts, len(message.plan)) - 1])
        self.batches.append([(message.number, message.attempts) for message in batch])
        failing = "fail" in steps
        for message, step in zip(batch, steps, strict=True):
            if step == "ack" or (step is None and not failing):
                self.waiting.remove(message)
            elif message.attempts > self.retries:
                self.waiting.remove(message)
                self.dead.append(message.number)
            else:
                delay = self.retry_delay if step in (None, "fail") else step
                message.due = self.now + delay


class Queues(RuleBasedStateMachine):
    """Sends, and moves the clock, in both."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(clock_module, "time", SimpleNamespace(time=lambda: 1e9))
        self.runner = asyncio.Runner()
        self.runtime = workernb.Runtime()
        self.count = 0

    @initialize(
        size=st.integers(1, 5), timeout=st.sampled_from([0, 1, 5]), retries=st.integers(0, 3),
        retry_delay=st.sampled_from([0, 2, 20]),
    )  # fmt: skip
    def define(self, size: int, timeout: int, retries: int, retry_delay: int) -> None:
        self.model = Model(size, timeout, retries, retry_delay)
        given = {"max_batch_size": size, "max_batch_timeout": timeout, "max_retries": retries,
                 "retry_delay": retry_delay, "dead_letter_queue": "failed"}  # fmt: skip
        self.worker = self.runtime.define("worker", consumer(BODY), consumers={"jobs": given})

    @rule(sent=messages)
    def send(self, sent: list[tuple[list[Any], int]]) -> None:
        batch = []
        for plan, delay in sent:
            body = {"n": self.count, "plan": plan}
            batch.append({"body": body, "delaySeconds": delay})
            self.model.waiting.append(Expected(self.count, plan, self.model.now + delay))
            self.count += 1
        self.runner.run(self.send_and_settle(batch))
        self.model.advance(self.model.now)

    async def send_and_settle(self, batch: list[dict[str, Any]]) -> None:
        await self.runtime.stores.queue("jobs").sendBatch(batch)
        await self.runtime.clock.advance(0)

    @rule(seconds=st.sampled_from([1, 2, 5, 30, 200]))
    def advance(self, seconds: int) -> None:
        self.runner.run(self.runtime.clock.advance(seconds))
        self.model.advance(self.model.now + seconds)

    @rule()
    def redefine(self) -> None:
        """Load the consumer anew: what it has got is forgotten, and so it is in the model."""
        before = self.runtime.services["worker"].definition
        self.runtime.define("worker", before.source + "\n", **before.given_bindings())
        self.model.batches.clear()

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "model"):
            return
        answer = self.runner.run(self.got())
        batches = [[(body["n"], attempts) for _, attempts, body in one] for _, one in answer]
        assert batches == self.model.batches
        assert self.bodies("jobs") == sorted(message.number for message in self.model.waiting)
        assert self.bodies("failed") == sorted(self.model.dead)
        backlog = self.runtime.stores.messages.backlog("jobs")
        assert backlog.count == len(self.model.waiting)

    async def got(self) -> Any:
        return await (await self.worker.fetch()).json()

    def bodies(self, queue: str) -> list[int]:
        rows = self.runtime.stores.main.execute(
            "SELECT json_extract(body, '$.n') FROM queue_messages WHERE queue = ?",
            (self.runtime.stores.number("queue", queue),),
        )
        return sorted(number for (number,) in rows)

    def teardown(self) -> None:
        self.runtime.close()
        self.runner.close()
        self.patch.undo()


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=20, stateful_step_count=20)

"""The exercise of the notebook 13, later."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, traces_of

_MINUTES = 10


async def _mailer(runtime: Runtime) -> Claims:
    yield "there is a Worker mailer", "mailer" in runtime
    consumers = [each.name for each in runtime.defined_service("mailer").definition.sources()]
    yield "it consumes the queue mail", "mail" in consumers
    messages = runtime.stores.messages
    lost, handled = messages.counts("lost")[0], len(traces_of(runtime, "mailer"))
    queue = runtime.stores.queue("mail")
    for body in ("a letter", "bad", "a postcard"):
        await queue.send(body)
    await runtime.stores.clock.advance(_MINUTES * 60)
    yield f"{_MINUTES} minutes later nothing is left in mail", messages.counts("mail") == (0, 0, 0)
    yield "the bad one is in the queue lost, and no other", messages.counts("lost")[0] == lost + 1
    batches = traces_of(runtime, "mailer")[handled:]
    sent = [log.text for trace in batches for log in trace.logs]
    yield "the letter was sent once", sum("a letter" in text for text in sent) == 1
    yield "the postcard was sent once", sum("a postcard" in text for text in sent) == 1


_MAILER = """%%worker mailer --consume 'mail{"max_retries": 1, "dead_letter_queue": "lost"}'
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def queue(self, batch, env, ctx):
        for message in batch.messages:
            if message.body == "bad":
                message.retry()
                continue
            print("sent", message.body)
            message.ack()
"""

lesson = Lesson(
    Exercise(
        "retry() and ack() say what becomes of each message, whatever becomes of the others. What "
        "has been retried max_retries times goes to the dead_letter_queue.",
        [_MAILER],
        _mailer,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution

"""The queue event: a batch of messages in, and what becomes of each.

https://developers.cloudflare.com/queues/configuration/javascript-apis/#consumer
"""

from __future__ import annotations

from typing import Any

from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.workers.current import current
from workernb.workers.events import MessageBatch

from .event import Event

NAME = "queue"
BATCHES = " batches"
"""The name of the way from a queue to its consumer; no binding can have it."""


def label(batch: MessageBatch) -> str:
    """Return the event as an invocation has it: `queue jobs, 3 messages`."""
    number = len(batch.messages)
    return f"{NAME} {batch.queue}, {number} message{'s' * (number != 1)}"


def queue_of(invocation: Invocation) -> str:
    """Return the queue of an invocation that handles a batch."""
    return invocation._url.removeprefix(f"{NAME} ").partition(",")[0]


def batch_size_of(invocation: Invocation) -> int:
    """Return how many messages an invocation handles."""
    return int(invocation._url.rpartition(", ")[2].partition(" ")[0])


def warn_running(text: str) -> None:
    """Warn, in the logs of the request that runs, of a call that has no effect."""
    running: Any = current.get()
    if running.__class__ is Invocation:
        warn(running.trace, running, text)


def _result(returned: Any, batch: MessageBatch, invocation: Invocation) -> None:
    """Return None: what a queue handler returns is ignored."""


def _begin(trace: Any, entrypoint: Entrypoint, batch: MessageBatch) -> Invocation:
    return Invocation(trace, None, None, entrypoint, NAME, label(batch), 1)


QUEUE = Event(NAME, _result, begin=_begin)

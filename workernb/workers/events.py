"""Events as handlers receive them: ScheduledController, MessageBatch, and the items of a tail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .rpc import JsDict


@dataclass(slots=True)
class ScheduledController:
    """The argument of `scheduled`. scheduledTime: ms since the epoch. cron: the schedule.

    https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
    """

    scheduledTime: float
    cron: str
    retries: bool = True

    def noRetry(self) -> None:
        """Prevent another attempt if the handler fails."""
        self.retries = False


class Message:
    """A message of a batch.

    id: 32 hexadecimal digits. timestamp: when it was sent, naive in local time. body: what was
    sent. attempts: how often it was delivered, from 1.
    https://developers.cloudflare.com/queues/configuration/javascript-apis/#message
    """

    __slots__ = ("_batch", "_delay", "_outcome", "attempts", "body", "id", "timestamp")

    _batch: MessageBatch

    def __init__(self, id: str, timestamp: datetime, body: Any, attempts: int) -> None:
        """Make a message, of which nothing has been said yet."""
        self.id = id
        self.timestamp = timestamp
        self.body = body
        self.attempts = attempts
        self._outcome: str | None = None
        self._delay: float | None = None

    def ack(self) -> None:
        """Acknowledge the message: it is not delivered again, whatever becomes of the batch."""
        self._say("ack")

    def retry(self, options: Any = None, *, delaySeconds: int | None = None) -> None:
        """Have the message delivered again, later. options: a dict with `delaySeconds`."""
        self._say("retry", _delay_of(options, delaySeconds))

    def _say(self, outcome: str, delay: float | None = None) -> None:
        """Note an outcome; the first one counts."""
        before = self._outcome or self._batch._outcome
        if before is None:
            self._outcome, self._delay = outcome, delay
        elif before != outcome:
            call = f"{before}()" if self._outcome else f"{before}All()"
            self._batch._warn(
                f"Received a call to {outcome}() on message {self.id} after {call} was already "
                f"called. Calling {outcome}() on a message after calling {call} has no effect."
            )

    def __repr__(self) -> str:
        return f"<Message {self.id}, attempt {self.attempts}>"


class MessageBatch:
    """The argument of `queue`. queue: the queue's name. messages: its messages, 1 to 100.

    metadata: a dict with the queue's `metrics`.
    https://developers.cloudflare.com/queues/configuration/javascript-apis/#messagebatch
    """

    __slots__ = ("_delay", "_outcome", "_warn", "messages", "metadata", "queue")

    def __init__(
        self,
        queue: str,
        messages: Sequence[Message],
        metadata: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> None:
        """Make a batch. warn: called with a text about a call that has no effect."""
        self.queue = queue
        self.messages = list(messages)
        self.metadata = metadata
        self._outcome: str | None = None
        self._delay: float | None = None
        self._warn = warn
        for message in self.messages:
            message._batch = self

    def ackAll(self) -> None:
        """Acknowledge all messages of which nothing has been said."""
        self._say("ack")

    def retryAll(self, options: Any = None, *, delaySeconds: int | None = None) -> None:
        """Have all messages of which nothing has been said delivered again, later."""
        self._say("retry", _delay_of(options, delaySeconds))

    ack_all, retry_all = ackAll, retryAll

    def _say(self, outcome: str, delay: float | None = None) -> None:
        if self._outcome is None:
            self._outcome, self._delay = outcome, delay
        elif self._outcome != outcome:
            call, before = f"{outcome}All()", f"{self._outcome}All()"
            self._warn(
                f"Received a call to {call} after {before} was already called. "
                f"Calling {call} after calling {before} has no effect."
            )

    def outcome_of(self, message: Message, succeeded: bool) -> tuple[str, float | None]:
        """Return what becomes of a message, `ack` or `retry`, and the delay (s) that was asked for.

        succeeded: whether the handler did, which decides where nothing was said.
        """
        for said in (message, self):
            if said._outcome is not None:
                return said._outcome, said._delay
        return ("ack" if succeeded else "retry"), None

    def __repr__(self) -> str:
        return f"<MessageBatch of {self.queue}: {len(self.messages)} messages>"


MAX_DELAY_S = 86_400


def _delay_of(options: Any, given: Any) -> float | None:
    """Return the delay of a retry, in s; None if there is none. TypeError if it is invalid."""
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(
            f"retry() takes a dict of options, {{'delaySeconds': 60}}, not {options!r}."
        )
    unknown = [name for name in options or {} if name != "delaySeconds"]
    if unknown:
        raise TypeError(f"There is no option {unknown[0]!r}. There is delaySeconds.")
    delay = (options or {}).get("delaySeconds") if given is None else given
    if delay is None:
        return None
    if (
        isinstance(delay, bool)
        or not isinstance(delay, int | float)
        or not 0 <= delay <= MAX_DELAY_S
    ):
        raise TypeError(f"delaySeconds is a number from 0 to {MAX_DELAY_S:,}, not {delay!r}.")
    return float(delay)


class TailRequest(JsDict):
    """A request as a tail shows it, with values redacted that look like secrets."""

    __slots__ = ("_unredacted",)

    def __init__(self, redacted: dict[str, Any], unredacted: dict[str, Any]) -> None:
        """Make it from both forms."""
        super().__init__(redacted)
        dict.__setattr__(self, "_unredacted", unredacted)

    def getUnredacted(self) -> JsDict:
        """Return the request as it was, without the Worker's own secrets."""
        return JsDict(dict.__getattribute__(self, "_unredacted"))

    get_unredacted = getUnredacted

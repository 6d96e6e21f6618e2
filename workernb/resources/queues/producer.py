"""Producers: `env.JOBS.send(…)`.

https://developers.cloudflare.com/queues/configuration/javascript-apis/#producer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from workernb.errors import StoreError, UsageError, with_notes
from workernb.http.text import number_as_text
from workernb.resources.calls import StoreBinding, StoreCall
from workernb.resources.values import js_number, local_time, options_of
from workernb.runtime.tracing.operations import Operation
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict
from workernb.workers.events import MAX_DELAY_S

from .storage import Messages, Sent

MAX_MESSAGE_BYTES = 128_000
MAX_BATCH = 100
MAX_BATCH_BYTES = 288_000

CONTENT_TYPES = ("json", "text", "bytes", "v8")

_OPTIONS = ("contentType", "delaySeconds")


class Queue(StoreBinding):
    """A queue, as its producers have it: `await env.JOBS.send({"url": url}, delaySeconds=60)`.

    Keywords are options, as in the SDK. Raises StoreError for a message or a batch that is too
    large, TypeError for one whose body its content type does not take.
    """

    noun = "queue"
    habits: ClassVar = {"put": "send(body)", "push": "send(body)", "enqueue": "send(body)"}

    def __init__(
        self,
        stores: Any,
        name: str,
        binding: str | None = None,
        delay: float = 0,
        content_type: str = "json",
    ) -> None:
        """Bind to a queue. delay: that of messages without their own, in s.

        content_type: that of messages without their own.
        """
        super().__init__(stores, name, binding)
        self._delay = delay
        self._content_type = content_type

    def send(self, body: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Send a message; return `{metadata: {metrics}}`.

        body: what JSON can represent, unless the option `contentType` is `text`, `bytes` or `v8`
        (which takes what a structured clone does). options: `contentType`, `delaySeconds` (0 to
        86,400).
        """
        return StoreCall(self, "send", "", self._send, body, options, keywords)

    def sendBatch(self, messages: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Send up to 100 messages: `[{"body": …, "contentType": …, "delaySeconds": …}]`.

        options: `delaySeconds`, of messages without their own. Returns the same as `send`.
        """
        number = len(messages) if isinstance(messages, Sequence) else 0
        detail = f"{number} message{'s' * (number != 1)}"
        return StoreCall(self, "sendBatch", detail, self._send_batch, messages, options, keywords)

    send_batch = sendBatch

    def metrics(self) -> StoreCall:
        """Return `{backlogCount, backlogBytes, oldestMessageTimestamp}`."""
        return StoreCall(self, "metrics", "", self._metrics)

    # The work

    @property
    def _messages(self) -> Messages:
        messages: Messages = self._stores.messages
        return messages

    def _send(self, operation: Any, body: Any, options: Any, keywords: Any) -> JsDict:
        chosen = options_of(options, keywords, _OPTIONS)
        message = self._encoded("send", body, chosen, self._delay)
        return self._put(operation, [message])

    def _send_batch(self, operation: Any, messages: Any, options: Any, keywords: Any) -> JsDict:
        chosen = options_of(options, keywords, ("delaySeconds",))
        delay = _delay("sendBatch", chosen.get("delaySeconds"), self._delay)
        given = [_entry(each) for each in _listed(messages)]
        if not given:
            raise TypeError(PlatformText.QUEUE_EMPTY_BATCH)
        if len(given) > MAX_BATCH:
            raise _failed("sendBatch", PlatformText.QUEUE_BATCH.format(count=len(given)))
        sent = [self._encoded("sendBatch", each.get("body"), each, delay) for each in given]
        size = sum(each.size for each in sent)
        if size > MAX_BATCH_BYTES:
            raise _failed("sendBatch", PlatformText.QUEUE_BATCH_SIZE.format(size=size))
        return self._put(operation, sent)

    def _encoded(self, verb: str, body: Any, options: Mapping[str, Any], delay: float) -> Sent:
        from .bodies import encode  # Here, since most processes send nothing.

        given = options.get("contentType")
        kind = self._content_type if given is None else str(given).lower()
        if kind not in CONTENT_TYPES:
            raise TypeError(PlatformText.QUEUE_CONTENT_TYPE.format(type=given))
        kept = encode(body, kind)
        size = len(kept) if isinstance(kept, bytes) or kept.isascii() else len(kept.encode())
        if size > MAX_MESSAGE_BYTES:
            raise with_notes(
                _failed(verb, PlatformText.QUEUE_MESSAGE_SIZE.format(size=size)),
                "Keep what is large in R2 or KV, and send its key.",
            )
        return Sent(kind, kept, size, _delay(verb, options.get("delaySeconds"), delay))

    def _put(self, operation: Any, messages: Sequence[Sent]) -> JsDict:
        request = operation.caller.trace.number if isinstance(operation, Operation) else None
        self._messages.put(self._name, messages, request)
        operation.rows = len(messages)
        return JsDict(metadata=JsDict(metrics=metrics_of(self._messages, self._name)))

    def _metrics(self, operation: Any) -> JsDict:
        return metrics_of(self._messages, self._name)


def metrics_of(messages: Messages, queue: str) -> JsDict:
    """Return the metrics of a queue: `backlogCount`, `backlogBytes`, `oldestMessageTimestamp`."""
    backlog, oldest = messages.backlog(queue), messages.oldest(queue)
    return JsDict(
        backlogCount=backlog.count,
        backlogBytes=backlog.bytes,
        oldestMessageTimestamp=None if oldest is None else local_time(1000 * oldest),
    )


def _failed(verb: str, text: str) -> StoreError:
    return StoreError(PlatformText.QUEUE_FAILED.format(verb=verb, text=text))


def _listed(messages: Any) -> list[Any]:
    if isinstance(messages, str | bytes | Mapping) or not hasattr(messages, "__iter__"):
        raise TypeError("sendBatch() takes a list of messages: [{'body': …}, {'body': …}].")
    return list(messages)


def _entry(message: Any) -> Mapping[str, Any]:
    """Return an entry of a batch; TypeError if it is no dict with a body, or has other keys."""
    if not isinstance(message, Mapping) or "body" not in message:
        raise TypeError(f"A message of a batch is a dict, {{'body': …}}, not {message!r}.")
    rest = {name: value for name, value in message.items() if name != "body"}
    options_of(None, rest, _OPTIONS)
    return message


def _delay(verb: str, given: Any, default: float) -> float:
    """Return a delay in s: `given`, or else the default; StoreError if it is out of range."""
    if given is None:
        return default
    try:
        return checked_delay("delaySeconds", given)
    except UsageError as error:
        raise _failed(verb, str(error)) from None


def checked_delay(name: str, given: Any) -> float:
    """Return a delay, in whole seconds up to a day; UsageError if it is another value."""
    number = js_number(given)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MAX_DELAY_S:
        shown = number_as_text(number) if isinstance(number, float) else repr(number)
        raise UsageError(
            f"{name} is a whole number of seconds from 0 to {MAX_DELAY_S:,}, not {shown}."
        )
    return number

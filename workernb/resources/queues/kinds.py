"""The bindings of producers to queues, and the consumers of queues.

https://developers.cloudflare.com/queues/configuration/configure-queues/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.resources.kinds import StoreKind
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import BindingKind, EnvBuilder, Store
from workernb.runtime.services.option import Form, Option

from .producer import Queue, checked_delay

JSON_SINCE = "2024-03-18"
"""The compatibility date from which on messages are JSON unless they say otherwise."""

_is_queue_name = re.compile(r"[A-Za-z0-9_-]{1,63}").fullmatch

DEFAULTS: Mapping[str, int] = {
    "max_batch_size": 10,
    "max_batch_timeout": 5,
    "max_retries": 3,
    "max_concurrency": 1,
    "retry_delay": 0,
}
"""A consumer's settings where it has none of its own: the platform's, and one batch at a time."""

_RANGES = {
    "max_batch_size": (1, 100),
    "max_batch_timeout": (0, 60),
    "max_retries": (0, 100),
    "max_concurrency": (1, 250),
    "retry_delay": (0, 86_400),
}
_SETTINGS = (*DEFAULTS, "dead_letter_queue")


def queue_name(given: object) -> str:
    """Return the name of a queue; UsageError if it is none."""
    if not isinstance(given, str) or not _is_queue_name(given):
        raise UsageError(
            f"{given!r} is no name for a queue: it has 1 to 63 letters, digits, dashes and "
            "underscores."
        )
    return given


class QueueKind(StoreKind):
    """Producers: `queues={"JOBS": "jobs"}`, or `{"JOBS": {"queue": "jobs", "delivery_delay": 60}}`.

    Wrangler's object is taken too: `queues={"producers": […], "consumers": […]}`.
    """

    keyword, noun = "queues", "queue"
    fields, required = ("queue",), "queue"
    example = '{"JOBS": "jobs"}'
    options = (
        Option(
            ("--queue",),
            "a queue: env.BINDING.send(…)",
            Form.BINDING,
            "queues",
            metavar="BINDING=QUEUE",
            example="JOBS=jobs",
            completes="queue",
        ),
    )

    def spread(self, given: Any) -> Mapping[str, Any]:
        """Return producers and consumers by keyword, if Wrangler's object is given."""
        if not isinstance(given, Mapping) or not given:
            return {self.keyword: given}
        lists = all(isinstance(each, list | tuple) for each in given.values())
        if not lists or not {"producers", "consumers"} >= set(given):
            return {self.keyword: given}
        return {self.keyword: given.get("producers"), CONSUMERS: given.get("consumers")}

    def _pair(self, index: int, entry: Any) -> tuple[str, Any]:
        name, queue = super()._pair(index, entry)
        delay = entry.get("delivery_delay")
        return name, queue if delay is None else {"queue": queue, "delivery_delay": delay}

    def check_value(self, name: str, value: Any) -> Any:
        """Return the queue's name, or a dict with its name and the delay; UsageError."""
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _parsed(f"The queue of {name} is", value)
        if not isinstance(value, Mapping):
            return queue_name(value)
        unknown = [key for key in value if key not in ("queue", "delivery_delay")]
        if unknown:
            known = ("queue", "delivery_delay")
            raise with_notes(
                UsageError(f"A queue has no setting {unknown[0]!r}."),
                did_you_mean(unknown[0], known) or f"There are {', '.join(known)}.",
            )
        queue = queue_name(value.get("queue"))
        delay = checked_delay("delivery_delay", value.get("delivery_delay") or 0)
        return {"queue": queue, "delivery_delay": delay} if delay else queue

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the queues' names; with a delay as JSON, in text as it is edited."""
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the names and the delays."""
        return sorted(self.as_given(values).items())

    def store(self, value: Any) -> Store | None:
        """Return the queue."""
        return Store(self.noun, _queue_of(value))

    def describe(self, value: Any) -> str:
        """Return the queue's name, and the delay."""
        delay = "" if isinstance(value, str) else f" after {value['delivery_delay']} s"
        return f"{_queue_of(value)}{delay}"

    def detail(self, value: Any) -> str:
        """Return an arrow and the queue."""
        return f"→ {self.noun} {self.describe(value)}"

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> Queue:
        """Return the producer, after opening the database, so that no Worker pays for that."""
        builder.stores.open()
        delay = 0 if isinstance(value, str) else value["delivery_delay"]
        date = builder.compatibility_date
        content_type = "v8" if date is not None and date < JSON_SINCE else "json"
        return Queue(builder.stores, _queue_of(value), name, delay, content_type)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `queues.producers`."""
        rows = [
            {"binding": name, **({"queue": value} if isinstance(value, str) else value)}
            for name, value in values.items()
        ]
        return {self.keyword: {"producers": rows}} if rows else {}


def _queue_of(value: Any) -> str:
    return str(value if isinstance(value, str) else value["queue"])


CONSUMERS = "consumers"


class ConsumerKind(BindingKind):
    """Consumers: `consumers={"jobs": {"max_batch_size": 10}}`, by the queue's name.

    The settings are Wrangler's; a list of its objects is taken too. Nothing of it is on `env`.
    """

    keyword, noun = CONSUMERS, "consumer"
    is_counted = False
    is_on_env = False
    example = '{"jobs": {"max_batch_size": 10}}'
    options = (
        Option(
            ("--consume",),
            "gets the messages of QUEUE in batches: its queue handler",
            Form.NAMED_OBJECT,
            CONSUMERS,
            metavar="QUEUE[{JSON}]",
            example="'jobs{\"max_batch_size\": 10}'",
            completes="queue",
        ),
    )

    @property
    def section(self) -> str:
        """The field of Wrangler's configuration: that of producers too."""
        return QueueKind.keyword

    def check(self, given: Any) -> dict[str, Any]:
        """Return the consumers' settings by queue; UsageError if one is invalid."""
        if isinstance(given, str):
            given = {given: {}}
        if isinstance(given, list | tuple):
            given = dict(_entry(each) for each in given)
        if not isinstance(given, Mapping):
            raise UsageError(
                f"{self.keyword} is a dict, {self.keyword}={self.example}, or Wrangler's list of "
                f"objects, not {type(given).__name__}."
            )
        return {queue_name(name): self.check_value(name, value) for name, value in given.items()}

    def check_value(self, name: str, value: Any) -> dict[str, Any]:
        """Return the settings that are given; UsageError if one is invalid."""
        if isinstance(value, str):
            value = _parsed(f"The settings of the consumer of {name} are", value)
        if value is not None and not isinstance(value, Mapping):
            raise UsageError(f"The consumer of {name} has settings, {self.example}, not {value!r}.")
        settings = {key: given for key, given in (value or {}).items() if given is not None}
        for key, given in settings.items():
            if key not in _SETTINGS:
                raise with_notes(
                    UsageError(f"The consumer of {name} has no setting {key!r}."),
                    did_you_mean(key, _SETTINGS) or f"There are {', '.join(_SETTINGS)}.",
                )
            if key in _RANGES:
                _check_number(name, key, given)
        if "dead_letter_queue" in settings and queue_name(settings["dead_letter_queue"]) == name:
            raise with_notes(
                UsageError(f"The dead letter queue of {name} is {name} itself."),
                "What cannot be handled would come back for ever: name another queue.",
            )
        return settings

    def check_system(self, definitions: Sequence[Definition]) -> None:
        """Raise UsageError for a queue with two consumers, and for dead letters in a circle."""
        owners: dict[str, str] = {}
        dead: dict[str, str] = {}
        for definition in definitions:
            for queue, settings in definition.of_kind(self).items():
                if queue in owners:
                    raise with_notes(
                        UsageError(
                            f"The queue {queue!r} has a consumer already: Worker {owners[queue]!r}."
                        ),
                        "A queue has one consumer. Remove that one, or let it call "
                        f"{definition.name!r} over a binding.",
                    )
                owners[queue] = definition.name
                if "dead_letter_queue" in settings:
                    dead[queue] = settings["dead_letter_queue"]
        for queue in dead:
            path = [queue]
            while path[-1] in dead and path.count(path[-1]) == 1:
                path.append(dead[path[-1]])
            if path[-1] == queue and len(path) > 1:
                raise with_notes(
                    UsageError(f"Dead letters go in a circle: {' → '.join(path)}."),
                    "What cannot be handled would come back for ever.",
                )

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the settings as JSON objects, in text as they are edited."""
        return {name: json.dumps(value) for name, value in values.items()}

    def source(self, name: str, value: Any) -> Store:
        """Return the queue."""
        return Store(QueueKind.noun, name)

    def links(self, name: str, value: Any) -> Mapping[str, Store]:
        """Return the dead letter queue, to which the queue's messages may go on."""
        dead = value.get("dead_letter_queue")
        return {} if dead is None else {"dead letters": Store(QueueKind.noun, dead)}

    def describe(self, value: Any) -> str:
        """Return the settings as text: `max_batch_size 10, dead_letter_queue failed`."""
        return ", ".join(f"{key} {each}" for key, each in value.items()) or "default settings"

    def label(self, name: str) -> str:
        """Return the queue, as that of a consumer."""
        return f"consumer of {name}"

    def entry(self, name: str, value: Any) -> str | None:
        """Return the queue, as that of a consumer."""
        return f"consumes {name}"

    def row(self, value: Any, redact: Callable[[str], str] = str) -> str:
        """Return the settings."""
        return f"consumer, {self.describe(value)}"

    def detail(self, value: Any) -> str:
        """Return the settings."""
        return f"← consumer, {self.describe(value)}"

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the whole settings."""
        return sorted((name, sorted(value.items())) for name, value in values.items())

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `queues.consumers`."""
        rows = [{"queue": name, **value} for name, value in values.items()]
        return {QueueKind.keyword: {"consumers": rows}} if rows else {}


def _entry(entry: Any) -> tuple[str, Any]:
    """Return the queue and the settings of one of Wrangler's objects, or of a queue's name."""
    if isinstance(entry, str):
        return entry, {}
    if not isinstance(entry, Mapping) or "queue" not in entry:
        raise UsageError(f"A consumer has a queue: {{'queue': 'jobs'}}, not {entry!r}.")
    kind = entry.get("type", "worker")
    if kind != "worker":
        raise UsageError(
            f"A consumer of type {kind!r} is not simulated: a Worker consumes {entry['queue']!r}."
        )
    return entry["queue"], {k: v for k, v in entry.items() if k not in ("queue", "type")}


def _check_number(queue: str, key: str, given: object) -> None:
    low, high = _RANGES[key]
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise UsageError(
            f"{key} of the consumer of {queue} is a whole number from {low} to {high:,}, "
            f"not {given!r}."
        )


def _parsed(what: str, text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError as error:
        raise UsageError(f"{what} no JSON: {error}.") from None

"""Rate limits: how often something may be done, counted in fixed windows of 10 or 60 s.

https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workernb.errors import StoreError, UsageError
from workernb.runtime.services.kinds import EnvBuilder
from workernb.runtime.services.option import Form, Option
from workernb.runtime.services.targets import binding_name
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .calls import StoreBinding, StoreCall
from .clock import Clock
from .kinds import StoreKind
from .values import js_text, options_of

PERIODS = (10, 60)
MAX_COUNTED = 100_000
"""How many keys of a window are counted; of more, the oldest are forgotten."""


class Windows:
    """How often each key was used in the window that is now."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing counted."""
        self._clock = clock
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def use(self, namespace: str, key: str, limit: int, period: int) -> bool:
        """Count a use; return whether it is within the limit."""
        window = int(self._clock.now() // period)
        last, count = self._counts.pop((namespace, key), (window, 0))
        count = count if last == window else 0
        success = count < limit
        self._counts[namespace, key] = window, count + success
        if len(self._counts) > MAX_COUNTED:
            del self._counts[next(iter(self._counts))]
        return success


class RateLimit(StoreBinding):
    """A rate limit: `await env.LIMIT.limit(key=user)` returns `{success}`. It is no subrequest."""

    noun = "rate limit"
    is_subrequest = False

    def __init__(self, stores: Any, name: str, limit: int, period: int, binding: str) -> None:
        """Allow `limit` uses of each key in a period (s). name: what counts together has one."""
        super().__init__(stores, name, binding)
        self._limit = limit
        self._period = period

    def limit(self, options: Any = None, **keywords: Any) -> StoreCall:
        """Count a use of a key, and return `{success}`: whether it is within the limit.

        options: `key`, a text. StoreError for any other option.
        """
        return StoreCall(self, "limit", _shown(options, keywords), self._use, options, keywords)

    def _use(self, operation: Any, options: Any, keywords: Any) -> JsDict:
        if options is not None and not isinstance(options, Mapping):
            raise TypeError(f"limit() takes its key by name: {self._expression}.limit(key=…)")
        given = {**(options or {}), **keywords}
        unknown = [name for name in given if name != "key"]
        if unknown:
            raise StoreError(PlatformText.RATE_OPTIONS.format(options=", ".join(unknown)))
        key = js_text(options_of(options, keywords, ("key",)).get("key") or "")
        success = self._stores.windows.use(self._name, key, self._limit, self._period)
        return JsDict(success=success)


def _shown(options: Any, keywords: Mapping[str, Any]) -> str:
    key = keywords.get("key") or (options.get("key") if isinstance(options, Mapping) else None)
    return js_text(key or "")


class RateLimitKind(StoreKind):
    """Rate limits: `ratelimits={"LIMIT": {"limit": 10, "period": 60}}`.

    `namespace_id` names those that count together; without one, it is the binding's name.
    """

    keyword, noun = "ratelimits", "rate limit"
    usual_names = ("LIMIT", "LIMITER", "RATELIMIT", "RATELIMITER")
    is_counted = True
    fields = ()
    example = '{"LIMIT": {"limit": 10, "period": 60}}'
    options = (
        Option(
            ("--ratelimit",),
            "a rate limit: env.BINDING.limit(key=…); period is 10 or 60 s",
            Form.OBJECT,
            "ratelimits",
            metavar="BINDING{JSON}",
            example='\'LIMIT{"limit": 10, "period": 60}\'',
        ),
    )

    def _pair(self, index: int, entry: Any) -> tuple[str, Any]:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            raise UsageError(self._missing(index, "name", entry))
        simple = entry.get("simple")
        if not isinstance(simple, Mapping):
            raise UsageError(self._missing(index, "simple", entry))
        return name, {**simple, "namespace_id": str(entry.get("namespace_id") or name)}

    def check_value(self, name: str, value: Any) -> Any:
        """Return `{limit, period, namespace_id}`; UsageError if it is invalid."""
        if isinstance(value, str):
            value = _parsed(name, value)
        if not isinstance(value, Mapping):
            raise UsageError(f"The rate limit {name} is {self.example}, not {value!r}.")
        limit, period = value.get("limit"), value.get("period")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise UsageError(f"The limit of {name} is a whole number above 0, not {limit!r}.")
        if period not in PERIODS:
            text = PlatformText.RATE_PERIOD.format(given=json.dumps(period, default=repr))
            raise UsageError(f"{text}: of {name}.")
        namespace = str(value.get("namespace_id") or binding_name(name))
        return {"limit": limit, "period": period, "namespace_id": namespace}

    def store(self, value: Any) -> None:
        """Return None: a rate limit is a count below the Worker's name in the graph."""

    def describe(self, value: Any) -> str:
        """Return limit and period."""
        return f"{value['limit']} in {value['period']} s"

    def detail(self, value: Any) -> str:
        """Return limit and period."""
        return f"= {self.describe(value)}"

    def as_given(self, values: Mapping[str, Any]) -> Any:
        """Return the values as JSON objects, in text as they are edited."""
        return {name: json.dumps(value) for name, value in values.items()}

    def fingerprint(self, values: Mapping[str, Any]) -> Any:
        """Return the whole values."""
        return sorted(values.items())

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> RateLimit:
        """Return the rate limit."""
        space, limit, period = value["namespace_id"], value["limit"], value["period"]
        return RateLimit(builder.stores, space, limit, period, name)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `ratelimits`."""
        rows = [
            {
                "name": name,
                "namespace_id": value["namespace_id"],
                "simple": {"limit": value["limit"], "period": value["period"]},
            }
            for name, value in values.items()
        ]
        return {self.keyword: rows} if rows else {}


def _parsed(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"The rate limit {name} is no JSON: {error}.") from None

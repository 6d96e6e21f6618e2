"""Assembly: builds a runtime with engine, stores and outbound service, and the notebook's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workernb.engines.languages import Engines
from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.outbound.client import Internet
from workernb.resources.clock import Clock
from workernb.resources.d1 import D1Kind
from workernb.resources.durable_objects.kind import DurableObjectKind
from workernb.resources.kv import KvKind
from workernb.resources.queues.delivery import Delivery
from workernb.resources.queues.kinds import ConsumerKind, QueueKind
from workernb.resources.r2.bucket import R2Kind
from workernb.resources.ratelimits import RateLimitKind
from workernb.resources.stores import Stores
from workernb.resources.unsimulated import unsimulated_kinds
from workernb.runtime.bindings.outbound import INTERNET, Outbound
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.kinds import register
from workernb.runtime.services.limits import Limits
from workernb.runtime.tracing.traces import Trace

for _kind in (
    KvKind(),
    D1Kind(),
    R2Kind(),
    DurableObjectKind(),
    QueueKind(),
    ConsumerKind(),
    RateLimitKind(),
    *unsimulated_kinds(),
):
    register(_kind)

OUTBOUND = "WORKERNB_OUTBOUND"
"""The environment variable that says what is the default: `internet`, or `off`."""

_AS_SET_OUTSIDE = "as the environment says"


def _otlp(trace: Trace) -> dict[str, Any]:
    from workernb.exporters.opentelemetry import otlp  # Few requests are exported.

    return otlp(trace)


def _perfetto(trace: Trace) -> dict[str, Any]:
    from workernb.exporters.chrome_trace import perfetto

    return perfetto(trace)


class Runtime(CoreRuntime):
    """A system of Workers in this process; see `workernb.runtime.runtime.Runtime`.

    clock: its time, and what is due at a time. queues: the consumers of its queues.
    """

    stores: Stores
    exporters: Mapping[str, Callable[[Trace], dict[str, Any]]] = MappingProxyType(
        {"otlp": _otlp, "perfetto": _perfetto}
    )
    clock: Clock

    def __init__(
        self,
        limits: Limits | None = None,
        outbound: Outbound | Handle | str | None = _AS_SET_OUTSIDE,
        stores: str | Path | None = None,
    ) -> None:
        """Make an empty runtime. limits: the default limits of requests.

        outbound: where the Workers' `fetch` leads when no route matches: "internet", None, a handle
        or an async function (see `Runtime.outbound`). By default the internet, unless the
        environment variable WORKERNB_OUTBOUND is `off`. Raises UsageError for anything else.

        stores: the folder that its stores are kept in; without one they are in memory. Raises
        StoreError if the folder cannot be used.
        """
        self._client = Internet()
        kept = Stores(stores)
        now = kept.clock.now
        super().__init__(Engines(now), limits, kept, clock=kept.clock, internet=self._client)
        self.loops.on_home = self.clock.run_on
        self.queues = Delivery(self, kept)
        self.stores.objects.attach(self)
        self.outbound = default_outbound() if outbound is _AS_SET_OUTSIDE else outbound

    def _record(self, kind: str, service: str, reason: str, summary: str, **result: Any) -> None:
        """Add a change to the history, and let Durable Objects follow it."""
        super()._record(kind, service, reason, summary, **result)
        self.stores.objects.changed(self.history[-1])

    def close(self) -> None:
        """Remove all services, close stores and connections; requests in flight go on."""
        super().close()
        self.clock.close()
        self.queues.close()
        self.stores.objects.close()
        self.stores.close()
        self._client.close()


def default_outbound() -> str | None:
    """Return the outbound service that the environment chooses; UsageError for another text."""
    text = os.environ.get(OUTBOUND, INTERNET)
    if text not in (INTERNET, "off"):
        raise with_notes(
            UsageError(f"{OUTBOUND} is {INTERNET} or off, not {text!r}."),
            did_you_mean(text, [INTERNET, "off"]),
        )
    return INTERNET if text == INTERNET else None


def checked_runtime(runtime: CoreRuntime | None) -> CoreRuntime:
    """Return the runtime that a widget shows: that of the notebook for None.

    Raises UsageError for any other object.
    """
    if runtime is None:
        return get_runtime()
    if not isinstance(runtime, CoreRuntime):
        raise UsageError(
            f"What is shown is a Runtime, or without one that of the notebook, not {runtime!r}."
        )
    return runtime


_runtime: Runtime | None = None


def get_runtime() -> Runtime:
    """Return the notebook's runtime: one for the process, made at the first call."""
    global _runtime
    if _runtime is None:
        _runtime = Runtime()
    return _runtime

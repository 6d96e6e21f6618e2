"""Bindings: the functions behind what JavaScript has on `env`, and behind `fetch`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from workernb.http.request import Request
from workernb.http.text import scalar
from workernb.runtime.bindings.service import ServiceBinding
from workernb.workers.env import VersionMetadata, values_of
from workernb.workers.fetch import fetch

from .boundary import Host
from .stores import KINDS


def binding_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def call_fetch(number: int | None, resource: Request | str) -> Any:
        send: Callable[[Any], Awaitable[Any]] = (
            fetch if number is None else host.bound(int(number)).fetch
        )
        given = resource if isinstance(resource, Request) else scalar(resource)
        return host.running("fetch").begin(send(given))

    def call_scheduled(number: int, time: float | None, cron: str) -> Any:
        call = host.bound(int(number)).scheduled(scheduledTime=time, cron=cron)
        return host.running("scheduled").begin(_as_json(call))

    return {
        "bindings": lambda: _bindings(host),
        "callFetch": host.exposed(call_fetch),
        "callScheduled": host.exposed(call_scheduled),
    }


async def _as_json(call: Awaitable[Any]) -> str:
    return json.dumps(await call)


def _bindings(host: Host) -> list[Any]:
    """Return name, kind and value of each binding in turn, as `workers.js` makes `env` of them."""
    flat: list[Any] = []
    for name, value in values_of(host.version.env).items():
        if isinstance(value, ServiceBinding):
            flat += name, "service", host.bind(value)
        elif isinstance(value, KINDS):
            flat += name, type(value).__name__, host.bind(value)
        else:
            flat += name, *_as_given(name, value)
    return flat


def _as_given(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, str):
        return "text", value
    if isinstance(value, VersionMetadata):
        parts = {"id": value.id, "tag": value.tag, "timestamp": value.timestamp}
        return "json", json.dumps(parts)
    try:
        return "json", json.dumps(value)
    except (TypeError, ValueError):
        return "refused", (
            f"env.{name} is a {type(value).__name__}, which JavaScript Workers do not have yet: "
            "call a Worker in Python that has it, over a Service binding."
        )

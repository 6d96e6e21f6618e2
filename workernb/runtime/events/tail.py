"""The tail event: finished invocations in, in the platform's shape; nothing out.

What a URL or a header has that looks like a secret is redacted as on the platform, after the
secrets of the system itself.
https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.invocations import Invocation, Log
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.traces import Trace
from workernb.workers.events import TailRequest
from workernb.workers.rpc import JsDict

from .event import Event
from .queue import batch_size_of, queue_of

NAME = "tail"
REDACTED = "REDACTED"

_LEVELS = {"log": "log", "debug": "debug", "info": "info", "warn": "warn", "error": "error"}
_SECRET_HEADERS = re.compile(r"auth|key|secret|token|jwt", re.IGNORECASE)
_HEX_ID = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{30,}[0-9a-fA-F]")
_BASE64_ID = re.compile(r"[A-Za-z0-9+_-]{21,}")


def _result(returned: Any, items: Sequence[Any], invocation: Invocation) -> None:
    """Return None: what a tail handler returns is ignored."""


def _begin(trace: Any, entrypoint: Entrypoint, items: Sequence[Any]) -> Invocation:
    return Invocation(trace, None, None, entrypoint, NAME, NAME, 1)


TAIL = Event(NAME, _result, begin=_begin)


def trace_item(invocation: Invocation) -> JsDict:
    """Return an invocation as a TraceItem."""
    trace: Trace = invocation.trace
    began_ms = _epoch_ms(trace, invocation.began_ns)
    version = invocation.version
    return JsDict(
        event=_event(invocation),
        eventTimestamp=began_ms,
        logs=[_log(trace, log) for log in invocation.logs if log.level != "error"],
        exceptions=_exceptions(invocation, began_ms),
        diagnosticsChannelEvents=[],
        scriptName=invocation.service,
        entrypoint=getattr(invocation, "entrypoint", DEFAULT).replace(DEFAULT, "default"),
        scriptVersion=None if version is None else JsDict(
            id=version.id, tag=version.definition.tag or "", message=""
        ),
        scriptTags=[],
        outcome=invocation.outcome or "unknown",
        executionModel="durableObject" if isinstance(invocation, ObjectInvocation) else "stateless",
        truncated=trace.log_characters_left < 0,
        cpuTime=round(invocation.cpu_ms, 3),
        wallTime=round(invocation.wall_ms, 3),
    )  # fmt: skip


def _event(invocation: Invocation) -> JsDict | None:
    """Return the FetchEventInfo, the JsRpcEventInfo, or that of another handler."""
    kind = invocation.event
    if kind == "fetch":
        response = None if invocation.status is None else JsDict(status=invocation.status)
        return JsDict(request=_request(invocation), response=response)
    if kind == "rpc":
        return JsDict(rpcMethod=invocation.method)
    if kind == "scheduled":
        at = _epoch_ms(invocation.trace, invocation.began_ns)
        return JsDict(scheduledTime=at, cron=invocation.title.partition("scheduled ")[2])
    if kind == "queue":
        return JsDict(queue=queue_of(invocation), batchSize=batch_size_of(invocation))
    return None


def _request(invocation: Invocation) -> TailRequest:
    url, fields = invocation.url, _fields(invocation)
    redact = invocation.trace.redact
    headers = {name: redact(value) for name, value in fields.items()}
    common = {"method": invocation.method, "cf": None}
    return TailRequest(
        {
            **common,
            "url": redact_url(url),
            "headers": JsDict({k: redact_header(k, value) for k, value in headers.items()}),
        },
        {**common, "url": url, "headers": JsDict(headers)},
    )


def _fields(invocation: Invocation) -> dict[str, str]:
    extras = invocation.extras
    return {} if extras is None or extras.request_fields is None else dict(extras.request_fields)


def redact_header(name: str, value: str) -> str:
    """Return a header's value, or REDACTED if its name is that of a secret."""
    lower = name.lower()
    secret = lower in ("cookie", "set-cookie") or _SECRET_HEADERS.search(lower)
    return REDACTED if secret else value


def redact_url(url: str) -> str:
    """Return a URL with REDACTED for each part that looks like an id: in hexadecimal or base64."""
    return _BASE64_ID.sub(_redact_id, _HEX_ID.sub(REDACTED, url))


def _redact_id(match: re.Match[str]) -> str:
    """Return REDACTED for text with upper and lower case and digits, as ids have."""
    text = match[0]
    mixed = (
        sum(c.isdigit() for c in text) >= 2
        and sum(c.isupper() for c in text) >= 2
        and sum(c.islower() for c in text) >= 2
    )
    return REDACTED if mixed else text


def _log(trace: Trace, log: Log) -> JsDict:
    at = trace.began * 1000 + log.at_ms
    return JsDict(timestamp=round(at), level=_LEVELS.get(log.level, "log"), message=[log.text])


def _exceptions(invocation: Invocation, at: int) -> list[JsDict]:
    text = invocation.exception
    if text is None:
        return []
    name, _, message = text.partition(": ")
    stack = next((log.text for log in invocation.logs if log.level == "error"), text)
    return [JsDict(timestamp=at, name=name, message=message, stack=stack)]


def _epoch_ms(trace: Trace, ns: int) -> int:
    """Return a time of `perf_counter_ns` in ms since the epoch."""
    since_ns = (ns or time.perf_counter_ns()) - trace.began_ns
    return round(trace.began * 1000 + since_ns / 1e6)

"""The alarm event: a Durable Object's alarm is due. Nothing comes out.

https://developers.cloudflare.com/durable-objects/api/alarms/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import ObjectInvocation

from .event import Event

NAME = "alarm"


@dataclass(frozen=True, slots=True)
class AlarmInvocationInfo:
    """The argument of an alarm handler.

    retryCount: how often it has failed in a row before. isRetry: whether it has. scheduledTime: the
    time that the alarm was set for, in ms since the epoch.
    """

    retryCount: int
    isRetry: bool
    scheduledTime: int


def _result(returned: Any, info: AlarmInvocationInfo, invocation: Invocation) -> None:
    """Return None: what an alarm handler returns is ignored."""


def _begin(trace: Any, entrypoint: Entrypoint, info: AlarmInvocationInfo) -> Invocation:
    return ObjectInvocation(trace, None, None, entrypoint, NAME, NAME, 1)


ALARM = Event(NAME, _result, begin=_begin)

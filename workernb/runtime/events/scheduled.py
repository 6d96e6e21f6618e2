"""The scheduled event: a time in, nothing out.

https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workernb.runtime.services.crons import checked_cron
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.tracing.invocations import Invocation
from workernb.workers.events import ScheduledController

from .event import Event

NAME = "scheduled"


def controller_of(
    scheduledTime: float | datetime, cron: str = "", **unknown: Any
) -> ScheduledController:
    """Return the handler's argument.

    scheduledTime: ms since the epoch, or a date. Raises TypeError for a name that
    the argument does not have, and UsageError for an invalid schedule.
    """
    if unknown:
        raise TypeError(f"scheduled() takes scheduledTime and cron, and no {', '.join(unknown)}.")
    if isinstance(scheduledTime, datetime):
        scheduledTime = scheduledTime.timestamp() * 1000
    return ScheduledController(float(int(scheduledTime)), checked_cron(cron) if cron else "")


def label(controller: ScheduledController) -> str:
    """Return the event as an invocation has it: its name and the schedule."""
    return f"{NAME} {controller.cron}".rstrip()


def outcome(controller: ScheduledController, text: str = "ok") -> dict[str, Any]:
    """Return the result that a caller receives. text: the handler's outcome."""
    return {"outcome": text, "noRetry": not controller.retries}


def _result(
    returned: Any, controller: ScheduledController, invocation: Invocation
) -> dict[str, Any]:
    """Return the platform's result; the value that the handler returned is ignored."""
    return outcome(controller)


def _begin(trace: Any, entrypoint: Entrypoint, controller: ScheduledController) -> Invocation:
    return Invocation(trace, None, None, entrypoint, NAME, label(controller), 1)


SCHEDULED = Event(NAME, _result, begin=_begin)

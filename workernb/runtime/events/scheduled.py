"""The scheduled event: a time in, nothing out.

https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workernb.runtime.tracing.invocations import Invocation

from .event import Event


@dataclass(slots=True)
class ScheduledController:
    """The handler's argument. scheduledTime: ms since the epoch. cron: the cron expression."""

    scheduledTime: float
    cron: str
    retries: bool = True

    def noRetry(self) -> None:
        """Prevent another attempt if the handler fails."""
        self.retries = False


def _result(
    returned: Any, controller: ScheduledController, invocation: Invocation
) -> dict[str, Any]:
    """Return the platform's result; the value that the handler returned is ignored."""
    return {"outcome": "ok", "noRetry": not controller.retries}


SCHEDULED = Event("scheduled", _result)

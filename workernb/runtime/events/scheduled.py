"""The scheduled event: a cron's time in, nothing out.

https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workernb.runtime.tracing.invocations import Invocation

from .event import Event


@dataclass(slots=True)
class ScheduledController:
    """What the handler is given. scheduledTime: ms since the epoch. cron: the pattern."""

    scheduledTime: float
    cron: str
    retries: bool = True

    def noRetry(self) -> None:
        """Have the event not tried again if the handler fails."""
        self.retries = False


def _result(
    returned: Any, controller: ScheduledController, invocation: Invocation
) -> dict[str, Any]:
    """Return what the platform returns; what the handler returned does not matter."""
    return {"outcome": "ok", "noRetry": not controller.retries}


SCHEDULED = Event("scheduled", _result)

"""Events as handlers receive them: ScheduledController, and the items of a tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .rpc import JsDict


@dataclass(slots=True)
class ScheduledController:
    """The argument of `scheduled`. scheduledTime: ms since the epoch. cron: the schedule.

    https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
    """

    scheduledTime: float
    cron: str
    retries: bool = True

    def noRetry(self) -> None:
        """Prevent another attempt if the handler fails."""
        self.retries = False


class TailRequest(JsDict):
    """A request as a tail shows it, with values redacted that look like secrets."""

    __slots__ = ("_unredacted",)

    def __init__(self, redacted: dict[str, Any], unredacted: dict[str, Any]) -> None:
        """Make it from both forms."""
        super().__init__(redacted)
        dict.__setattr__(self, "_unredacted", unredacted)

    def getUnredacted(self) -> JsDict:
        """Return the request as it was, without the Worker's own secrets."""
        return JsDict(dict.__getattribute__(self, "_unredacted"))

    get_unredacted = getUnredacted

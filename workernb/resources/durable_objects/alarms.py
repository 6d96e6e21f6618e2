"""Alarms: an object's alarm handler, called when its time has come, and again if it fails.

https://developers.cloudflare.com/durable-objects/api/alarms/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workernb.errors import CanceledError, format_error
from workernb.runtime.events.alarm import ALARM, NAME, AlarmInvocationInfo
from workernb.runtime.execution.tasks import ended
from workernb.runtime.schedules import call_entrypoint, date_text
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.traces import Trace

from .storage.databases import Place

__all__ = ["NAME", "Alarm", "Alarms", "run_alarm"]

RETRIES_S = (2, 4, 8, 16, 32, 64)
"""After how long (s of the runtime's clock) a failed alarm is tried again; then it is given up.

The platform adds up to a quarter at random, which would make a moved clock hard to follow.
"""


@dataclass(slots=True)
class Alarm:
    """An alarm that is due. retries: how often it has failed. scheduled_s: the time that was set.

    changed: whether the handler has set another one, or deleted it.
    """

    retries: int
    scheduled_s: float
    changed: bool = False


async def run_alarm(storage: Any, handler: Any, alarm: Alarm, invocation: Any) -> None:
    """Call an object's alarm handler, and delete the alarm if that succeeds. storage: the object's.

    What the handler sets stays; while it runs, the alarm that is due counts as none.
    """
    at = storage.begin_alarm()
    if at is None:
        return  # It was deleted, and the process ended before that was noted in the list.
    alarm.scheduled_s = at
    done = False
    try:
        info = AlarmInvocationInfo(alarm.retries, alarm.retries > 0, round(at * 1000))
        await handler(info, invocation)
        done = True
    finally:
        alarm.changed = storage.end_alarm(done)


class Alarms:
    """The alarms of all objects of a runtime. The stores have them; here are their timers."""

    def __init__(self, objects: Any) -> None:
        """Begin without timers."""
        self._objects = objects
        self._timers: dict[Place, Any] = {}

    def begin(self, service: str | None = None) -> None:
        """Schedule the alarms that are stored: of all services that are defined, or of one."""
        objects = self._objects
        if objects.runtime is None or not objects.databases.any_stored():
            return
        for namespace, row in objects.databases.alarms():
            name = namespace.partition("#")[0]
            if name in objects.runtime and service in (None, name):
                self.schedule(objects.entrypoint(namespace, row.id, row.name), row.alarm)

    def schedule(self, entrypoint: Any, at: float | None) -> None:
        """Call an object's alarm handler at a time (s since the epoch); None: do not."""
        place = entrypoint.place
        self.cancel(place)
        if at is None:
            return
        named = entrypoint.id.name or f"{entrypoint.id.text[:8]}…"
        self._timers[place] = self._objects.clock.call_at(
            at, lambda: self._fire(entrypoint), f"alarm of {place[0]} {named}"
        )

    def cancel(self, place: Place) -> None:
        """Forget an object's timer."""
        timer = self._timers.pop(place, None)
        if timer is not None:
            timer.cancel()

    async def _fire(self, entrypoint: Any) -> None:
        """Call an alarm handler, and say what becomes of the alarm."""
        objects, place = self._objects, entrypoint.place
        self._timers.pop(place, None)
        due, retries = objects.databases.alarm(place)
        if due is None or entrypoint.version is None:
            return  # Deleted; or it waits until its Worker is defined again.
        alarm, version = Alarm(retries, due), entrypoint.version
        why = f"alarm, due {date_text(due)}{f', retry {retries}' if retries else ''}"
        call = call_entrypoint(objects.runtime, entrypoint, version, ALARM, alarm, why)
        trace = call.trace
        assert trace is not None
        try:
            await call
        except Exception as error:
            if not alarm.changed:
                self._failed(entrypoint, alarm, error, trace)
            if isinstance(error, CanceledError):
                raise  # By the user's interrupt, which is the end of a move of the clock too.
        await ended(trace)

    def _failed(self, entrypoint: Any, alarm: Alarm, error: Exception, trace: Trace) -> None:
        """Try a failed alarm again later, or give it up after the last retry."""
        objects, place = self._objects, entrypoint.place
        again = getattr(error, "retries_alarm", True) and alarm.retries < len(RETRIES_S)
        if again:
            at = objects.clock.now() + RETRIES_S[alarm.retries]
            objects.databases.set_alarm(place, at, alarm.retries + 1)
            self.schedule(entrypoint, at)
            return
        objects.databases.give_up_alarm(place)
        text = f"The alarm is given up after {alarm.retries} retries: {format_error(error)}"
        warn(trace, trace.invocations[0], text)

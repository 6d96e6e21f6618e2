"""`ctx` of a Durable Object.

https://developers.cloudflare.com/durable-objects/api/state/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

from workernb.errors import DurableObjectError, did_you_mean, with_notes
from workernb.texts import PlatformText
from workernb.workers.current import running
from workernb.workers.durable_objects import DurableObjectAbort

from .ids import DurableObjectId
from .instances import Instance
from .storage.storage import DurableObjectStorage

T = TypeVar("T")


class DurableObjectState:
    """The context of one object, `self.ctx`. id: a DurableObjectId. storage: what it keeps."""

    def __init__(
        self, instance: Instance, object_id: DurableObjectId, now: Callable[[], float]
    ) -> None:
        """Make the context of an object. now: the time, in s since the epoch."""
        self.id = object_id
        self.storage = DurableObjectStorage(instance.storage, instance.hold, now)
        self._instance = instance

    @property
    def props(self) -> Any:
        """The props of the running event: `{}`, since a namespace has none."""
        return running().props

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints and classes, as bindings."""
        return running().exports

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:
        """Go on until `awaitable` is done: here that is 30 s (wall clock) at most.

        The object stays in memory in any case while its tasks run.
        """
        running().wait_until(awaitable)

    def blockConcurrencyWhile(self, callback: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """Await a coroutine function, during which no other event of the object begins or goes on.

        It begins at once, so that a constructor can call it without await. An exception of it, or
        more than 30 s (wall clock), resets the object. Raises TypeError for what is no function.
        """
        if not callable(callback):
            raise with_notes(
                TypeError("blockConcurrencyWhile() takes a coroutine function."),
                "Pass the function itself, without calling it: blockConcurrencyWhile(self.load)",
            )
        return self._instance.hold(callback, breaks=True)

    def abort(self, reason: object = None, options: Any = None) -> NoReturn:
        """Reset the object: its memory is lost, its events end with the reason, its storage stays.

        What was written so far is stored. Callers get a DurableObjectError whose text is `reason`.
        """
        text = PlatformText.OBJECT_ABORT if reason is None else str(reason)
        retries = not (isinstance(options, dict) and options.get("retryAlarm") is False)
        self._instance.storage.depth = 0
        self._instance.storage.commit()
        error = DurableObjectError(text)
        error.retries_alarm = retries  # type: ignore[attr-defined]
        self._instance.reset(error)
        raise DurableObjectAbort(text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = "id storage props exports waitUntil blockConcurrencyWhile abort".split()
        text = f"The ctx of a Durable Object has no {name!r}; it has {', '.join(known)}."
        web_socket = "WebSocket" in name or name == "getTags"
        remedy = "WebSockets that hibernate are not simulated." if web_socket else None
        raise with_notes(
            AttributeError(text, name=name, obj=self), remedy or did_you_mean(name, known)
        )

    def __repr__(self) -> str:
        return f"<ctx of {self.id!r}>"

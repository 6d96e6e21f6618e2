"""Classes of Durable Objects in a JavaScript Worker's source, and the objects made of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from workernb.errors import DurableObjectError
from workernb.runtime.events.rpc import RPC
from workernb.runtime.events.web_socket import HANDLERS as SOCKET_HANDLERS
from workernb.runtime.services.engine import Handler
from workernb.texts import PlatformText
from workernb.workers.current import running

from .hibernation import event_parts
from .realm import Discovered, Realm
from .run import Run
from .values import written

EVENTS = ("fetch", "alarm", *sorted(SOCKET_HANDLERS))
"""The names of the handlers that an object may have."""


class ScriptObjectClass:
    """A class that extends DurableObject, of one loaded version.

    events: the names of the handlers that it has. methods: what RPC can reach, by name.
    """

    def __init__(
        self,
        realm: Callable[[], Realm],
        found: Discovered,
        methods: Mapping[str, Any],
        check: Callable[[Any], None],
    ) -> None:
        """Keep the class. realm: returns the realm of a thread. check: raises for a wrong call."""
        self.events = frozenset(name for name in EVENTS if name in found.members)
        self.methods = methods
        self._realm = realm
        self._name = found.name
        self._check = check

    def make(self, ctx: Any) -> Mapping[str, Handler]:
        """Make an object; return its handlers. Raises what its constructor raises."""
        realm = self._realm()
        host = realm.host
        number = host.number()
        host.objects[number] = ctx
        weakref.finalize(ctx, host.to_release.append, number).atexit = False
        run = Run(realm, running())
        try:
            parts = [ctx.id.text, ctx.id.name, ctx.id.jurisdiction]
            run.enter(realm.make_object, realm.index[self._name], run.number, number, parts)
            run.at_once()
        finally:
            run.leave()
        made = _Object(realm, ctx, number)
        handlers: dict[str, Handler] = {event: made.handler(event) for event in self.events}
        handlers[RPC] = made.rpc_handler(self._check)
        return handlers


class _Object:
    """An object in a heap, by its number. It keeps neither the heap nor its context alive."""

    def __init__(self, realm: Realm, ctx: Any, number: int) -> None:
        self._realm = weakref.ref(realm)
        self._ctx = weakref.ref(ctx)
        self._number = number

    def handler(self, event: str) -> Handler:
        """Return the handler of an event."""

        async def handler(argument: Any, invocation: Any) -> Any:
            def enter(realm: Realm, run: Run) -> None:
                if event in SOCKET_HANDLERS:
                    given: Any = event_parts(realm.host, argument)
                elif event == "fetch":
                    given = realm.machine.wrap(argument)
                else:
                    given = _info(argument, run)
                run.enter(realm.enter_object, self._number, run.number, event, given)

            return await self._run(invocation, enter)

        return handler

    def rpc_handler(self, check: Callable[[Any], None]) -> Handler:
        """Return the handler of calls over RPC. check: raises for one that is not let in."""

        async def rpc(call: Any, invocation: Any) -> Any:
            check(call)

            def enter(realm: Realm, run: Run) -> None:
                parts = None if call._args is None else written(call._args, run)
                path = list(call._path)
                run.enter(realm.enter_exported, self._number, run.number, path, parts)

            return await self._run(invocation, enter)

        return rpc

    async def _run(self, invocation: Any, enter: Callable[[Realm, Run], None]) -> Any:
        """Return what an event comes to; the object is reset if its heap is lost."""
        realm = self._realm()
        if realm is None or realm.is_dead:
            raise self._lost()
        run = Run(realm, invocation)
        try:
            enter(realm, run)
            return await run.result()
        finally:
            run.leave()
            if realm.is_dead:
                self._lost()

    def _lost(self) -> DurableObjectError:
        """Reset the object, whose heap is lost; return the error for its callers."""
        error = DurableObjectError(PlatformText.MEMORY)
        ctx = self._ctx()
        if ctx is not None:
            ctx._instance.reset(error)
        return error


def _info(argument: Any, run: Run) -> list[Any]:
    """Return what an alarm's handler is told."""
    info = {"retryCount": argument.retryCount, "isRetry": argument.isRetry}
    return written([info], run)

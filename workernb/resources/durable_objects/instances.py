"""Instances: objects in memory, and the events that they handle.

An object handles one event at a time between its awaits; during an await of anything but its
storage, others begin or go on (https://developers.cloudflare.com/durable-objects/).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import types
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from workernb.errors import CpuLimitExceeded, DurableObjectError, HandlerError, with_notes
from workernb.runtime.execution.loops import call_in
from workernb.runtime.services.engine import Handlers
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.texts import PlatformText
from workernb.workers.current import current
from workernb.workers.durable_objects import DurableObjectAbort

from .alarms import NAME, run_alarm
from .gates import InputGate, Section
from .storage.store import ObjectStore

T = TypeVar("T")

MAX_SECTION_S = 30.0
"""How long (s of wall clock) `blockConcurrencyWhile` may take, as on the platform."""

_section: ContextVar[Section | None] = ContextVar("workernb section", default=None)


class Instance:
    """One object in memory.

    version: what its code is of. events: those that it handles, with the task that each waits in.
    used_s: when its last event began, in s. broken: why it was reset, or None. sections: the tasks
    that keep other events out. handlers: what its constructor has made. state: its ctx.
    """

    handlers: Handlers
    state: Any

    def __init__(
        self, version: Version | None, storage: ObjectStore, on_reset: Callable[[], None]
    ) -> None:
        """Make an object whose constructor has not run. on_reset: called when it is reset."""
        self.version = version
        self.storage = storage
        self.gate = InputGate()
        self.events: dict[ObjectInvocation, asyncio.Task[Any] | None] = {}
        self.used_s = 0.0
        self.broken: BaseException | None = None
        self.sections: set[asyncio.Task[Any]] = set()
        self._on_reset = on_reset
        self._woken: set[asyncio.Task[Any]] = set()
        self._left: list[ObjectInvocation] = []
        storage.on_failure = self.reset

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it runs: no event, and no task that one has left behind."""
        return not (self.events or self.sections or self._left_behind() or self._left)

    def _left_behind(self) -> list[asyncio.Future[Any]]:
        """Return the tasks of events that have ended."""
        self._left = [each for each in self._left if _goes_on(each)]
        return [task for each in self._left for task in each.ensure_extras().tasks]

    def end_event(self, invocation: ObjectInvocation) -> None:
        """Note that an event has ended, maybe but for tasks that it has begun."""
        del self.events[invocation]
        invocation.gate = None
        if _goes_on(invocation):
            self._left.append(invocation)
        else:
            invocation.before_call = None

    def reset(self, error: BaseException) -> None:
        """Let the object's memory be lost; its events in flight end with the error."""
        if self.broken is not None:
            return
        self.broken = self.storage.broken = error
        self.storage.roll_back()
        self._on_reset()
        here = asyncio.current_task() if asyncio._get_running_loop() is not None else None
        own = {*self.sections, *self._left_behind()}
        for each in self._left:
            for body in list(each.ensure_extras().bodies):
                body.discard()
        for task in {*self.events.values(), *own} - {None, here}:
            assert task is not None
            if task not in own:
                self._woken.add(task)  # type: ignore[arg-type]
            call_in(task.get_loop(), task.cancel)

    def take_back_cancellation(self, thrown: BaseException) -> None:
        """Undo the cancellation by which `reset` has woken the task that runs."""
        task = asyncio.current_task()
        if task in self._woken and isinstance(thrown, asyncio.CancelledError):
            self._woken.discard(task)
            task.uncancel()

    # What keeps other events out

    def hold(self, work: Callable[[], Awaitable[T]], breaks: bool = False) -> asyncio.Task[T]:
        """Begin a coroutine function, during which no other event runs; return its task.

        breaks: whether its exception resets the object, and a time limit holds.
        """
        owner: Any = current.get()
        gate, outer = self.gate, _section.get()
        nested = outer if outer is not None and _is_within(gate.section, outer) else None
        held: list[Section] = []
        if nested is not None or not gate.section:
            held.append(gate.close(owner, nested))
        task = asyncio.get_running_loop().create_task(self._held(held, owner, work, breaks))
        self.sections.add(task)
        task.add_done_callback(partial(self._held_ended, held))
        return task

    def _held_ended(self, held: list[Section], task: asyncio.Task[Any]) -> None:
        """Open the gate: whoever awaits the task goes on before other events do."""
        self.sections.discard(task)
        for section in held:
            self.gate.open(section)
        if not task.cancelled():
            task.exception()  # Retrieved: nobody need await it.

    async def _held(
        self,
        held: list[Section],
        owner: ObjectInvocation,
        work: Callable[[], Awaitable[T]],
        breaks: bool,
    ) -> T:
        while not held:
            if self.gate.closed:
                await self.gate.wait(owner, check=False)
            held.append(self.gate.close(owner, None))
        _section.set(held[0])
        timer = None
        if breaks:
            loop = asyncio.get_running_loop()
            blocked = DurableObjectError(PlatformText.OBJECT_BLOCKED)
            timer = loop.call_later(MAX_SECTION_S, self.reset, blocked)
        try:
            done: Any = work()
            result: T = await done if inspect.isawaitable(done) else done
            if self.storage.depth == 0:
                self.storage.commit()
            return result
        except Exception as error:
            if breaks:
                self.reset(error)
            raise
        finally:
            if timer is not None:
                timer.cancel()


def _goes_on(event: ObjectInvocation) -> bool:
    """Return whether an event that has ended has left something: a task, a stream, a WebSocket."""
    return event.extras is not None and bool(event.extras._tasks or event.extras.bodies)


def _is_within(section: Section | None, outer: Section) -> bool:
    """Return whether a section is `outer`, or nested in it."""
    while section is not None and section is not outer:
        section = section.outer
    return section is outer


# Events


@types.coroutine
def run_event(
    instance: Instance, event: str, argument: Any, invocation: ObjectInvocation, stub: Any
) -> Generator[Any, Any, Any]:
    """Run an event of an object, and return what its handler returns.

    It waits at the input gate, and before anything leaves, writes are stored: the output gate.
    stub: the entrypoint that was called, which is broken when the object is reset meanwhile.
    """
    gate, storage = instance.gate, instance.storage
    invocation.gate, invocation.before_call = gate, storage.commit
    instance.events[invocation] = None
    thrown: BaseException | None = None
    value: Any = None
    steps: Any = None
    try:
        if gate.closed:
            instance.events[invocation] = asyncio.current_task()
            yield from gate.wait(invocation)
        if instance.broken is not None:
            raise instance.broken
        steps = _handler_of(instance, event, invocation)(argument, invocation)
        while True:
            try:
                yielded = steps.send(value) if thrown is None else steps.throw(thrown)
            except StopIteration as stop:
                if instance.broken is not None:
                    raise instance.broken from None
                storage.commit()
                return stop.value
            storage.commit()
            instance.events[invocation] = asyncio.current_task()
            value = thrown = None
            try:
                value = yield yielded
            except BaseException as error:
                thrown = error
                instance.take_back_cancellation(error)
            if instance.broken is None and gate.section is not None:
                # Another event keeps this one out: what it has waited for arrives later.
                yield from gate.wait(invocation, check=False)
            if instance.broken is not None:
                with contextlib.suppress(Exception):
                    steps.close()
                raise instance.broken
    except BaseException as error:
        instance.take_back_cancellation(error)
        ended = _ended(instance, error)
        if isinstance(ended, DurableObjectError) and ended.durableObjectReset:
            stub.broken = ended
        if ended is error:
            raise
        raise ended from None
    finally:
        instance.end_event(invocation)


def _ended(instance: Instance, error: BaseException) -> BaseException:
    """Return what the caller gets for an exception that has left an object's handler."""
    if isinstance(error, DurableObjectAbort) and instance.broken is None:
        instance.reset(DurableObjectError(*error.args))
    if isinstance(error, CpuLimitExceeded):
        instance.reset(DurableObjectError(PlatformText.OBJECT_CPU))
        return error
    broken = instance.broken
    replaced = isinstance(error, Exception | asyncio.CancelledError | DurableObjectAbort)
    if broken is not None and replaced:
        return broken
    try:
        instance.storage.commit()
    except Exception as failure:
        return failure
    return error


def _handler_of(instance: Instance, event: str, invocation: ObjectInvocation) -> Any:
    handler = instance.handlers.get(event)
    if handler is None:
        raise with_notes(
            HandlerError(PlatformText.NO_HANDLER.format(name=event)),
            f"The class of {invocation.namespace} has no {event} method.",
        )
    if event != NAME:
        return handler
    return partial(run_alarm, instance.state.storage, handler)

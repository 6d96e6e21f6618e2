"""Runs: one invocation of a JavaScript Worker, whose promises are settled as it waits.

JavaScript never calls a Worker on its own stack. A call makes an *operation*, an awaitable, and
returns a promise; the handler's coroutine awaits the operations and settles their promises. One
operation is awaited right there, as a Python Worker would; several are tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from workernb.errors import HungError, with_notes
from workernb.http.response import Response
from workernb.runtime.execution.hop import call_of, claim_call
from workernb.runtime.execution.tasks import abandon, release
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

from .failures import end_of, error_of
from .operations import Outcome, close, drop, outcome
from .waits import Waits

if TYPE_CHECKING:
    from .boundary import Host
    from .machine import Machine

MAX_JOBS_AFTER_CUT = 200
"""How many jobs of a cut request are let run into the interrupt, before its heap is dropped."""

IDLE_TURNS = 3
"""How many iterations of the loop a run waits for others to begin, before it counts as hung."""


class Realm(Protocol):
    """The part of a realm that a run uses: its heap, and functions of our own scripts in it."""

    host: Host
    machine: Machine
    files: dict[str, str]
    memory_mb: float
    is_dead: bool
    fire_timer: Any
    forget_timer: Any
    pull_stream: Any
    cancel_stream: Any
    settle: Any
    settle_response: Any
    fail: Any
    forget: Any

    def written(self, values: list[Any], run: Run) -> list[Any]:
        """Return values as a list that JavaScript reads."""

    def wake_others(self, run: Run) -> None:
        """Let the other runs look again."""

    def others_can_act(self, run: Run) -> bool:
        """Return whether any other run may settle a promise."""


class Run:
    """An invocation in a realm: its operations, and what its handler has come to.

    number: by which JavaScript names it. argument: the handler's, of some events. exceptions: those
    that JavaScript has errors of, by number. sources: stubs and calls that it has, by number.
    waits: what `ctx.waitUntil` waits for, None for nothing. goes_on: how many streams it produces
    that may go on after its handler has ended. sockets: how many ends of WebSockets that it has
    accepted are open. keeper: the run that has accepted the end whose event this one handles.
    """

    # Class-level defaults: most runs have none of these.
    exceptions: Mapping[int, BaseException] = MappingProxyType({})
    waits: Waits | None = None
    sources: Mapping[int, Any] = MappingProxyType({})
    _calls: frozenset[int] = frozenset()
    goes_on = sockets = 0
    keeper: Run | None = None
    _tasks: dict[asyncio.Future[Outcome], int] | Mapping[Any, int] = MappingProxyType({})
    argument: Any = None
    _has_left = False
    _is_done = False
    _result: Any = None
    _error: BaseException | None = None
    _idle_turns = 0
    _turn: asyncio.Future[None] | None = None
    _timers: Mapping[int, int] = MappingProxyType({})  # Their numbers, by those of operations.
    _chunks: Mapping[int, Outcome] = MappingProxyType({})  # Those that were pulled, by stream.

    def __init__(self, realm: Realm, invocation: Any) -> None:
        """Begin an invocation, whose handler has not been called."""
        self.realm = realm
        self.invocation: Invocation = invocation
        self.trace: Trace = invocation.trace
        host = realm.host
        host.last = self.number = host.last + 1
        self._operations: dict[int, Awaitable[Any]] = {}
        host.runs[self.number] = self

    # What the host's functions call

    @property
    def is_condemned(self) -> bool:
        """Whether its code must be cut: the request is aborted, or its own budget is used up."""
        trace = self.trace
        return trace.aborted is not None or self.invocation in trace.over_budget

    def begin(self, awaitable: Awaitable[Any]) -> int:
        """Add an operation, and return the number of its promise."""
        host = self.realm.host
        host.last = number = host.last + 1
        self._operations[number] = awaitable
        return number

    def begin_call(self, call: Awaitable[Any]) -> int:
        """Add a call over RPC, whose result is encoded for JavaScript; return its number."""
        number = self.begin(call)
        self._calls |= {number}
        return number

    def keep(self, source: Any) -> int:
        """Keep a stub or a call for as long as the run lasts; return its number."""
        number = self.realm.host.number()
        self.sources = {**self.sources, number: source}
        return number

    def cancel(self, number: int) -> None:
        """Drop an operation whose promise nobody wants any more, such as a timer."""
        awaitable = self._operations.pop(number, None)
        if awaitable is not None:
            close(awaitable)
        for task, of in list(self._tasks.items()):
            if of == number:
                self._tasks = {one: of for one, of in self._tasks.items() if one is not task}
                release(self.invocation, task)
                task.cancel()
                self.wake()

    def start_timer(self, number: int, milliseconds: float) -> None:
        """Fire a timer of JavaScript's after a time, while the invocation lasts."""
        operation = self.begin(asyncio.sleep(milliseconds / 1000))
        self._timers = {**self._timers, operation: number}

    def cancel_timer(self, number: int) -> None:
        """Forget a timer of JavaScript's."""
        for operation, timer in self._timers.items():
            if timer == number:
                self._timers = {o: t for o, t in self._timers.items() if o != operation}
                self.cancel(operation)
                return

    def done(self, result: Any) -> None:
        """Note what the handler has returned."""
        if not self._is_done:
            self._is_done, self._result = True, result

    def failed(self, error: BaseException) -> None:
        """Note what the handler has thrown."""
        if not self._is_done:
            self._is_done, self._error = True, error

    def error_of(self, number: int, name: str, text: str, stack: str) -> BaseException:
        """Return the exception for what JavaScript threw: the very same, if it comes from here."""
        known = self.exceptions.get(number)
        return error_of(self, number, name, text, stack) if known is None else known

    # Entering JavaScript

    def enter(self, function: Any, *args: Any) -> Any:
        """Call a function of JavaScript's as this run, and run the jobs that follow.

        Raises the end of the request, or of the invocation's budget, where that has cut it.
        """
        realm, trace = self.realm, self.trace
        host, machine = realm.host, realm.machine
        outer, host.run = host.run, self
        value, stack = None, ""
        try:
            try:
                value = function(*args)
                while machine.context.has_pending_job and trace.aborted is None:
                    machine.run_one()
            except machine.errors as thrown:
                stack = machine.stack_of(thrown)
                self._drain_on()
            if trace.aborted is not None or trace.over_budget:
                self._run_into_interrupt()
        finally:
            host.run = outer
        if len(host.runs) > 1:
            realm.wake_others(self)
        if (trace.aborted is not None or trace.over_budget) and self.is_condemned:
            raise end_of(self, stack or machine.stack_of_rejection(value), self._error)
        return value

    def _drain_on(self) -> None:
        """Run the jobs that are left after one has thrown, as one that was cut does."""
        machine = self.realm.machine
        while machine.has_jobs and not self.is_condemned:
            machine.run_job()

    def _run_into_interrupt(self) -> None:
        """Empty the queue of a run that was cut: each of its jobs is cut too, soon after it begins.

        Where there is no end of them, the heap is dropped.
        """
        machine = self.realm.machine
        if not self.is_condemned:
            return
        for _ in range(MAX_JOBS_AFTER_CUT):
            if not machine.has_jobs:
                return
            machine.run_job()
        self.realm.is_dead = True

    # The handler

    async def result(self) -> Any:
        """Return what the handler comes to; settle its promises until it does.

        Raises what it throws, and HungError if nothing can settle what it waits for.
        """
        while not self._is_done:
            await self._step()
        if self._error is not None:
            raise self._error
        return self._result

    def at_once(self) -> None:
        """Raise what a constructor has thrown."""
        if self._error is not None:
            raise self._error

    async def until(self, is_over: Callable[[], bool]) -> None:
        """Settle promises until something is over, such as the reading of a chunk."""
        while not is_over():
            await self._step()

    async def _step(self) -> None:
        """Wait for an operation, and settle its promise; or for another run of the same heap."""
        operations = self._operations
        if not operations and not self._tasks:
            await self._wait_for_others()
        elif len(operations) == 1 and not self._tasks and not self.sockets:
            number, awaitable = operations.popitem()
            try:
                found: Outcome = (await awaitable, None)
            except Exception as error:
                found = (None, error)
            self._settle(number, found)
        else:
            self._begin_tasks()
            self._turn = turn = asyncio.get_running_loop().create_future()
            await asyncio.wait({*self._tasks, turn}, return_when=asyncio.FIRST_COMPLETED)
            ended = [(task, number) for task, number in self._tasks.items() if task.done()]
            self._tasks = {task: n for task, n in self._tasks.items() if not task.done()}
            for task, number in ended:
                self._settle(number, task.result())

    def _begin_tasks(self) -> None:
        """Begin all operations, each in a task of its own."""
        loop = asyncio.get_running_loop()
        tasks = dict(self._tasks)
        while self._operations:
            number = next(iter(self._operations))
            awaitable = self._operations.pop(number)
            call = claim_call(awaitable)
            task = loop.create_task(outcome(awaitable))
            if call is not None:
                self.invocation.ensure_extras().tasks[task] = call
            tasks[task] = number
        self._tasks = tasks

    def _settle(self, number: int, found: Outcome) -> None:
        realm, (value, error) = self.realm, found
        timer = self._timers.get(number) if self._timers else None
        if timer is not None:
            self._timers = {o: t for o, t in self._timers.items() if o != number}
            self.enter(realm.fire_timer, timer)
        elif error is not None:
            self.enter(realm.fail, number, *realm.host.about(error, self))
        elif number in self._calls:
            self.enter(realm.settle, number, realm.written([value], self))
        elif isinstance(value, Response):
            self.enter(realm.settle_response, number, realm.machine.wrap(value))
        else:
            self.enter(realm.settle, number, value)

    async def _wait_for_others(self) -> None:
        """Wait until another run of the same heap has run, which may settle a shared promise."""
        if not self.sockets and not self.realm.others_can_act(self):
            self._idle_turns += 1
            if self._idle_turns <= IDLE_TURNS:
                await asyncio.sleep(0)
                return
            raise with_notes(
                HungError(PlatformText.HUNG),
                f"Worker {self.invocation.service!r} waits for a promise that nothing can settle.",
            )
        self._idle_turns = 0
        self._turn = asyncio.get_running_loop().create_future()
        try:
            await self._turn
        finally:
            self._turn = None

    @property
    def can_act(self) -> bool:
        """Whether it runs, or waits for an operation or for an event of a WebSocket."""
        return bool(self._operations or self._tasks or self.sockets) or self._turn is None

    @property
    def is_quiet(self) -> bool:
        """Whether it waits for no operation; of timers once their connection has ended."""
        if self._operations or self._tasks:
            keeps = self.keeper is not None and self.keeper.sockets > 0
            return not keeps and all(
                number in self._timers for number in (*self._operations, *self._tasks.values())
            )
        return True

    def wake(self) -> None:
        """Look again at what it waits for."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    # Streams that it produces

    async def pull(self, number: int) -> bytes | None:
        """Return the next chunk of a stream that JavaScript produces; None at its end."""
        self.enter(self.realm.pull_stream, number)
        await self.until(lambda: number in self._chunks)
        chunks = dict(self._chunks)
        chunk, error = chunks.pop(number)
        self._chunks = chunks
        if error is not None:
            raise error
        return chunk  # type: ignore[no-any-return]

    def pulled(self, number: int, chunk: bytes | None, error: BaseException | None = None) -> None:
        """Note what the producer of a stream has given, or thrown."""
        self._chunks = {**self._chunks, number: (chunk, error)}

    def cancel_stream(self, number: int) -> None:
        """Tell the producer of a stream that nobody reads on."""
        self.enter(self.realm.cancel_stream, number)

    def stream_ended(self) -> None:
        """Note that a stream which it produced has ended."""
        self.goes_on = max(0, self.goes_on - 1)
        if not self.goes_on and self._has_left:
            self.leave_if_idle()

    # After the handler

    def wait_until(self) -> int:
        """Keep the request open for a promise of `ctx.waitUntil`; return its number."""
        if self.waits is None:
            self.waits = Waits(self)
            self.invocation.wait_until(self.waits.serve())
        number = self.realm.host.number()
        self.waits.pending.add(number)
        return number

    def leave(self) -> None:
        """End what the handler has begun, but for what `ctx.waitUntil` waits for.

        Called as the handler ends, within its invocation. A call that code has waited for at some
        time, as the loser of a race, is dropped without a warning.
        """
        self._has_left = True
        if self._error is not None or self.trace.aborted is not None:
            self.goes_on = 0  # What it would have produced is not sent.
            self._error = None  # Its traceback leads back here: a circle would keep the heap.
        if self.waits is not None:
            self.waits.handler_ended.set()
        elif not self._operations and not self._tasks and not self.goes_on:
            self._end()
            return
        if self.waits and self.waits.pending and self.trace.aborted is None:
            self._begin_tasks()
            for task in self._tasks:
                self.invocation.wait_until(task)
            return
        if not self.goes_on:
            self._drop_operations()
        self.leave_if_idle()

    def leave_if_idle(self) -> None:
        """End the run if neither waits nor streams of it go on."""
        if not (self.waits and self.waits.pending) and not self.goes_on:
            self._drop_operations()
            self._end()
            self.realm.wake_others(self)

    def _end(self) -> None:
        self.realm.host.runs.pop(self.number, None)
        if self.exceptions:
            self.exceptions = {}

    def _drop_operations(self) -> None:
        forget = self.realm.machine.quiet(self.realm.forget)
        while self._operations:
            number, awaitable = self._operations.popitem()
            call = call_of(awaitable)
            is_waited_for = forget(number)
            if call is None:
                drop(awaitable, self.invocation, is_waited_for)
            elif is_waited_for:
                abandon(call)
        for task, number in list(self._tasks.items()):
            work = self.invocation.ensure_extras().tasks.get(task)
            if forget(number) or not isinstance(work, Invocation):
                release(self.invocation, task)
                task.cancel()
        forget_timer = self.realm.machine.quiet(self.realm.forget_timer)
        for timer in self._timers.values():
            forget_timer(timer)
        self._tasks = self._timers = {}

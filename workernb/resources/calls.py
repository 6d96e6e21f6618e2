"""Calls to stores: metered, counted as subrequests, and charged to the invocation.

A call does its work when it is awaited, at once and on the same thread, and then yields to the loop
once, as the platform's promises do: two requests that read and write the same key can race.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from time import perf_counter_ns as wall_clock
from typing import Any, ClassVar

from workernb.errors import GlobalScopeError, did_you_mean, format_error, with_notes
from workernb.resources.sqlite import one_at_a_time
from workernb.runtime.enforcement.budget import take_subrequest
from workernb.runtime.execution.steppable import Steppable
from workernb.runtime.tracing.clock import read_cpu_clock
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.objects import caller_of
from workernb.runtime.tracing.operations import Operation
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

_running = current.get
NOT_AWAITED = "it was never awaited. Await it, or hand it to ctx.waitUntil(…)."


class StoreBinding:
    """What stands on `env` for a store. It refers to its store by name, in the runtime's stores.

    binding: its name on `env`; None for the notebook's own, which is bound by no limits. habits:
    what to write instead of the names that other libraries have.
    """

    noun = "store"
    is_subrequest = True
    habits: ClassVar[Mapping[str, str]] = {}

    def __init__(self, stores: Any, name: str, binding: str | None = None) -> None:
        """Bind to the store of this name, which need not exist yet."""
        self._stores = stores
        self._name = name
        self._binding = binding

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        methods = [
            each
            for each in dir(type(self))
            if callable(getattr(type(self), each)) and each[0] != "_"
        ]
        text = f"A {self.noun} has no {name!r}; it has {', '.join(methods)}."
        usual = self.habits.get(name)
        remedy = f"Write {self._expression}.{usual}" if usual else did_you_mean(name, methods)
        raise with_notes(AttributeError(text, name=name, obj=self), remedy)

    @property
    def _expression(self) -> str:
        """How it is written in source."""
        return f"env.{self._binding}" if self._binding else f"<{self.noun} {self._name}>"

    def _failure(self, error: BaseException) -> BaseException:
        """Return the error to raise for one of a call: another one for those of SQLite."""
        if type(error).__module__ == "sqlite3":
            failed: BaseException = self._stores.main.failed(error)
            return failed
        return error

    def __repr__(self) -> str:
        return f"<{self.noun} {self._name}>"


class NotebookOperation:
    """Stands for the operation of a call that no Worker makes."""

    rows: int | None = None


class StoreCall(Steppable):
    """A call to a store: a coroutine, to be awaited once."""

    __slots__ = (
        "_arguments",
        "_binding",
        "_caller",
        "_detail",
        "_driver",
        "_prepare",
        "_verb",
        "_work",
    )

    def __init__(
        self,
        binding: StoreBinding,
        verb: str,
        detail: str,
        work: Callable[..., Any],
        *arguments: Any,
        prepare: Callable[[], Coroutine[Any, Any, Any]] | None = None,
    ) -> None:
        """Make a call. work: what does it; it is given the operation, and the arguments.

        prepare: a coroutine function that is awaited before, to read a stream; what it returns is
        an argument of the work, before the others.
        """
        self._binding = binding
        self._verb = verb
        self._detail = detail
        self._work: Callable[..., Any] | None = work
        self._arguments = arguments
        self._prepare = prepare
        self._driver = None
        self._caller: Any = _running()

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the generator that does the work."""
        work = self._work
        if work is None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        self._work = None
        caller = self._caller
        if self._prepare is not None:
            try:
                prepared = yield from self._prepare().__await__()
            except Exception as error:
                raise with_notes(error, self._where())  # noqa: B904 - it is the same error
            self._arguments = (prepared, *self._arguments)
        if caller.__class__ is Invocation or (caller := caller_of(caller)) is not None:
            binding = self._binding
            operation = Operation(
                caller,
                binding._binding or binding._name,
                binding.noun,
                binding._name,
                self._verb,
                self._detail,
            )
            result = run_operation(operation, binding, work, *self._arguments)
        elif self._caller is None and self._binding._binding is None:
            try:
                with one_at_a_time:
                    result = work(NotebookOperation(), *self._arguments)
            except Exception as error:
                raise self._binding._failure(error) from error.__cause__
        else:
            raise called_outside_a_handler(self)
        yield
        return result

    def close(self) -> None:
        """Cancel the call, if it has not been awaited."""
        self._work = None
        if self._driver is not None:
            self._driver.close()

    def __del__(self) -> None:
        if self._work is not None and isinstance(self._caller, Invocation):
            text = f"{self.describe()} was cancelled: {NOT_AWAITED}"
            warn(self._caller.trace, self._caller, text, slip=True)

    def _where(self) -> str | None:
        """Return the note about which Worker's call failed; None for the notebook's own."""
        if not isinstance(self._caller, Invocation):
            return None
        binding = self._binding
        name = binding._binding or binding._name
        return note_of(self._verb, self._caller.service, name, binding.noun, binding._name)

    def describe(self) -> str:
        """Return the call as it reads in source: `env.CACHE.get('a')`."""
        detail = repr(self._detail) if self._detail else ""
        return f"{self._binding._expression}.{self._verb}({detail})"

    def __repr__(self) -> str:
        return f"<{self.describe()}: await it for the result>"


def run_operation(
    operation: Operation, binding: StoreBinding, work: Callable[..., Any], *arguments: Any
) -> Any:
    """Do the work of an operation, and charge its time to its caller.

    Raises what the work raises; LimitError if it is one subrequest too many; or why the request was
    aborted.
    """
    caller = operation.caller
    trace: Trace = caller.trace
    refusal = take_subrequest(trace) if binding.is_subrequest else trace.aborted
    if refusal is not None:
        raise refusal
    trace.add_operation(operation)
    operation.began_ns = now = wall_clock()
    if now >= trace.cpu_valid_until:
        read_cpu_clock(trace, now, caller)
    trace.stamps.append(operation)
    try:
        with one_at_a_time:
            return work(operation, *arguments)
    except BaseException as raised:
        error = binding._failure(raised)
        operation.failure = format_error(error)
        if issubclass(type(error), Exception):
            service, binding_name = operation.caller.service, operation.binding
            with_notes(
                error,
                note_of(operation.verb, service, binding_name, operation.noun, operation.store),
            )
        raise error from raised.__cause__
    finally:
        operation.ended_ns = now = wall_clock()
        if now >= trace.cpu_valid_until:
            read_cpu_clock(trace, now, caller)


def note_of(verb: str, worker: str, binding: str, noun: str, store: str) -> str:
    """Return the note about where a call failed."""
    return f"In {verb}() of the binding {binding} of Worker {worker!r}, the {noun} {store!r}."


def called_outside_a_handler(call: StoreCall) -> Exception:
    """Return the error about a call while no handler runs."""
    return with_notes(
        GlobalScopeError(PlatformText.GLOBAL_SCOPE),
        f"{call.describe()} was called outside of a handler.",
    )

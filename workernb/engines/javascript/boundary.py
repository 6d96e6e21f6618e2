"""The host: what JavaScript's classes call in Python, as functions.

Python's collector does not see what a machine refers to. So its functions refer to the host weakly,
and nothing that a binding leads to is an object of JavaScript's: it is a number there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from workernb.errors import GlobalScopeError, RpcError, with_notes
from workernb.runtime.enforcement.startup import Loading
from workernb.runtime.services.versions import Version
from workernb.texts import PlatformText

from . import stacks
from .machine import quickjs, whole

MAX_ERRORS = 64
"""The properties of how many errors are kept until the errors are made."""


class Host:
    """The state that host functions share.

    run: whose JavaScript runs, None while the module loads. loading: the module that loads. runs:
    those that have not ended, by number. failed: what the last host function raised. wrap: makes an
    object of JavaScript's that carries one of Python's. bindings: what stands on `env`, and what
    `ctx.exports` has given, by number. objects: the contexts of its Durable Objects, by number.
    sockets: the numbers of the WebSockets that hibernate, by what has accepted them.
    to_release: the numbers of what JavaScript has exported, and nobody has any more.
    """

    def __init__(self, version: Version) -> None:
        """Begin without runs."""
        self.version = version
        self.bindings: list[Any] = []
        self.to_release: list[int] = []
        self.objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self.sockets: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.run: Any = None
        self.loading: Loading | None = None
        self.load_error: BaseException | None = None
        self.runs: dict[int, Any] = {}
        self.failed: BaseException | None = None
        self.wrap: Callable[[Any], Any] = _no_machine
        self.last = 0
        self.own: dict[int, Any] = {}

    def number(self) -> int:
        """Return a new number, which names a run, an operation or an exception."""
        self.last += 1
        return self.last

    def must_end(self) -> bool:
        """Return whether what runs must be cut. Asked by the engine as it runs; never raises."""
        run = self.run
        if run is not None:
            return bool(run.is_condemned)
        loading = self.loading
        if loading is None:
            return False
        if self.load_error is None:
            self.load_error = loading.must_end()
        return self.load_error is not None

    def running(self, what: str) -> Any:
        """Return whose JavaScript runs; GlobalScopeError while the module loads."""
        if self.run is None:
            raise with_notes(
                GlobalScopeError(PlatformText.GLOBAL_SCOPE),
                f"{what} was called while the module loads: call it in a handler.",
            )
        return self.run

    def run_numbered(self, number: int) -> Any:
        """Return a run by its number; RpcError if it has ended."""
        run = self.runs.get(number)
        if run is None:
            raise RpcError(PlatformText.CONTEXT_ENDED)
        return run

    def bind(self, binding: Any) -> int:
        """Keep a binding; return its number."""
        self.bindings.append(binding)
        return len(self.bindings) - 1

    def source(self, number: int) -> Any:
        """Return a stub or a call by its number; RpcError if what had it has ended."""
        for run in self.runs.values():
            if number in run.sources:
                return run.sources[number]
        raise RpcError(PlatformText.CONTEXT_ENDED)

    def object(self, number: int) -> Any:
        """Return the context of a Durable Object by its number; RpcError if it is gone."""
        found = self.objects.get(int(number))
        if found is None:
            raise RpcError(PlatformText.CONTEXT_ENDED)
        return found

    def bound(self, number: int) -> Any:
        """Return what stands on `env`, or for a number below zero an object that it has given."""
        return self.bindings[number] if number >= 0 else self.source(-1 - number)

    # Exceptions

    def exposed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that keeps what it raises: the engine passes on a text only."""
        value_type = quickjs().Value

        def call(*args: Any) -> Any:
            try:
                for argument in args:  # As `with_whole_texts` does, without another call.
                    if argument.__class__ is value_type:
                        return function(*map(whole, args))
                return function(*args)
            except BaseException as error:
                self.failed = error
                raise

        return call

    def has_failed(self) -> bool:
        """Return whether a host function has raised an exception that nobody has asked for."""
        return self.failed is not None

    def failure(self) -> list[Any]:
        """Return what JavaScript makes an error of, for the exception that was raised last."""
        error, self.failed = self.failed, None
        if error is None:
            error = RuntimeError("The host failed.")
        return self.about(error)

    def about(self, error: BaseException, run: Any = None) -> list[Any]:
        """Return what JavaScript makes an error of: its class, its text, a number, lines, remote.

        run: whose code gets it, if that is another Worker's. The number stands for the exception
        then, so that the very same can come back.
        """
        number = 0
        if run is not None:
            number = self.number()
            run.exceptions = {**run.exceptions, number: error}
        remote = stacks.is_remote(error)
        return [
            stacks.kind_of(error), stacks.text_of(error), number, stacks.lines_of(error), remote,
            self._own_of(error, run or self.run),
        ]  # fmt: skip

    def _own_of(self, error: BaseException, run: Any) -> list[Any] | None:
        """Return the properties of an error's own as JavaScript reads them, None for none."""
        own = stacks.own_properties(error) if run is not None else None
        try:
            return run.realm.written([own], run) if own else None
        except Exception:
            return None

    def keep_own(self, own: Any) -> int:
        """Keep the properties of an error that is about to be described; return a number."""
        number = self.number()
        self.own[number] = own
        while len(self.own) > MAX_ERRORS:
            del self.own[next(iter(self.own))]  # Of an error that nobody came to ask about.
        return number


def _no_machine(value: Any) -> Any:
    raise RuntimeError("The machine is gone.")

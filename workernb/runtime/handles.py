"""Handles: how a notebook calls a service by its name, as its owner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from workernb.errors import WrongLoopError, noted, on_one_line
from workernb.workers import Request
from workernb.workers.body import BodyInit
from workernb.workers.headers import HeadersInit
from workernb.workers.request import receive

from .dispatch import Answer
from .targets import DEFAULT, Target
from .tracebacks import from_the_worker_on, waiting_at

if TYPE_CHECKING:
    from .runtime import Runtime
    from .services import Service, Version
    from .traces import Trace

T = TypeVar("T")


class Handle:
    """Stands for a service: `runtime["gateway"]`, or the variable that a `%%worker` cell leaves.

    It stays right when the service is redefined, since it stands for the name, not for a version.
    """

    def __init__(self, runtime: Runtime, service: Service, entrypoint: str = DEFAULT) -> None:
        """Make the handle of a service of `runtime`."""
        self._runtime = runtime
        self._service = service
        self._entrypoint = entrypoint

    @property
    def name(self) -> str:
        """The name of the service."""
        return self._service.name

    @property
    def version(self) -> Version | None:
        """The version that serves; None when the service is not defined any more."""
        return self._service.version

    @property
    def url(self) -> str:
        """The URL of a request that is made without one."""
        return Target(self.name).url

    def fetch(
        self,
        resource: Request | str | None = None,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
    ) -> Call:
        """Call the service as a binding would: `await gateway.fetch("http://gateway/path")`.

        resource: a URL or a Request; `http://SERVICE.localhost/` when there is none. Returns an
        Answer (a Response with `.trace`). Raises what the Worker raises; TypeError for a URL that
        is not absolute; CpuLimitError and LimitError when a limit is reached.
        """
        if resource is None:
            resource = self.url
        try:
            request = receive(resource, method, headers, body, redirect, cf)
            return self._runtime.call(Target(self.name, self._entrypoint), request)
        except Exception as error:
            return Call(partial(_fail, error), self._runtime)

    def fetch_sync(self, resource: Request | str | None = None, **init: Any) -> Answer:
        """Call the service and wait for it: in a `def`, under `%timeit`, in a callback.

        The same as `fetch`, without await. Raises WrongLoopError where the running loop cannot be
        made to run within itself.
        """
        try:
            return run_sync(self.fetch(resource, **init), self._runtime)
        except BaseException as error:
            from_the_worker_on(error)
            raise

    def __getattr__(self, name: str) -> Any:
        text = f"A handle has no {name!r}; it has fetch, fetch_sync, name, version, url."
        raise AttributeError(text, name=name, obj=self)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Handle)
            and other._service is self._service
            and other._entrypoint == self._entrypoint
        )

    def __hash__(self) -> int:
        return hash((self.name, self._entrypoint))

    def __repr__(self) -> str:
        version = self.version
        return f"<Worker {version}>" if version else f"<Worker {self.name}, not defined>"


def _fail(error: Exception) -> asyncio.Future[Answer]:
    """Return a future that raises `error` where it is awaited, without our own frames."""
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    future.set_exception(error.with_traceback(None))
    return future


class Starter(Protocol):
    """What begins a top-level request on the running loop."""

    def __call__(self) -> asyncio.Future[Answer]:
        """Begin it, and return the future of its answer."""


class Call(Coroutine[Any, Any, Answer]):
    """A top-level request that was made: a coroutine, to be awaited once.

    It begins at once where a loop runs, so two calls that are made before the first is awaited
    overlap, as on the platform; else when it is first stepped.
    """

    def __init__(self, start: Starter, runtime: Runtime) -> None:
        """Begin the request, if there is a loop to run it."""
        self._start = start
        self._runtime = runtime
        self._steps: Generator[Any, Any, Answer] | None = None
        self._future: asyncio.Future[Answer] | None = None
        if asyncio._get_running_loop() is not None:
            self._begin()

    def _begin(self) -> asyncio.Future[Answer]:
        if self._future is None:
            self._future = self._runtime.begin(self._start)
        return self._future

    @property
    def trace(self) -> Trace | None:
        """What happens in the request; None while it has not begun, or in another thread."""
        return getattr(self._future, "trace", None)

    def __await__(self) -> Generator[Any, Any, Answer]:
        """Wait for the answer."""
        future = self._begin()
        try:
            return (yield from future.__await__())
        except asyncio.CancelledError as error:
            on_one_line(error, _where_it_waited(self.trace))
            raise
        except BaseException as error:
            # What is shown goes from the caller to the Workers: none of the loop's own frames.
            from_the_worker_on(error)
            raise

    def send(self, value: Any) -> Any:
        """Step the call, as a Task does."""
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an exception in the call, as a Task does to cancel it."""
        if self._steps is None:
            self.close()
            self._steps = self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        """Cancel the request, if it has begun."""
        if self._future is not None:
            self._future.cancel()


def run_sync(call: Coroutine[Any, Any, T], runtime: Runtime) -> T:
    """Run a call to its end from synchronous code, whatever loop is or is not running here."""
    home = runtime.home_elsewhere()
    if home is not None:
        return asyncio.run_coroutine_threadsafe(call, home).result()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _run(call, runtime.private_loop(), runtime)
    import nest_asyncio2  # Only now: nothing is patched before somebody needs it.

    try:
        nest_asyncio2.apply(loop)
    except ValueError as error:
        call.close()
        raise noted(
            WrongLoopError(f"fetch_sync cannot run within this loop: {error}"),
            "Use await …fetch(…) instead.",
        ) from None
    return _run(call, loop, runtime)


def _run(call: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, runtime: Runtime) -> T:
    """Run a call; an interrupt leaves the loop, and must not leave the request behind in it."""
    before = set(runtime.in_flight)
    task = asyncio.Task(call, loop=loop)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt as interrupt:
        begun = next((trace for trace in runtime.in_flight if trace not in before), None)
        on_one_line(interrupt, _where_it_waited(getattr(call, "trace", begun)))
        task.add_done_callback(_retrieve)
        task.cancel()
        # Not until it is done: a Worker may refuse to end.
        with contextlib.suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
        raise


CLEAN_UP_S = 0.2
"""How long (s) a synchronous call that was interrupted may take to end."""


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


def _where_it_waited(trace: Trace | None) -> str:
    where = trace and waiting_at(trace.task)
    return f"The request was canceled while it waited{f' in {where}' if where else ''}."

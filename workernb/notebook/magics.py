"""The magics: `%%worker`, `%fetch`, `%%fetch`, `%workers`, `%graph`, `%cpu`, `%trace`."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from workernb.assembly import Runtime, get_runtime
from workernb.errors import CanceledError, CpuLimitError, Text, UsageError
from workernb.options import FetchOptions, WorkerOptions, fetch_parser, strip_comment, worker_parser
from workernb.runtime.dispatch import Answer
from workernb.runtime.handles import Call, Handle, run_sync
from workernb.runtime.traces import Trace
from workernb.workers import Request, Response

from .cards import Card
from .displays import show
from .failures import CellError, FetchError, show_only_workers_frames
from .secrets import resolve
from .variables import expand, put, variable_for

_told: set[str] = set()


def display(what: object) -> None:
    """Show something in the cell's output."""
    from IPython.display import display as show_it

    show_it(what)  # type: ignore[no-untyped-call]


@magics_class
class WorkerMagics(Magics):
    """The magics of workernb."""

    shell: Any

    @property
    def runtime(self) -> Runtime:
        """The notebook's runtime."""
        return get_runtime()

    def _expand(self, line: str, local_ns: Mapping[str, Any] | None) -> str:
        return expand(line, {**self.shell.user_ns, **(local_ns or {})})

    # Defining

    @no_var_expand
    @needs_local_scope
    @cell_magic
    def worker(self, line: str, cell: str, local_ns: Mapping[str, Any] | None = None) -> None:
        """Define a Worker, or replace it, from the rest of the cell."""
        options = WorkerOptions.parse(self._expand(line, local_ns))
        service = options.name + (f"-{options.environment}" if options.environment else "")
        names = self.shell.user_ns
        variable = variable_for(service, options.variable, names)
        handle = self._define(options, cell)
        put(names, variable, handle)
        if not options.quiet:
            self._tell_of_written_secrets(options)
            print(summary(self.runtime, handle))

    def _define(self, options: WorkerOptions, cell: str) -> Handle:
        secrets = resolve(options.secrets, options.environment, self.shell)
        limits = self.runtime.limits.but(**options.limits) if options.limits else None
        try:
            return self.runtime.define(
                options.name,
                # The first line is the magic's own: lines are counted as in the cell.
                "\n" + cell,
                services=options.services,
                vars=options.vars,
                secrets=secrets,
                routes=options.routes,
                public=options.public,
                limits=limits,
                compatibility_date=options.compatibility_date,
                environment=options.environment,
            )
        except UsageError:
            raise
        except SyntaxError as error:
            raise CellError(error) from None
        except Exception as error:
            show_only_workers_frames(error, self.shell)
            raise

    def _tell_of_written_secrets(self, options: WorkerOptions) -> None:
        written = [name for name, value in options.secrets.items() if value is not None]
        if written and "secrets" not in _told:
            _told.add("secrets")
            print(
                f"Note: the value of {written[0]} is in the cell's source, and is saved with the "
                "notebook. A real secret belongs in .dev.vars."
            )

    worker.__doc__ = worker_parser().help_text()

    # Fetching

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def fetch(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Answer:
        """Make a request where it cannot be awaited: in a plain function."""
        fetching = Fetching(self.runtime, FetchOptions.parse(self._expand(line, local_ns), cell))
        call = fetching.begin()
        try:
            answer = None if call is None else run_sync(call, self.runtime)
        except Exception as error:
            return fetching.failed(error, call)
        return fetching.done(answer)

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    async def _fetch_async(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Answer:
        """Make a request and wait for it: what %fetch becomes where it can be awaited."""
        fetching = Fetching(self.runtime, FetchOptions.parse(self._expand(line, local_ns), cell))
        call = fetching.begin()
        try:
            answer = None if call is None else await fetching.wait(call)
        except Exception as error:
            return fetching.failed(error, call)
        return fetching.done(answer)

    fetch.__doc__ = fetch_parser().help_text()

    # Looking

    @line_magic
    def workers(self, line: str) -> None:
        """List the Workers, or show one: %workers [NAME]."""
        from workernb.views.workers import WorkerPage, WorkersTable

        name = strip_comment(line).strip()
        display(WorkerPage(self.runtime, name) if name else WorkersTable(self.runtime))

    @line_magic
    def graph(self, line: str) -> None:
        """Draw who is bound to whom: %graph."""
        from workernb.views.graph import GraphPicture

        if strip_comment(line).strip():
            raise UsageError("%graph takes nothing: it draws all Workers.")
        display(GraphPicture(self.runtime))

    @line_magic
    def cpu(self, line: str) -> None:
        """Draw who held the thread during a request: %cpu [NUMBER], the last one without."""
        from workernb.views.cpu import CpuPicture

        display(CpuPicture(self._trace(line, "%cpu")))

    @line_magic
    def trace(self, line: str) -> None:
        """Show a request's tree of invocations: %trace [NUMBER], the last one without."""
        from workernb.views.tree import TracePicture

        display(TracePicture(self._trace(line, "%trace")))

    def _trace(self, line: str, magic: str) -> Trace:
        traces = self.runtime.traces
        text = strip_comment(line).strip()
        if not traces:
            raise UsageError(f"{magic} has nothing to show yet: make a request first, %fetch NAME.")
        if not text:
            return traces[-1]
        if not text.removeprefix("-").isdigit():
            raise UsageError(f"{magic} takes the number of a request, not {text!r}.")
        wanted = int(text)
        found = [one for one in traces if one.number == wanted]
        if wanted < 0 and -wanted <= len(traces):
            found = [traces[wanted]]
        if not found:
            raise UsageError(
                f"There is no request {wanted}; there are {traces[0].number} to "
                f"{traces[-1].number}."
            )
        return found[0]


class Fetching:
    """One `%fetch`: from what was typed to the card."""

    def __init__(self, runtime: Runtime, options: FetchOptions) -> None:
        """Keep what was typed."""
        self._runtime = runtime
        self._options = options

    def begin(self) -> Call | None:
        """Make the request; None when it is an outsider's, and no route leads anywhere."""
        options = self._options
        request = Request(
            options.url, method=options.method, headers=options.headers, body=options.body
        )
        self._request = f"{request.method.value} {request.url}"
        target, owner = options.target, True
        if target is None:
            target, owner = self._runtime.route(request.url), False
        if target is None:
            return None
        self._service = target.service
        return self._runtime.call(target, request._send(), owner=owner, echo=io.StringIO())

    async def wait(self, call: Call) -> Answer:
        """Wait for the answer, as long as `-m` allows."""
        return await asyncio.wait_for(call, self._options.max_time)

    def failed(self, error: Exception, call: Call | None) -> Answer:
        """Show what a stranger sees when a Worker has failed, and the log under it."""
        if isinstance(error, CanceledError):
            raise error
        if isinstance(error, TimeoutError) and self._options.max_time is not None:
            raise FetchError(
                f"{self._request} took longer than {self._options.max_time:g} s (-m)."
            ) from None
        if isinstance(error, CpuLimitError):
            response = Response("error code: 1102", 503)
        else:
            response = Response(Text.INTERNAL, 500)
        assert call is not None
        return self._show(Answer.of(response._send(self._options.url), call.trace))

    def done(self, answer: Answer | None) -> Answer:
        """Show the answer; a 404 when no route led anywhere."""
        if answer is None:
            response = Response("There is nothing here yet", 404)._send(self._options.url)
            return self._show(Answer.of(response, None))
        return self._show(answer)

    def _show(self, answer: Answer) -> Answer:
        card = Card.of(answer, self._request, self._access(answer), self._runtime.redactor.redact)
        show(card, answer)
        if self._options.fail and answer.status >= 400:
            raise FetchError(f"{self._request} was answered with {answer.status} (-f).")
        return answer

    def _access(self, answer: Answer) -> str:
        """Return whether an outsider could have made this request."""
        if answer.trace is None:
            name = self._options.host.removesuffix(".localhost")
            if name in self._runtime:
                return f"No route leads to {name}: it is private. Its owner can: %fetch {name}"
            return "No Worker has a route for this URL."
        service = self._runtime.services[self._service]
        if not service.public:
            return f"{service.name} is private: an outsider would get a 404."
        return f"{service.name} is public: {service.definition.routes[0].url}"


def summary(runtime: Runtime, handle: Handle) -> str:
    """Return one line about a Worker that was just defined."""
    service = runtime.services[handle.name]
    routes = service.definition.routes
    parts = [str(handle.version), f"public: {routes[0].url}" if routes else "private"]
    for name, target in service.definition.services.items():
        missing = "" if target.service in runtime else " (not defined yet)"
        parts.append(f"{name} → {target}{missing}")
    return " · ".join(parts)

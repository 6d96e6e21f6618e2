"""The magics: `%%worker`, `%fetch`, `%limits`, `%workers`, `%graph`, `%cpu`, `%trace`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
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
from workernb.errors import UsageError
from workernb.notebook.display import display
from workernb.notebook.variables import expand
from workernb.options.change import bindings_parser, worker, workers_parser
from workernb.options.fetch import FetchOptions, fetch_parser
from workernb.options.limits import limits_parser, read_limits
from workernb.options.parser import strip_comment
from workernb.options.worker import WorkerOptions, worker_parser
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.tracing.traces import Trace

from .define import define_worker
from .fetch import Fetching


@magics_class
class WorkerMagics(Magics):
    """The magics of workernb."""

    shell: Any

    @property
    def runtime(self) -> Runtime:
        """The notebook's runtime."""
        return get_runtime()

    def _expand(self, local_ns: Mapping[str, Any] | None) -> Callable[[str], str]:
        return partial(expand, names={**self.shell.user_ns, **(local_ns or {})})

    # Defining

    @no_var_expand
    @needs_local_scope
    @cell_magic
    def worker(self, line: str, cell: str, local_ns: Mapping[str, Any] | None = None) -> None:
        """Define a Worker, or replace it, from the rest of the cell."""
        options = WorkerOptions.parse(line, self._expand(local_ns))
        define_worker(self.runtime, options, cell, self.shell)

    worker.__doc__ = worker_parser().help_text()

    # Fetching

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def fetch(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Answer:
        """Make a request where it cannot be awaited: in a plain function."""
        fetching = self._fetching(line, cell, local_ns)
        return fetching.show(run_sync(fetching.answer(), self.runtime))

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    async def _fetch_async(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Answer:
        """Make a request and wait for it: what %fetch becomes where it can be awaited."""
        fetching = self._fetching(line, cell, local_ns)
        return fetching.show(await fetching.answer())

    def _fetching(
        self, line: str, cell: str | None, local_ns: Mapping[str, Any] | None
    ) -> Fetching:
        options = FetchOptions.parse(line, cell, self._expand(local_ns))
        return Fetching(self.runtime, options)

    fetch.__doc__ = fetch_parser().help_text()

    @line_magic
    def limits(self, line: str) -> None:
        """Show, or set, what a request may use."""
        from workernb.views.tables.limits import LimitsTable

        self.runtime.limits = read_limits(line, self.runtime.limits)
        display(LimitsTable(self.runtime.limits))

    limits.__doc__ = limits_parser().help_text()

    # Looking

    @line_magic
    def workers(self, line: str) -> None:
        """List the Workers, or show one."""
        from workernb.views.tables.changes import HistoryTable, UsedByPage
        from workernb.views.tables.workers import WorkerPage, WorkersTable

        typed = workers_parser().parse(line)
        name = None if typed.name is None else worker(typed.name)
        if typed.history:
            display(HistoryTable(self.runtime, name))
        if typed.used_by:
            if name is None:
                raise UsageError("%workers --used-by is asked of one: %workers NAME --used-by.")
            display(UsedByPage(self.runtime, name))
        if not typed.history and not typed.used_by:
            display(WorkersTable(self.runtime) if name is None else WorkerPage(self.runtime, name))

    workers.__doc__ = workers_parser().help_text()

    @line_magic
    def bindings(self, line: str) -> None:
        """Show a Worker's bindings, with buttons to change them."""
        from workernb.views.widgets.editor import BindingEditor

        display(BindingEditor(worker(bindings_parser().parse(line).name), self.runtime))

    bindings.__doc__ = bindings_parser().help_text()

    @line_magic
    def graph(self, line: str) -> None:
        """Draw who is bound to whom, with the traffic as it happens: %graph."""
        from workernb.views.widgets.graph import GraphView

        if strip_comment(line).strip():
            raise UsageError("%graph takes nothing: it draws all Workers.")
        display(GraphView(self.runtime))

    @line_magic
    def dashboard(self, line: str) -> None:
        """Show the graph, the last requests and their CPU, and the bindings, live: %dashboard."""
        from workernb.views.widgets.dashboard import Dashboard

        if strip_comment(line).strip():
            raise UsageError("%dashboard takes nothing: it shows all Workers.")
        display(Dashboard(self.runtime))

    @line_magic
    def cpu(self, line: str) -> None:
        """Draw who held the thread during a request: %cpu [NUMBER].

        Without a number the last request; -2 is the last but one.
        """
        from workernb.views.widgets.cpu import CpuView

        display(CpuView(self.runtime, self._trace(line, "%cpu")))

    @line_magic
    def trace(self, line: str) -> None:
        """Show a request's tree of invocations: %trace [NUMBER].

        Without a number the last request; -2 is the last but one.
        """
        from workernb.views.pictures.tree import TracePicture

        display(TracePicture(self._trace(line, "%trace")))

    def _trace(self, line: str, magic: str) -> Trace:
        from workernb.views.requests import find_trace

        text = strip_comment(line).strip()
        if not text.removeprefix("-").isdecimal() and text:
            raise UsageError(f"{magic} takes the number of a request, not {text!r}.")
        return find_trace(self.runtime, int(text or -1), magic)

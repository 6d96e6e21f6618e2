"""The magics that show the system: `%workers`, `%bindings`, `%graph`, `%cpu`, `%trace`.

`%requests` and `%logs` list what has happened; `%dashboard` shows several of them at once.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.notebook.display import display
from workernb.options.change import bindings_parser, service_of, workers_parser
from workernb.options.parser import strip_comment
from workernb.options.watch import (
    LogsOptions,
    RequestsOptions,
    TraceOptions,
    cpu_parser,
    graph_parser,
    logs_parser,
    request_number,
    requests_parser,
    trace_parser,
)
from workernb.runtime.tracing.traces import Trace


@magics_class
class ShowMagics(Magics):
    """The magics that show tables, pictures and widgets."""

    @line_magic
    def workers(self, line: str) -> None:
        """List the Workers, or show one."""
        from workernb.views.tables.changes import HistoryTable, UsedByPage
        from workernb.views.tables.workers import WorkerPage, WorkersTable

        typed, runtime = workers_parser().parse(line), get_runtime()
        name = None if typed.name is None else service_of(typed.name)
        if typed.history:
            display(HistoryTable(runtime, name))
        if typed.used_by:
            if name is None:
                raise UsageError("%workers --used-by is asked of one: %workers NAME --used-by.")
            display(UsedByPage(runtime, name))
        if not typed.history and not typed.used_by:
            display(WorkersTable(runtime) if name is None else WorkerPage(runtime, name))

    workers.__doc__ = workers_parser().help_text()

    @line_magic
    def bindings(self, line: str) -> None:
        """Show a Worker's bindings, with buttons to change them."""
        from workernb.views.widgets.editor import BindingEditor

        display(BindingEditor(service_of(bindings_parser().parse(line).name), get_runtime()))

    bindings.__doc__ = bindings_parser().help_text()

    @line_magic
    def graph(self, line: str) -> None:
        """Draw who is bound to whom."""
        from workernb.views.widgets.graph import GraphView

        typed = graph_parser().parse(line)
        around = None if typed.worker is None else service_of(typed.worker)
        view = GraphView(get_runtime(), around=around, live=typed.live)
        _show(view, typed.output)

    graph.__doc__ = graph_parser().help_text()

    @line_magic
    def dashboard(self, line: str) -> None:
        """Show the graph, the last requests and their CPU, and the bindings, live: %dashboard."""
        from workernb.views.widgets.dashboard import Dashboard

        if strip_comment(line).strip():
            raise UsageError("%dashboard takes nothing: it shows all Workers.")
        display(Dashboard(get_runtime()))

    @line_magic
    def requests(self, line: str) -> None:
        """List the last requests."""
        from workernb.views.tables.requests import RequestsTable

        display(RequestsTable(get_runtime(), RequestsOptions.parse(line)))

    requests.__doc__ = requests_parser().help_text()

    @line_magic
    def logs(self, line: str) -> None:
        """List what Workers print and log, live."""
        from workernb.views.tables.requests import LogsTable, logs_state
        from workernb.views.widgets.table import LiveTable

        options, runtime = LogsOptions.parse(line), get_runtime()
        draw = partial(LogsTable, runtime, options)
        display(LiveTable(draw, partial(logs_state, runtime)))

    logs.__doc__ = logs_parser().help_text()

    @line_magic
    def cpu(self, line: str) -> None:
        """Draw who held the thread during a request."""
        from workernb.views.widgets.cpu import CpuView

        typed = cpu_parser().parse(line)
        trace = _trace(request_number(typed.number, "%cpu"), "%cpu")
        follows = typed.live and typed.number is None
        view = CpuView(get_runtime(), None if follows else trace, live=typed.live)
        _show(view, typed.output)

    cpu.__doc__ = cpu_parser().help_text()

    @line_magic
    def trace(self, line: str) -> None:
        """Show a request's tree of invocations, or write it for other tools."""
        from workernb.views.pictures.tree import TracePicture

        typed = TraceOptions.parse(line)
        trace = _trace(typed.number, "%trace")
        if not typed.files:
            display(TracePicture(trace))
        for name, file in typed.files.items():
            _write(file, trace.to_perfetto() if name == "perfetto" else trace.to_otlp())
            print(f"{file}: request {trace.number}, {_READERS[name]}")

    trace.__doc__ = trace_parser().help_text()


_READERS = {
    "perfetto": "for https://ui.perfetto.dev",
    "otlp": "as OTLP/JSON",
}


def _show(view: Any, output: str | None) -> None:
    """Display a picture, or write it into a file."""
    if output is None:
        display(view)
        return
    view.still().save(Path(output).expanduser())
    print(f"{output}: the picture")


def _write(file: Path, value: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(value), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from None


def _trace(number: int | None, magic: str) -> Trace:
    runtime = get_runtime()
    if number is None:
        return runtime.traces.latest or runtime.traces.find(-1, magic)
    # A connection may last, and `%requests` lists it.
    running = (trace for trace in runtime.in_flight if trace.number == number)
    return next(running, None) or runtime.traces.find(number, magic)

"""`%%worker`: from a cell to a service, a handle in the notebook, and a line about it."""

from __future__ import annotations

from typing import Any

from workernb.options import WorkerOptions
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime
from workernb.runtime.targets import service_name
from workernb.views.workers import bound_services

from .failures import shown_from_the_worker_on
from .secrets import resolve
from .variables import variable_for

_told: set[str] = set()


def define_worker(runtime: Runtime, options: WorkerOptions, cell: str, shell: Any) -> None:
    """Define what a cell says, put its handle into the notebook, and say so.

    What is refused is refused before anything is defined.
    """
    name = service_name(options.name, options.environment)
    variable = variable_for(name, options.variable, shell.user_ns)
    handle = _define(runtime, options, cell, shell)
    shell.user_ns[variable] = handle
    _tell_of_written_secrets(options)
    if not options.quiet:
        print(summary(runtime, handle))


def _define(runtime: Runtime, options: WorkerOptions, cell: str, shell: Any) -> Handle:
    limits = runtime.limits.but(**options.limits) if options.limits else None
    with shown_from_the_worker_on(runtime.redactor, shell):
        return runtime.define(
            options.name,
            # The first line is the magic's own: lines are counted as in the cell.
            "\n" + cell,
            services=options.services,
            vars=options.vars,
            secrets=resolve(options.secrets, options.environment, shell),
            routes=options.routes,
            public=options.public,
            limits=limits,
            compatibility_date=options.compatibility_date,
            environment=options.environment,
            reason=f"the cell In [{shell.execution_count}]",
        )


def _tell_of_written_secrets(options: WorkerOptions) -> None:
    written = [name for name, value in options.secrets.items() if value is not None]
    if written and "secrets" not in _told:
        _told.add("secrets")
        print(
            f"Note: the value of {written[0]} is in the cell's source, and is saved with the "
            "notebook. A real secret belongs in .dev.vars."
        )


def summary(runtime: Runtime, handle: Handle) -> str:
    """Return one line about a Worker: version, who reaches it, its bindings, and who calls it."""
    service = runtime.services[handle.name]
    urls = [route.url for route in service.definition.routes]
    parts = [str(handle.version), f"public: {', '.join(urls)}" if urls else "private"]
    for binding, target in service.definition.services.items():
        missing = "" if target.service in runtime else " (not defined yet)"
        parts.append(f"{binding} → {target}{missing}")
    if callers := bound_services(runtime, handle.name):
        parts.append(f"bound by {', '.join(callers)}")
    return " · ".join(parts)

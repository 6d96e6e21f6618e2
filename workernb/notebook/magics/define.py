"""`%%worker`: from a cell to a service, a handle in the notebook, and a line about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workernb.errors import did_you_mean
from workernb.notebook.secrets import resolve
from workernb.notebook.tracebacks import shown_from_the_worker_on
from workernb.notebook.variables import variable_for
from workernb.options.worker import WorkerOptions
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.history import replaced
from workernb.runtime.services.targets import DEFAULT, Target, service_name
from workernb.views.tables.workers import bound_services

_told: set[str] = set()


def define_worker(runtime: Runtime, options: WorkerOptions, cell: str, shell: Any) -> None:
    """Define what a cell says, put its handle into the notebook, and say so.

    What is refused is refused before anything is defined.
    """
    name = service_name(options.name, options.environment)
    variable = variable_for(name, options.variable, shell.user_ns)
    handle = _define(runtime, options, cell, shell)
    shell.user_ns[variable] = handle
    lines = [*note_of_written_secrets(options.secrets), *report(runtime, handle, options.quiet)]
    undone = replaced(runtime.history, handle.name)
    if undone is not None:
        lines.append(f"The cell replaced {runtime.redactor.redact(undone)}.")
    tell(lines)


def tell(lines: list[str]) -> None:
    """Print lines at once: one output of the cell, not several."""
    if lines:
        print("\n".join(lines))


def _define(runtime: Runtime, options: WorkerOptions, cell: str, shell: Any) -> Handle:
    settings = settings_of(runtime, options, shell)
    # The running cell is the last input; shells differ in when they count it.
    reason = f"the cell In [{len(shell.history_manager.input_hist_parsed) - 1}]"
    with shown_from_the_worker_on(runtime.redactor, shell):
        # The first line is the magic's own: lines are counted as in the cell.
        return runtime.define(options.name, "\n" + cell, reason=reason, **settings)


def settings_of(
    runtime: Runtime, options: WorkerOptions, shell: Any, folder: Path = Path()
) -> dict[str, Any]:
    """Return the settings that `Runtime.define` takes. folder: where `.dev.vars` is."""
    return {
        "services": options.services,
        "vars": options.vars,
        "secrets": resolve(options.secrets, options.environment, shell, folder),
        "routes": options.routes,
        "public": options.public,
        "limits": options.limits or None,
        "compatibility_date": options.compatibility_date,
        "environment": options.environment,
        "version_metadata": options.version_metadata,
        "tag": options.tag,
    }


def note_of_written_secrets(secrets: Mapping[str, str | None]) -> list[str]:
    """Return a note about secrets whose values were typed, once in a session."""
    written = [name for name, value in secrets.items() if value is not None]
    if not written or "secrets" in _told:
        return []
    _told.add("secrets")
    return [
        f"Note: the value of {written[0]} is in the cell's source, and is saved with the "
        "notebook. A real secret belongs in .dev.vars."
    ]


def report(runtime: Runtime, handle: Handle, quiet: bool) -> list[str]:
    """Return what is said about a Worker that was defined: Wrangler's warnings, and a summary."""
    definition = runtime.services[handle.name].definition
    lines = []
    if definition.environment is not None and definition.worker in runtime:
        outside = runtime.services[definition.worker].definition
        lines = [f"Warning: {warning}" for warning in definition.not_inherited(outside)]
    return lines if quiet else [*lines, summary(runtime, handle)]


def summary(runtime: Runtime, handle: Handle) -> str:
    """Return one line about a Worker: version, who reaches it, its bindings, and who calls it."""
    service = runtime.services[handle.name]
    urls = [route.url for route in service.definition.routes]
    parts = [str(handle.version), f"public: {', '.join(urls)}" if urls else "private"]
    for binding, target in service.definition.services.items():
        parts.append(f"{binding} → {target}{_what_is_missing(runtime, target)}")
    if callers := bound_services(runtime, handle.name):
        parts.append(f"bound by {', '.join(callers)}")
    return " · ".join(parts)


def _what_is_missing(runtime: Runtime, target: Target) -> str:
    """Return what a binding's target lacks, in brackets, or nothing."""
    if target.service not in runtime:
        close = did_you_mean(target.service, runtime) or ""
        return f" (not defined yet{f'. {close}' if close else ''})"
    known = runtime.services[target.service].entrypoints
    if target.entrypoint in known or target.entrypoint == DEFAULT:
        return ""
    return f" (no such entrypoint; it has {', '.join(known) or 'none'})"

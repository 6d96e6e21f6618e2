"""`%%worker`: defines a service from a cell, and puts its handle into the notebook.

`%worker` takes the source from a file, or a module away.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from workernb.assembly import get_runtime
from workernb.errors import OptionError, did_you_mean
from workernb.notebook.display import print_lines
from workernb.notebook.door import public_places
from workernb.notebook.hints.sources import told_on_failure, warnings_about
from workernb.notebook.modules import (
    define_module,
    drop_module,
    modules_for,
    shadow_warnings,
    waiting_modules,
)
from workernb.notebook.secrets import note_about_written_secrets, resolve_secrets
from workernb.notebook.tracebacks import workers_frames_only
from workernb.notebook.variables import expander, variable_for
from workernb.options.worker import WorkerOptions, worker_parser
from workernb.resources.ratelimits import RateLimitKind
from workernb.resources.stores import stores_of
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.history import describe_undone_changes
from workernb.runtime.services.kinds import Store
from workernb.runtime.services.languages import JAVASCRIPT
from workernb.runtime.services.targets import DEFAULT, Target, service_name
from workernb.views.tables.workers import bound_services
from workernb.wrangler.sources import Sources, read_sources


@magics_class
class DefineMagics(Magics):
    """The magic that defines a Worker."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def worker(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> None:
        """Define a Worker, or replace it, from the rest of the cell."""
        options = WorkerOptions.parse(line, expander(self.shell, local_ns))
        runtime = get_runtime()
        # At once: whatever fails from here on shows the cell's first line in its traceback.
        runtime.redactor.learn(value for value in options.secrets.values() if value)
        _refuse_other_magic(options, is_cell=cell is not None)
        if options.drop_module is not None:
            drop_module(runtime, options, self.shell)
        elif options.file is not None:
            define_worker(runtime, options, read_sources(options.file), self.shell)
        # In cells, the empty line stands for the magic's own, so that lines are numbered alike.
        elif options.module is not None:
            define_module(runtime, options, f"\n{cell}", _cell_number(self.shell), self.shell)
        else:
            define_worker(runtime, options, f"\n{cell}", self.shell)

    worker.__doc__ = worker_parser().help_text()


def _refuse_other_magic(options: WorkerOptions, *, is_cell: bool) -> None:
    """Raise OptionError for an option of the line magic in a cell's first line, or vice versa."""
    of_line = options.file is not None or options.drop_module is not None
    if is_cell and of_line:
        option = "--file" if options.file is not None else "--drop-module"
        raise OptionError(f"{option} needs no cell: write %worker {options.name} {option} PATH.")
    if not is_cell and not of_line:
        raise OptionError(
            "%worker takes --file PATH or --drop-module PATH; a Worker whose code is in the cell "
            f"starts with two signs, %%worker {options.name}."
        )


def define_worker(
    runtime: Runtime, options: WorkerOptions, code: str | Sources, shell: Any
) -> None:
    """Define a Worker, put its handle into the notebook, and print a summary.

    code: the source, to which the modules belong that its cells have given the Worker; or what was
    read from files. Raises UsageError for what is refused, and what the code raises at import;
    nothing is defined then.
    """
    name = service_name(options.name, options.environment)
    variable = variable_for(name, options.variable, shell.user_ns)
    source = code.source if isinstance(code, Sources) else code
    warnings = warnings_about(source, shell, language=options.language)
    with told_on_failure(warnings):
        handle = _define(runtime, options, code, shell)
    waiting_modules(runtime, name).clear()
    shell.user_ns[variable] = handle
    lines = [
        *note_about_written_secrets(options.secrets),
        *warnings,
        *definition_lines(runtime, handle, options.quiet),
    ]
    undone = describe_undone_changes(runtime.history, handle.name, runtime.redactor.redact)
    if undone is not None:
        lines.append(f"The cell replaced {undone}.")
    print_lines(lines)


def _define(runtime: Runtime, options: WorkerOptions, code: str | Sources, shell: Any) -> Handle:
    settings = settings_of(options, shell)
    if isinstance(code, Sources):
        source, reason = code.source, f"%worker {options.name} --file {options.file}"
        settings.update(modules=code.modules, main=code.main)
    else:
        source, reason = code, _cell_number(shell)
        name = service_name(options.name, options.environment)
        settings["modules"] = modules_for(runtime, name, options.language)
    with workers_frames_only(runtime.redactor, shell):
        return runtime.define(options.name, source, reason=reason, **settings)


def _cell_number(shell: Any) -> str:
    """Return the running cell, as text. It is the last input; shells differ in when they count."""
    return f"the cell In [{len(shell.history_manager.input_hist_parsed) - 1}]"


def settings_of(options: WorkerOptions, shell: Any, folder: Path = Path()) -> dict[str, Any]:
    """Return the keywords for `Runtime.define`, secrets resolved. folder: that of `.dev.vars`."""
    secrets = resolve_secrets(options.secrets, options.environment, shell, folder)
    return {**options.settings, "secrets": secrets}


def definition_lines(runtime: Runtime, handle: Handle, quiet: bool) -> list[str]:
    """Return Wrangler's warnings about a definition, and its summary unless quiet."""
    definition = runtime.services[handle.name].definition
    lines = []
    if definition.environment is not None and definition.worker in runtime:
        outside = runtime.services[definition.worker].definition
        lines = [f"Warning: {warning}" for warning in definition.inheritance_warnings(outside)]
    lines += shadow_warnings([*definition.modules])
    return lines if quiet else [*lines, summary(runtime, handle)]


def summary(runtime: Runtime, handle: Handle) -> str:
    """Return one line about a Worker: version, routes, modules, its bindings and those to it."""
    service = runtime.services[handle.name]
    places = public_places(service)
    parts = [str(handle.version), f"public: {', '.join(places)}" if places else "private"]
    classes = [name for isolate in service.isolates.values() for name in isolate.objects]
    if not service.entrypoints and not classes:
        wanted = "class Default(WorkerEntrypoint)"
        if service.definition.language == JAVASCRIPT:
            wanted = "export default { async fetch(request, env, ctx) { … } }"
        parts.append(f"without a handler: write {wanted}")
    if service.definition.modules:
        parts.append(f"with {', '.join(service.definition.modules)}")
    for binding, target in service.definition.targets():
        parts.append(f"{binding} → {target}{_missing(runtime, target)}")
    stores = [*service.definition.stores()]
    parts += [
        f"{binding} → {store.node}{_missing_class(runtime, store)}" for binding, store in stores
    ]
    if stores:
        parts.append(f"stores in {_place(runtime.stores.directory)}")
    parts += [f"consumes {store.node}" for store in service.definition.sources()]
    limits, kind = service.definition.of_kind(_RATE_LIMITS), _RATE_LIMITS
    parts += [f"{binding}: {kind.describe(limit)}" for binding, limit in limits.items()]
    if service.definition.crons:
        parts.append(f"scheduled {', '.join(service.definition.crons)}")
    for tail in service.definition.tails:
        parts.append(f"tail → {tail}{_missing(runtime, Target(tail))}")
    if restarted := stores_of(runtime).objects.restarted.get(handle.name):
        parts.append(f"{restarted:,} Durable Object{'s' * (restarted > 1)} restarted, storage kept")
    if callers := bound_services(runtime, handle.name):
        parts.append(f"bound by {', '.join(callers)}")
    return " · ".join(parts)


_RATE_LIMITS = RateLimitKind()


def _place(directory: Path | None) -> str:
    """Return where stores are kept: `memory`, or a folder, from the working directory on if so."""
    if directory is None:
        return "memory"
    here = Path.cwd()
    return str(directory.relative_to(here) if directory.is_relative_to(here) else directory)


def _missing_class(runtime: Runtime, store: Store) -> str:
    """Return, in parentheses, that a namespace's Worker or class does not exist; or nothing."""
    if store.code is None:
        return ""
    worker, wanted = store.code
    if worker not in runtime:
        return _missing(runtime, Target(worker))
    known = [name for each in runtime.services[worker].isolates.values() for name in each.objects]
    if wanted in known:
        return ""
    remedy = did_you_mean(wanted, known) or f"It has {', '.join(known) or 'none'}."
    return f" (no such class of Durable Objects. {remedy})"


def _missing(runtime: Runtime, target: Target) -> str:
    """Return, in parentheses, that a target or its entrypoint does not exist; or nothing."""
    if target.service not in runtime:
        remedy = did_you_mean(target.service, runtime)
        return f" (not defined yet. {remedy})" if remedy else " (not defined yet)"
    known = runtime.services[target.service].entrypoints
    if target.entrypoint in known or target.entrypoint == DEFAULT:
        return ""
    return f" (no such entrypoint; it has {', '.join(known) or 'none'})"

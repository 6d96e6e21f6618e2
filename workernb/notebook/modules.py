"""Cells that are a module of a Worker, and those that its versions do not have yet.

A notebook's cells are run in any order: a module before the Worker that imports it, or, where both
change, one before the other. So a module that cannot be loaded with the rest waits until the
Worker's own cell is run.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from workernb.engines.languages import check_syntax
from workernb.errors import UsageError, with_notes
from workernb.notebook.display import print_lines
from workernb.notebook.hints.sources import warnings_about
from workernb.notebook.tracebacks import workers_frames_only
from workernb.options.worker import WorkerOptions
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.languages import language_of
from workernb.runtime.services.modules import check_path, hidden_by_python, without
from workernb.runtime.services.targets import service_name
from workernb.runtime.services.versions import Version, module_filename

_waiting: WeakKeyDictionary[Runtime, dict[str, dict[str, str]]] = WeakKeyDictionary()


def waiting_modules(runtime: Runtime, service: str) -> dict[str, str]:
    """Return the modules that wait for a service's own cell: sources by path, to be changed."""
    return _waiting.setdefault(runtime, {}).setdefault(service, {})


def modules_for(runtime: Runtime, service: str, language: str) -> dict[str, str]:
    """Return the modules that a service gets when its own cell is run, in that language."""
    definition = runtime.services[service].definition if service in runtime else None
    kept = definition.modules if definition and definition.language == language else {}
    return {**kept, **waiting_modules(runtime, service)}


def define_module(
    runtime: Runtime, options: WorkerOptions, source: str, reason: str, shell: Any
) -> None:
    """Give a Worker a module, and print what changed; before the Worker exists, the module waits.

    Raises UsageError for what is refused, SyntaxError, and what the Worker's code raises when it
    is loaded with the module. The version that serves is kept then.
    """
    assert options.module is not None
    path = check_path(options.module, language_of(options.module))
    name = service_name(options.name, options.environment)
    with workers_frames_only(runtime.redactor, shell):
        check_syntax(path, source, module_filename(f"<worker {name}>", path))
    waiting = waiting_modules(runtime, name)
    if name not in runtime:
        waiting[path] = source
        lines = [f"{path} waits for Worker {name!r}: run the cell that starts with %%worker {name}"]
    else:
        lines = [_change(runtime, name, {**waiting, path: source}, reason, shell)]
    warnings = [*shadow_warnings([path]), *warnings_about(source, shell, path, language_of(path))]
    print_lines([*warnings, *([] if options.quiet else lines)])


def _change(runtime: Runtime, name: str, modules: dict[str, str], reason: str, shell: Any) -> str:
    """Change modules of a service that is defined, and return what changed."""
    before = _version(runtime, name)
    with workers_frames_only(runtime.redactor, shell):
        try:
            runtime.change(name, modules=modules, reason=reason)
        except UsageError:
            raise
        except Exception as error:
            waiting_modules(runtime, name).update(modules)
            with_notes(
                error,
                f"{before} still serves. {', '.join(modules)} will be loaded with the Worker's own "
                "cell, when that is run again.",
            )
            raise
    waiting_modules(runtime, name).clear()
    return describe_new_version(runtime, before)


def drop_module(runtime: Runtime, options: WorkerOptions, shell: Any) -> None:
    """Take a module away from a Worker, and print what changed.

    Raises UsageError if the Worker has no such module, and what its code raises when it is loaded
    without it. The version that serves is kept then.
    """
    path, name = options.drop_module, service_name(options.name, options.environment)
    assert path is not None
    waited = waiting_modules(runtime, name).pop(path, None) is not None
    if waited and (name not in runtime or path not in runtime.services[name].definition.modules):
        print_lines([] if options.quiet else [f"{path} waits no more for Worker {name!r}"])
        return
    before = _version(runtime, name)
    without(before.definition.modules, path, name)  # Raises UsageError.
    with workers_frames_only(runtime.redactor, shell):
        reason = f"%worker {options.name} --drop-module {path}"
        runtime.change(name, modules={path: None}, reason=reason)
    print_lines([] if options.quiet else [describe_new_version(runtime, before)])


def describe_new_version(runtime: Runtime, before: Version) -> str:
    """Return the version of a service that serves now, and what changed since another."""
    after = _version(runtime, before.service)
    changes = describe_change(before.definition, after.definition, runtime.redactor.redact)
    return f"{after} · {changes}"


def shadow_warnings(paths: list[str]) -> list[str]:
    """Return a warning about each module that no import reaches."""
    return [
        f"Warning: nothing can import {path}: its name is that of a module of Python's standard "
        "library, which comes first, as on the platform. Give it another name."
        for path in hidden_by_python(paths)
    ]


def _version(runtime: Runtime, name: str) -> Version:
    version = runtime[name].version
    assert version is not None
    return version

"""A configuration of workerd's, for what workerd runs by itself: services, vars and secrets.

https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import SECRETS, SERVICES, VARS, BindingKind
from workernb.runtime.services.targets import DEFAULT, Target

from .project import COMPATIBILITY_DATE, Project, flags_of

MODULE_KINDS = {
    ".py": "pythonModule",
    ".js": "esModule",
    ".mjs": "esModule",
    ".json": "json",
    ".txt": "text",
    ".html": "text",
    ".sql": "text",
}
"""What workerd calls a module, by what its path ends with."""

PORT = 8787
"""The port of the first public service; the others follow."""


def workerd_config(projects: Sequence[Project]) -> str:
    """Return the text of a configuration that runs all services of the projects.

    Secrets come from the environment: `secret_variable` says from which variable. What workerd has
    no service for, such as KV namespaces, is left out, with a comment.
    """
    services = [
        (f"worker{number}", project, definition)
        for number, (project, definition) in enumerate(
            ((project, each) for project in projects for each in project.definitions), 1
        )
    ]
    public = [each.name for _, _, each in services if each.routes]
    rows = "".join(f"    (name = {_text(each.name)}, worker = .{constant}),\n"
                   for constant, _, each in services)  # fmt: skip
    sockets = "".join(
        f'    (name = {_text(name)}, address = "127.0.0.1:{PORT + place}", http = (), '
        f"service = {_text(name)}),\n"
        for place, name in enumerate(public)
    )
    workers = "\n".join(_worker(constant, project, each) for constant, project, each in services)
    return (
        'using Workerd = import "/workerd/workerd.capnp";\n\n'
        "const config :Workerd.Config = (\n"
        f"  services = [\n{rows}  ],\n  sockets = [\n{sockets}  ],\n);\n\n{workers}"
    )


def secret_variable(service: str, name: str) -> str:
    """Return the environment variable that workerd takes a service's secret from."""
    return f"{service}_{name}".replace("-", "_").upper()


def _worker(constant: str, project: Project, definition: Definition) -> str:
    modules = "".join(
        f"    (name = {_text(name)}, {kind} = embed {_text(path)}),\n"
        for name, kind, path in _modules(project, definition)
    )
    bindings = "".join(f"    {row}\n" for row in _bindings(definition))
    date = definition.compatibility_date or COMPATIBILITY_DATE
    flags = ", ".join(map(_text, flags_of(definition)))
    classes = project.classes.get(definition.name, ())
    objects = "".join(
        f"    (className = {_text(name)}, uniqueKey = {_text(f'{definition.name}-{name}')},"
        " enableSql = true),\n"
        for name in classes
    )
    storage = (
        f"  durableObjectNamespaces = [\n{objects}  ],\n"
        "  durableObjectStorage = (inMemory = void),\n"
        if classes
        else ""
    )
    return (
        f"const {constant} :Workerd.Worker = (\n"
        f"  modules = [\n{modules}  ],\n"
        f"  compatibilityDate = {_text(date)},\n"
        f"  compatibilityFlags = [{flags}],\n"
        f"  bindings = [\n{bindings}  ],\n{storage});\n"
    )


def _modules(project: Project, definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the kind and the file of each module, the main one first."""
    main = project.main_path(definition)
    folder = main.rpartition("/")[0]
    paths = [main, *(f"{folder}/{path}" for path in definition.modules)]
    for path in paths:
        name = path.removeprefix(f"{folder}/")
        yield name, MODULE_KINDS[PurePosixPath(name).suffix], f"{project.name}/{path}"


def _bindings(definition: Definition) -> Iterator[str]:
    for kind, name, value in definition.each_binding():
        row = _binding(definition, kind, name, value)
        yield (
            f"# {name}: {kind.noun}, which workerd has none of by itself"
            if row is None
            else (f"(name = {_text(name)}, {row}),")
        )


def _binding(definition: Definition, kind: BindingKind, name: str, value: object) -> str | None:
    if kind is SERVICES:
        assert isinstance(value, Target)
        return f"service = {_designator(value)}"
    if kind is VARS:
        return f"text = {_text(value)}" if isinstance(value, str) else f"json = {_json(value)}"
    if kind is SECRETS:
        return f"fromEnvironment = {_text(secret_variable(definition.name, name))}"
    store = kind.store(value)
    if store is not None and store.code is not None:
        service, class_name = store.code
        there = "" if service == definition.name else f", serviceName = {_text(service)}"
        return f"durableObjectNamespace = (className = {_text(class_name)}{there})"
    return None


def _designator(target: Target) -> str:
    parts = [f"name = {_text(target.service)}"]
    if target.entrypoint != DEFAULT:
        parts.append(f"entrypoint = {_text(target.entrypoint)}")
    if target.props:
        parts.append(f"props = (json = {_text(target.props)})")
    return f"({', '.join(parts)})"


def _json(value: object) -> str:
    return _text(json.dumps(value, ensure_ascii=False))


_ESCAPES: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _text(value: str) -> str:
    """Return a text as Cap'n Proto writes it."""
    escaped = "".join(
        _ESCAPES.get(each, each if each.isprintable() else _bytes(each)) for each in value
    )
    return f'"{escaped}"'


def _bytes(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))

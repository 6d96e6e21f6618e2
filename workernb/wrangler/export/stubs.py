"""Stubs: what is deployed first of Workers that need each other.

Wrangler refuses a Worker with a binding to a service that is not there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from workernb.runtime.services.targets import DEFAULT

from .order import Order
from .project import COMPATIBILITY_DATE, Project

FOLDER = "stubs"


def stub_files(projects: Sequence[Project], order: Order) -> dict[str, str]:
    """Return the projects of the stubs that an order of deployment begins with."""
    files, entrypoints = {}, named_entrypoints(projects)
    found = {one.name: (project, one) for project in projects for one in project.definitions}
    for service in order.stubs:
        project, definition = found[service]
        configuration: dict[str, Any] = {
            "name": service,
            "main": "index.js",
            "compatibility_date": COMPATIBILITY_DATE,
            "workers_dev": False,
        }
        if migrations := project.migrations(definition):
            configuration["migrations"] = migrations
        source = stub_source(sorted(entrypoints[service]), project.classes.get(service, ()))
        folder = f"{FOLDER}/{service}"
        files[f"{folder}/wrangler.jsonc"] = json.dumps(configuration, indent=2) + "\n"
        files[f"{folder}/index.js"] = source
    return files


def named_entrypoints(projects: Iterable[Project]) -> defaultdict[str, set[str]]:
    """Return the entrypoints that bindings lead to besides the default one, by service."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for project in projects:
        for definition in project.definitions:
            for _, target in definition.targets():
                if target.entrypoint != DEFAULT:
                    found[target.service].add(target.entrypoint)
    return found


def stub_source(entrypoints: Iterable[str], objects: Iterable[str] = ()) -> str:
    """Return a JavaScript module with these entrypoints, each of which answers 503.

    objects: the names of its classes of Durable Objects.
    """
    bases = dict.fromkeys(entrypoints, "WorkerEntrypoint")
    bases |= dict.fromkeys(objects, "DurableObject")
    answer = 'return new Response("Not deployed yet.", { status: 503 });'
    classes = "".join(
        f"\nexport class {name} extends {base} {{\n  async fetch() {{\n    {answer}\n  }}\n}}\n"
        for name, base in bases.items()
    )
    names = ", ".join(sorted(set(bases.values())))
    head = f'import {{ {names} }} from "cloudflare:workers";\n\n' if names else ""
    return f"{head}export default {{\n  async fetch() {{\n    {answer}\n  }},\n}};\n{classes}"

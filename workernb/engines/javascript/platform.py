"""The platform's own module, `cloudflare:workers`, and what is said of modules that are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from workernb.errors import did_you_mean, with_notes

PLATFORM_MODULE = "cloudflare:workers"

PLATFORM_SOURCE = (
    "export const { WorkerEntrypoint, DurableObject, RpcTarget, RpcStub, importedEnv: env, "
    "withEnv, waitUntil } = globalThis.__workernb;"
)
"""It is loaded before any code of the Worker's, while `globalThis.__workernb` is there."""

E = TypeVar("E", bound=BaseException)

_missing = re.compile(r"module '(?P<name>[^']*)' not found").search
_no_export = re.compile(
    r"Could not find export '(?P<name>[^']*)' in module '(?P<module>[^']*)'", re.I
).search

_REMEDIES = {
    "WorkflowEntrypoint": "Workflows are not simulated.",
}


def missing_module(error: E, text: str, paths: Iterable[str]) -> E:
    """Add to an error about an import what can be imported, and return it."""
    export = _no_export(text)
    if export is not None:
        return with_notes(error, _REMEDIES.get(export["name"]))
    found = _missing(text)
    if found is None:
        return error
    name = found["name"]
    if name.startswith("node:") or name in ("fs", "path", "crypto", "buffer", "util", "events"):
        return with_notes(
            error, "Node's modules are not there: a Worker has the web's, as crypto and streams."
        )
    if name.startswith("cloudflare:"):
        return with_notes(error, f"Of the platform's modules there is {PLATFORM_MODULE!r} only.")
    known = [path for path in paths if not path.startswith("<")]
    has = f"The Worker's modules are {', '.join(known)}." if known else "The Worker has no modules."
    return with_notes(
        error, did_you_mean(name, known) or f"{has} A cell is one with --module {name}."
    )

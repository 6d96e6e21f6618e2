"""Export: a notebook's services as Wrangler projects, with what is needed to run and deploy them.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workernb.errors import UsageError
from workernb.runtime.services.definitions import Definition

from .guide import guide, package_json
from .order import deployment_order
from .project import projects, refuse_strange_names
from .stubs import stub_files
from .workerd import workerd_config

MANIFEST = ".workernb-export.json"
"""The file that says which files an export has written, with a hash of each."""

_IGNORED = ".dev.vars*\n.env*\n.venv/\n.wrangler/\nnode_modules/\npython_modules/\n"


def export_files(definitions: Iterable[Definition], *, dev_vars: bool = False) -> dict[str, str]:
    """Return the files of an export by path, the same for the same definitions.

    dev_vars: whether the values of secrets are written, into .dev.vars files that git ignores.
    Raises UsageError if there is nothing to export, and for what no project can hold.
    """
    services = list(definitions)
    if not services:
        raise UsageError("There are no Workers to export: define one with %%worker NAME.")
    found = projects(services)
    refuse_strange_names(found)
    order = deployment_order(each for project in found for each in project.definitions)
    files = {
        ".gitignore": _IGNORED,
        "README.md": guide(found, order),
        "package.json": package_json(found),
        "workerd.capnp": workerd_config(found),
    }
    for project in found:
        for path, text in project.files(dev_vars=dev_vars).items():
            files[f"{project.name}/{path}"] = text
    files |= stub_files(found, order)
    return dict(sorted(files.items()))


def write_files(files: Mapping[str, str], folder: Path, *, force: bool = False) -> None:
    """Write an export, and remove what an earlier one wrote and this one does not have.

    Raises UsageError, before anything is written, for a file that is there and is not as an earlier
    export has left it; `force` replaces those too.
    """
    before = _manifest(folder)
    changed = [
        path
        for path in sorted({*files, *before})
        if _is_changed(folder / path, before.get(path), files.get(path))
    ]
    if changed and not force:
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" * (len(changed) > 3))
        raise UsageError(
            f"{folder} has files that were changed, or are no export's: {names}. They are not "
            "overwritten: choose another folder, or add --force."
        )
    try:
        _write(files, before, folder)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} cannot be written: {error.strerror}."
        ) from None


def _write(files: Mapping[str, str], before: Iterable[str], folder: Path) -> None:
    for path in before:
        if path not in files:
            (folder / path).unlink(missing_ok=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).name.startswith(".dev.vars"):
            file.touch(mode=0o600)
        file.write_bytes(text.encode())
    hashes = {path: _hash(text.encode()) for path, text in files.items()}
    (folder / MANIFEST).write_text(json.dumps(hashes, indent=1) + "\n")


def _manifest(folder: Path) -> dict[str, str]:
    try:
        written = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _is_changed(file: Path, written: str | None, text: str | None) -> bool:
    """Return whether a file is there, is not as it was written, and not as it is to be."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return _hash(content) != written and (text is None or content != text.encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def summary(files: Mapping[str, str], folder: Path, services: Sequence[str]) -> str:
    """Return one line about an export."""
    return f"{folder}: {', '.join(services)}, {len(files)} files. README.md says how to go on."

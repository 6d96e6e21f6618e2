"""The Workers of other notebooks, and of Wrangler projects, found by their paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from workernb.errors import UsageError, with_notes
from workernb.runtime.services.definitions import Definition

from .config import NAMES, read_config
from .notebooks import read_workers
from .projects import ProjectWorker, config_in, project_workers
from .secrets import Ask

_LEFT_OUT = {"node_modules", "python_modules", "dist", "build"}
"""Folders that hold no projects."""


class FoundWorker(Protocol):
    """A Worker that a notebook or a project describes."""

    @property
    def file(self) -> str:
        """The notebook, or the configuration."""

    @property
    def place(self) -> str:
        """The file, and where in it."""

    @property
    def service(self) -> str:
        """The name of its service."""

    @property
    def variable(self) -> str | None:
        """The handle's name in the notebook, if it is said."""

    @property
    def remarks(self) -> Sequence[str]:
        """What has to be known about it, a line each."""

    def definition(self, ask: Ask | None) -> Definition:
        """Return what it is defined by; UsageError. ask: what asks for a secret, or None."""


def find_workers(
    paths: Sequence[str], prefix: str = "", environment: str | None = None
) -> list[FoundWorker]:
    """Return the Workers of notebooks, configurations and folders of projects.

    prefix: put before their names, and before these names in their bindings. environment: of
    projects, the only one to take; without it all of them and the top level. Raises UsageError for
    what cannot be read, is nothing of this kind, or defines one service twice.
    """
    files = [file for path in paths for file in _files(path)]
    found: list[FoundWorker] = []
    projects: list[ProjectWorker] = []
    for path in files:
        if path.endswith(".ipynb"):
            found += read_workers(path, prefix)
        else:
            projects += project_workers(read_config(Path(path)), environment)
    beside = frozenset(project.original_service for project in projects)
    found += [replace(project, prefix=prefix, beside=beside) for project in projects]
    _refuse_doubles(found)
    return found


def _files(path: str) -> list[str]:
    """Return what a path stands for: itself, or the configurations in a folder."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        if folder.suffix not in (".ipynb", ".jsonc", ".json", ".toml"):
            raise UsageError(
                f"{path} is no notebook and no configuration of Wrangler's: .ipynb, "
                f"{', '.join(NAMES)}, or a folder with such files."
            )
        return [str(folder)]
    own = config_in(folder, NAMES)
    if own is not None:
        return [str(own)]
    below = [
        config_in(each, NAMES)
        for each in sorted(folder.iterdir())
        if each.is_dir() and each.name not in _LEFT_OUT and not each.name.startswith(".")
    ]
    files = [str(file) for file in below if file is not None]
    if not files:
        raise with_notes(
            UsageError(f"{path} has no project: neither it nor a folder in it has {NAMES[0]}."),
            f"The configuration is {NAMES[0]}, {NAMES[1]} or {NAMES[2]}.",
        )
    return files


def _refuse_doubles(workers: Sequence[FoundWorker]) -> None:
    places: dict[str, str] = {}
    for worker in workers:
        if worker.service in places:
            raise UsageError(
                f"Worker {worker.service!r} is defined twice: by {places[worker.service]}, and by "
                f"{worker.place}."
            )
        places[worker.service] = worker.place

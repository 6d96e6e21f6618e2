"""Other notebooks: the Workers that their cells define, read without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workernb.errors import OptionError, UsageError, with_notes
from workernb.options.worker import WorkerOptions
from workernb.runtime.services.targets import Target, service_name

MAGIC = "%%worker"


@dataclass(frozen=True, slots=True)
class ForeignWorker:
    """A Worker as a cell of another notebook defines it.

    folder: where that notebook is. place: the notebook, as it was typed, and the cell.
    """

    options: WorkerOptions
    source: str
    folder: Path
    place: str

    @property
    def service(self) -> str:
        """The name of its service, the environment included."""
        return service_name(self.options.name, self.options.environment)


def read_workers(path: str, prefix: str = "") -> list[ForeignWorker]:
    """Return the Workers of a notebook, the last definition of each, with a prefix to their names.

    Bindings among them follow; what they bind to besides keeps its name. Raises UsageError, with
    the place, for what is refused.
    """
    file = Path(path).expanduser()
    found: dict[str, ForeignWorker] = {}
    for number, cell in enumerate(_code(path, file), 1):
        worker = _worker(cell, file.parent, f"{path}, cell {number}")
        if worker is not None:
            found[worker.service] = worker
    if not found:
        raise UsageError(f"{path} defines no Workers: none of its cells starts with {MAGIC}.")
    workers = list(found.values())
    return [_prefixed(worker, prefix, found) for worker in workers] if prefix else workers


def _code(path: str, file: Path) -> Iterator[str]:
    """Yield the cells of a notebook in order: their code, or nothing of one that has none."""
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UsageError(f"{path} is no notebook.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise with_notes(
            UsageError(f"{path} is no notebook of format 4."), "Save it anew in JupyterLab."
        )
    for cell in cells:
        source: Any = cell.get("source", "")
        code = cell.get("cell_type") == "code"
        yield "".join(source) if code else ""


def _worker(cell: str, folder: Path, place: str) -> ForeignWorker | None:
    stripped = cell.lstrip()
    if stripped.split(maxsplit=1)[:1] != [MAGIC]:
        return None
    above = cell[: len(cell) - len(stripped)].count("\n")
    line, _, body = stripped.partition("\n")
    try:
        worker = ForeignWorker(
            # The lines above the code are kept, empty, so that lines are counted as in the cell.
            WorkerOptions.parse(line.removeprefix(MAGIC)),
            "\n" * (above + 1) + body,
            folder,
            place,
        )
        service_name(worker.service)
    except UsageError as error:
        raise with_notes(
            OptionError(f"{place}: {error}"), *getattr(error, "__notes__", ())
        ) from None
    return worker


def _prefixed(worker: ForeignWorker, prefix: str, among: dict[str, ForeignWorker]) -> ForeignWorker:
    services = {}
    for binding, text in worker.options.services.items():
        target = Target.of_binding(text)
        services[binding] = prefix + str(target) if target.service in among else text
    name = service_name(prefix + worker.options.name)
    options = replace(worker.options, name=name, services=services, variable=None)
    return replace(worker, options=options)

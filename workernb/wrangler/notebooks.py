"""Workers of another notebook, read from its cells without running them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workernb.errors import OptionError, UsageError, with_notes
from workernb.options.worker import WorkerOptions
from workernb.runtime.services.targets import Target, service_name

MAGIC = "%%worker"


@dataclass(frozen=True, slots=True)
class NotebookWorker:
    """A Worker that a cell of another notebook defines.

    folder: that of the notebook. place: the notebook, as typed, and the number of the cell.
    """

    options: WorkerOptions
    source: str
    folder: Path
    place: str

    @property
    def service(self) -> str:
        """The name of its service, with the environment."""
        return service_name(self.options.name, self.options.environment)


def read_workers(path: str, prefix: str = "") -> list[NotebookWorker]:
    """Return the Workers that a notebook defines; of several with one name, the last.

    prefix: put before their names, and before these names in their bindings. Raises UsageError for
    a file that is no notebook, or has no Workers, or has one that is refused.
    """
    file = Path(path).expanduser()
    workers: dict[str, NotebookWorker] = {}
    for number, cell in enumerate(_cells(path, file), 1):
        worker = _worker(cell, file.parent, f"{path}, cell {number}")
        if worker is not None:
            workers[worker.service] = worker
    if not workers:
        raise UsageError(f"{path} defines no Workers: none of its cells starts with {MAGIC}.")
    if not prefix:
        return list(workers.values())
    return [_prefixed(worker, prefix, workers) for worker in workers.values()]


def _cells(path: str, file: Path) -> Iterator[str]:
    """Yield the source of each cell; an empty one for cells without code, which count too."""
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
        is_code = cell.get("cell_type") == "code"
        yield "".join(source) if is_code else ""


def _worker(cell: str, folder: Path, place: str) -> NotebookWorker | None:
    """Return the Worker that a cell defines, if any; OptionError if its first line is refused."""
    stripped = cell.lstrip()
    if stripped.split(maxsplit=1)[:1] != [MAGIC]:
        return None
    line, _, body = stripped.partition("\n")
    lines_before_body = cell[: len(cell) - len(stripped)].count("\n") + 1
    try:
        options = WorkerOptions.parse(line.removeprefix(MAGIC))
        # Empty lines before the body keep its line numbers as in the cell.
        worker = NotebookWorker(options, "\n" * lines_before_body + body, folder, place)
        service_name(worker.service)
    except UsageError as error:
        raise with_notes(
            OptionError(f"{place}: {error}"), *getattr(error, "__notes__", ())
        ) from None
    return worker


def _prefixed(
    worker: NotebookWorker, prefix: str, workers: Mapping[str, NotebookWorker]
) -> NotebookWorker:
    """Return a Worker with a prefix to its name, and to those of the other Workers it binds to."""
    services = {}
    for binding, text in worker.options.services.items():
        target = Target.of_binding(text)
        services[binding] = prefix + str(target) if target.service in workers else text
    options = replace(
        worker.options,
        name=service_name(prefix + worker.options.name),
        settings={**worker.options.settings, "services": services},
        variable=None,
    )
    return replace(worker, options=options)

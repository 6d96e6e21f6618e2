"""Workers of another notebook, read from its cells without running them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workernb.errors import OptionError, UsageError, with_notes
from workernb.options.cells import with_magic_first
from workernb.options.worker import WorkerOptions
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.languages import language_of
from workernb.runtime.services.modules import check_path
from workernb.runtime.services.targets import Target, service_name

from .secrets import Ask, find_secrets
from .sources import read_sources

MAGIC = "%%worker"
LINE_MAGIC = "%worker"


@dataclass(frozen=True, slots=True)
class NotebookWorker:
    """A Worker that a cell of another notebook defines.

    file: the notebook, as typed. cell: the number of the cell. modules, main: as in a Definition.
    """

    options: WorkerOptions
    source: str
    file: str
    cell: int
    modules: Mapping[str, str] = field(default_factory=dict)
    main: str | None = None

    @property
    def service(self) -> str:
        """The name of its service, with the environment."""
        return service_name(self.options.name, self.options.environment)

    @property
    def place(self) -> str:
        """The notebook and the cell."""
        return f"{self.file}, cell {self.cell}"

    @property
    def folder(self) -> Path:
        """The notebook's folder."""
        return Path(self.file).expanduser().parent

    @property
    def variable(self) -> str | None:
        """The handle's name in the notebook, if the cell gives it one."""
        return self.options.variable

    @property
    def remarks(self) -> list[str]:
        """What a user has to know besides: nothing."""
        return []

    def definition(self, ask: Ask | None) -> Definition:
        """Return what the Worker is defined by, with its secrets; UsageError, with the place.

        ask: what asks for a secret that is set nowhere, or None.
        """
        options = self.options
        try:
            secrets = find_secrets(options.secrets, options.environment, self.folder, ask)
            return Definition.make(
                options.name,
                self.source,
                modules=self.modules,
                main=self.main,
                **{**options.settings, "secrets": secrets},
            )
        except UsageError as error:
            notes = getattr(error, "__notes__", ())
            raise with_notes(UsageError(f"{self.place}: {error}"), *notes) from None


def read_workers(path: str, prefix: str = "") -> list[NotebookWorker]:
    """Return the Workers that a notebook defines; of several with one name, the last.

    prefix: put before their names, and before these names in their bindings. Raises UsageError for
    a file that is no notebook, or has no Workers, or has one that is refused.
    """
    reader = _Reader(path)
    for number, cell in enumerate(_cells(path, Path(path).expanduser()), 1):
        reader.read(cell, number)
    workers = reader.workers()
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


class _Reader:
    """Reads the Workers of a notebook cell by cell, each with the modules that cells give it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._workers: dict[str, NotebookWorker] = {}
        self._modules: dict[str, dict[str, str]] = {}  # By service, then by path.
        self._places: dict[str, str] = {}  # Of each service's last module.

    def read(self, cell: str, number: int) -> None:
        """Read a cell; OptionError if a line that defines a Worker is refused."""
        cell = "".join(with_magic_first(cell.splitlines(keepends=True)))
        stripped = cell.lstrip()
        try:
            if stripped.split(maxsplit=1)[:1] == [MAGIC]:
                line, _, body = stripped.partition("\n")
                # Empty lines before the body keep its line numbers as in the cell.
                lines_before = cell[: len(cell) - len(stripped)].count("\n") + 1
                self._read_cell_magic(line, "\n" * lines_before + body, number)
            elif not stripped.startswith("%%"):
                for line in cell.splitlines():
                    if line.split(maxsplit=1)[:1] == [LINE_MAGIC]:
                        self._read_line_magic(line.strip(), number)
        except UsageError as error:
            raise with_notes(
                OptionError(f"{self._file}, cell {number}: {error}"),
                *getattr(error, "__notes__", ()),
            ) from None

    def _read_cell_magic(self, line: str, source: str, cell: int) -> None:
        options = WorkerOptions.parse(line.removeprefix(MAGIC))
        service = service_name(options.name, options.environment)
        if options.module is None:
            self._workers[service] = NotebookWorker(options, source, self._file, cell)
        else:
            path = check_path(options.module, language_of(options.module))
            self._modules.setdefault(service, {})[path] = source
            self._places[service] = f"{self._file}, cell {cell}"

    def _read_line_magic(self, line: str, cell: int) -> None:
        options = WorkerOptions.parse(line.removeprefix(LINE_MAGIC))
        service = service_name(options.name, options.environment)
        modules = self._modules.setdefault(service, {})
        if options.drop_module is not None:
            modules.pop(options.drop_module, None)
        elif options.file is not None:
            found = read_sources(options.file, Path(self._file).expanduser().parent)
            self._modules[service] = found.modules
            self._workers[service] = NotebookWorker(
                options, found.source, self._file, cell, main=found.main
            )

    def workers(self) -> dict[str, NotebookWorker]:
        """Return the Workers by service; UsageError for modules of one that is not defined."""
        for service, modules in self._modules.items():
            if modules and service not in self._workers:
                raise UsageError(
                    f"{self._places[service]} is {', '.join(modules)} of Worker {service!r}, which "
                    "the notebook does not define."
                )
        return {
            service: replace(worker, modules=self._modules.get(service, {}))
            for service, worker in self._workers.items()
        }


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

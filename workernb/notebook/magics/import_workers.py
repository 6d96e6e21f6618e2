"""`%import-workers`: defines the Workers of another notebook in this runtime."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import Runtime, get_runtime
from workernb.errors import UsageError, with_notes
from workernb.notebook.display import print_lines
from workernb.notebook.secrets import asker
from workernb.notebook.tracebacks import workers_frames_only
from workernb.notebook.variables import variable_for
from workernb.options.change import PARSERS
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.history import DEFINED
from workernb.wrangler.notebooks import NotebookWorker, definition_of, read_workers

from .define import definition_lines


@magics_class
class ImportMagics(Magics):
    """The magic that imports Workers from other notebooks."""

    shell: Any

    @line_magic("import-workers")  # type: ignore[arg-type]
    def import_workers(self, line: str) -> None:
        """Define the Workers of another notebook here."""
        typed, runtime = PARSERS["import-workers"]().parse(line), get_runtime()
        workers = read_workers(typed.path, typed.prefix)
        _refuse_collisions(runtime, workers, typed.path)
        names = self.shell.user_ns
        variables = [
            variable_for(worker.service, worker.options.variable, names) for worker in workers
        ]
        definitions = [
            (definition_of(worker, asker(self.shell)), worker.place) for worker in workers
        ]
        new = [
            (definition, place) for definition, place in definitions if _is_new(runtime, definition)
        ]
        with workers_frames_only(runtime.redactor, self.shell):
            runtime.define_all(new)
        lines: list[str] = []
        for worker, variable in zip(workers, variables, strict=True):
            names[variable] = handle = runtime[worker.service]
            lines += definition_lines(runtime, handle, typed.quiet)
        print_lines(lines)

    import_workers.__doc__ = PARSERS["import-workers"]().help_text()  # type: ignore[assignment]


def _is_new(runtime: Runtime, definition: Definition) -> bool:
    """Return whether a definition differs from the one that serves under its name, if any."""
    name = definition.name
    return name not in runtime or runtime.services[name].definition != definition


def _refuse_collisions(runtime: Runtime, workers: list[NotebookWorker], path: str) -> None:
    """Raise UsageError for a name that is taken, unless by an earlier import of the notebook."""
    for worker in workers:
        if worker.service not in runtime:
            continue
        place = next(
            change.reason
            for change in reversed(runtime.history)
            if change.service == worker.service and change.kind == DEFINED
        )
        if not place.startswith(f"{path}, cell "):
            raise with_notes(
                UsageError(
                    f"Worker {worker.service!r} is defined twice: by {place}, and by "
                    f"{worker.place}."
                ),
                "Give theirs another name: --prefix their-",
            )

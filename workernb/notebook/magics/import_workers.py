"""`%import-workers`: defines the Workers of other notebooks, or of Wrangler projects, here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
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
from workernb.wrangler.cells import write_notebook
from workernb.wrangler.finding import FoundWorker, find_workers

from .define import definition_lines


@magics_class
class ImportMagics(Magics):
    """The magic that imports Workers from other notebooks and from projects."""

    shell: Any

    @line_magic("import-workers")  # type: ignore[arg-type]
    def import_workers(self, line: str) -> None:
        """Define the Workers of another notebook here."""
        typed = PARSERS["import-workers"]().parse(line)
        workers = find_workers(typed.paths, typed.prefix, typed.env)
        remarks = [remark for worker in workers for remark in worker.remarks]
        if typed.cells is None:
            lines = self._define(workers, quiet=typed.quiet)
        else:
            write_notebook(
                Path(typed.cells).expanduser(),
                [worker.definition(asker(self.shell)) for worker in workers],
            )
            names = ", ".join(worker.service for worker in workers)
            lines = [] if typed.quiet else [f"{typed.cells} has the cells of {names}"]
        print_lines([*remarks, *lines])

    import_workers.__doc__ = PARSERS["import-workers"]().help_text()  # type: ignore[assignment]

    def _define(self, workers: Sequence[FoundWorker], *, quiet: bool) -> list[str]:
        """Define the Workers, all or none, and return the lines about them."""
        runtime, names = get_runtime(), self.shell.user_ns
        _refuse_collisions(runtime, workers)
        variables = [variable_for(worker.service, worker.variable, names) for worker in workers]
        definitions = [(worker.definition(asker(self.shell)), worker.place) for worker in workers]
        new = [(one, place) for one, place in definitions if _is_new(runtime, one)]
        with workers_frames_only(runtime.redactor, self.shell):
            runtime.define_all(new)
        lines: list[str] = []
        for worker, variable in zip(workers, variables, strict=True):
            names[variable] = handle = runtime[worker.service]
            lines += definition_lines(runtime, handle, quiet)
        return lines


def _is_new(runtime: Runtime, definition: Definition) -> bool:
    """Return whether a definition differs from the one that serves under its name, if any."""
    name = definition.name
    return name not in runtime or runtime.services[name].definition != definition


def _refuse_collisions(runtime: Runtime, workers: Sequence[FoundWorker]) -> None:
    """Raise UsageError for a name that is taken, unless by an earlier import of the same file."""
    for worker in workers:
        if worker.service not in runtime:
            continue
        place = next(
            change.reason
            for change in reversed(runtime.history)
            if change.service == worker.service and change.kind == DEFINED
        )
        if place != worker.file and not place.startswith(f"{worker.file}, "):
            raise with_notes(
                UsageError(
                    f"Worker {worker.service!r} is defined twice: by {place}, and by "
                    f"{worker.place}."
                ),
                "Give theirs another name: --prefix their-",
            )

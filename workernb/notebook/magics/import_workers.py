"""`%import-workers`: the Workers of another notebook, in this runtime."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import Runtime, get_runtime
from workernb.errors import UsageError, with_notes
from workernb.notebook.tracebacks import shown_from_the_worker_on
from workernb.notebook.variables import variable_for
from workernb.options.change import PARSERS
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.history import DEFINED
from workernb.wrangler.notebooks import ForeignWorker, read_workers

from .define import report, settings_of, tell


@magics_class
class ImportingMagics(Magics):
    """The magic that brings Workers of other notebooks."""

    shell: Any

    @line_magic("import-workers")  # type: ignore[arg-type]
    def import_workers(self, line: str) -> None:
        """Define the Workers of another notebook here."""
        typed, runtime = PARSERS["import-workers"]().parse(line), get_runtime()
        workers = read_workers(typed.path, typed.prefix)
        _refuse_collisions(runtime, workers, typed.path)
        names = self.shell.user_ns
        variables = [variable_for(one.service, one.options.variable, names) for one in workers]
        definitions = [(self._definition(runtime, one), one.place) for one in workers]
        with shown_from_the_worker_on(runtime.redactor, self.shell):
            runtime.define_all([one for one in definitions if _is_new(runtime, one[0])])
        lines: list[str] = []
        for worker, variable in zip(workers, variables, strict=True):
            names[variable] = handle = runtime[worker.service]
            lines += report(runtime, handle, typed.quiet)
        tell(lines)

    def _definition(self, runtime: Runtime, worker: ForeignWorker) -> Definition:
        try:
            settings = settings_of(runtime, worker.options, self.shell, worker.folder)
            return Definition.make(worker.options.name, worker.source, **settings)
        except UsageError as error:
            notes = getattr(error, "__notes__", ())
            raise with_notes(UsageError(f"{worker.place}: {error}"), *notes) from None

    import_workers.__doc__ = PARSERS["import-workers"]().help_text()  # type: ignore[assignment]


def _is_new(runtime: Runtime, definition: Definition) -> bool:
    name = definition.name
    return name not in runtime or runtime.services[name].definition != definition


def _refuse_collisions(runtime: Runtime, workers: list[ForeignWorker], path: str) -> None:
    """Refuse names that are taken here, unless they came from the same notebook."""
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

"""`%export`: writes the Workers as Wrangler projects, or says what would fail there."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.notebook.display import display
from workernb.options.export import ExportOptions, export_parser
from workernb.wrangler.export.files import export_files, summary, write_files


@magics_class
class ExportMagics(Magics):
    """The magic that leads out of the notebook."""

    @line_magic
    def export(self, line: str) -> None:
        """Write the Workers as Wrangler projects."""
        typed, runtime = ExportOptions.parse(line), get_runtime()
        if typed.check:
            from workernb.views.tables.export import CheckTable

            display(CheckTable(runtime))
            return
        assert typed.directory is not None
        files = export_files(
            (service.definition for service in runtime.defined()), dev_vars=typed.dev_vars
        )
        write_files(files, typed.directory, force=typed.force)
        print(summary(files, typed.directory, list(runtime)))

    export.__doc__ = export_parser().help_text()

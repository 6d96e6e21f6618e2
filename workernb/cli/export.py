"""`workernb export`: the Workers of a notebook as Wrangler projects."""

from __future__ import annotations

from pathlib import Path

from workernb.assembly import get_runtime
from workernb.errors import OptionError
from workernb.options.export import add_options
from workernb.wrangler.export.files import export_files, summary, write_files

from .commands import Command, ask_in_terminal, load_workers


def _parser() -> Command:
    parser = Command(
        "export",
        "Write the Workers of a notebook as Wrangler projects. Their code is loaded, no request is "
        "made.",
        [
            "workernb export system.ipynb projects",
            "workernb export system.ipynb --check",
        ],
    )
    parser.add_argument("directory", metavar="DIRECTORY", nargs="?", help="the folder for them")
    add_options(parser)
    return parser


def help_text() -> str:
    """Return the command's help."""
    return _parser().help_text()


def run(words: list[str]) -> int:
    """Run the command, and return its exit code: 1 if the check finds what would fail."""
    typed = _parser().parse_words(words)
    if typed.directory is None and not typed.check:
        raise OptionError("Name a folder: workernb export system.ipynb projects. Or add --check.")
    # Without --dev-vars no value of a secret is written, so none has to be known.
    ask = ask_in_terminal() if typed.dev_vars else lambda prompt: "not-set"
    runtime = get_runtime()
    load_workers(runtime, typed.notebook, ask)
    if typed.check:
        from workernb.views.tables.export import CheckTable
        from workernb.wrangler.export.check import FAILS

        table = CheckTable(runtime)
        print(table)
        return int(any(each.level == FAILS for each in table.findings))
    files = export_files((each.definition for each in runtime.defined()), dev_vars=typed.dev_vars)
    folder = Path(typed.directory)
    write_files(files, folder, force=typed.force)
    print(summary(files, folder, list(runtime)))
    return 0

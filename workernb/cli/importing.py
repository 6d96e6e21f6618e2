"""`workernb import`: a notebook with the Workers of Wrangler projects, or of other notebooks."""

from __future__ import annotations

import sys
from pathlib import Path

from workernb.errors import OptionError
from workernb.wrangler.cells import write_notebook
from workernb.wrangler.finding import find_workers

from .commands import Command


def _parser() -> Command:
    parser = Command(
        "import",
        "Write a notebook with the Workers of Wrangler projects, or of other notebooks.",
        [
            "workernb import projects system.ipynb",
            "workernb import gateway/wrangler.jsonc auth/wrangler.toml system.ipynb",
        ],
        notebook=False,
    )
    add = parser.add_argument
    add("paths", metavar="PATH", nargs="+",
        help="wrangler.jsonc or .toml, a folder with projects, or a notebook; the last is the "
        "notebook that is written")  # fmt: skip
    add("--prefix", metavar="P", default="", help="put before their names")
    add("-e", "--env", metavar="NAME",
        help="of projects: this environment alone; without it, all and the top level")  # fmt: skip
    return parser


def help_text() -> str:
    """Return the command's help."""
    return _parser().help_text()


def run(words: list[str]) -> int:
    """Run the command, and return its exit code."""
    typed = _parser().parse_words(words)
    *paths, notebook = typed.paths
    if not paths or not notebook.endswith(".ipynb"):
        raise OptionError(
            "The last word is the notebook that is written: workernb import projects system.ipynb."
        )
    workers = find_workers(paths, typed.prefix, typed.env)
    for worker in workers:
        for remark in worker.remarks:
            print(remark, file=sys.stderr)
    # The cells only name the secrets, so none has to be known.
    definitions = [worker.definition(lambda prompt: "not-set") for worker in workers]
    write_notebook(Path(notebook), definitions)
    print(f"{notebook}: {', '.join(worker.service for worker in workers)}")
    return 0

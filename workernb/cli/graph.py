"""`workernb graph`: the Workers of a notebook and their bindings, as a picture or as text."""

from __future__ import annotations

from pathlib import Path

from workernb.assembly import get_runtime
from workernb.errors import OptionError
from workernb.options.watch import PICTURE_ENDINGS as ENDINGS

from .commands import Command, load_workers


def _parser() -> Command:
    parser = Command(
        "graph",
        "Draw the Workers of a notebook and their bindings. Their code is loaded, no request is "
        "made, and a secret that is set nowhere does not matter.",
        ["workernb graph system.ipynb", "workernb graph system.ipynb -o graph.svg"],
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE",
        help=f"the picture, {', '.join(ENDINGS)}; without it, text is printed",
    )  # fmt: skip
    return parser


def help_text() -> str:
    """Return the command's help."""
    return _parser().help_text()


def run(words: list[str]) -> int:
    """Run the command, and return its exit code."""
    typed = _parser().parse_words(words)
    output = None if typed.output is None else Path(typed.output)
    if output is not None and output.suffix not in ENDINGS:
        raise OptionError(f"-o takes a file that ends with {', '.join(ENDINGS)}, not {output}.")
    load_workers(get_runtime(), typed.notebook, lambda prompt: "not-set")
    from workernb.views.pictures.graph import GraphPicture

    picture = GraphPicture(get_runtime())
    if output is None:
        print(picture.text())
        return 0
    picture.save(output)
    print(f"{output}: {len(get_runtime())} Workers")
    return 0

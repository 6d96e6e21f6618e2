"""The command line: `workernb serve`, `fetch`, `run`, `graph` and `export`, with a notebook.

`workernb import` writes one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from workernb.errors import OneLine, did_you_mean, notes_of

COMMANDS = {
    "serve": "open a port for the Workers of a notebook, and load them again when it changes",
    "fetch": "make a request to a Worker of a notebook, with curl's options",
    "run": "run a notebook from its first cell to its last, and print what it shows",
    "graph": "draw the Workers of a notebook and their bindings",
    "export": "write the Workers of a notebook as Wrangler projects",
    "import": "write a notebook with the Workers of Wrangler projects",
}
_MODULES = {"import": "importing"}  # `import` is Python's.
USAGE = 2
"""The exit code for a command that is written wrong, and for a notebook that cannot be read."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code: 0 if it worked, 1 if it failed, 2 for its usage.

    arguments: the words after `workernb`, by default those that the process was given.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else USAGE
    if words[0] == "--version":
        from workernb import __version__

        print(f"workernb {__version__}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        remedy = did_you_mean(name, COMMANDS) or f"There are {', '.join(COMMANDS)}."
        print(f"workernb has no command {name!r}. {remedy}", file=sys.stderr)
        return USAGE
    command = import_module(f".{_MODULES.get(name, name)}", __name__)
    if any(word in ("-h", "--help") for word in rest):
        print(command.help_text())
        return 0
    return _run(command.run, rest)


def _run(command: Callable[[list[str]], int], words: list[str]) -> int:
    try:
        return command(words)
    except OneLine as error:
        print(" ".join([f"workernb: {error}", *notes_of(error)]), file=sys.stderr)
        return getattr(error, "code", USAGE)
    except BrokenPipeError:  # What reads the output has ended, as `head` does.
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items())
    return (
        "usage: workernb COMMAND NOTEBOOK [options]\n\nWorkers of a notebook, without Jupyter.\n\n"
        f"{commands}\n\nworkernb COMMAND --help shows the options, and examples."
    )

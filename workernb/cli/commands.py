"""What the commands share: their parsers, and the Workers of a notebook."""

from __future__ import annotations

import getpass
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence

from workernb.assembly import Runtime
from workernb.errors import OneLine, Termination, UsageError, format_error, with_notes
from workernb.options.parser import Parser
from workernb.wrangler.notebooks import read_workers
from workernb.wrangler.secrets import Ask


class Command(Parser):
    """The parser of a command. examples: for its help."""

    def __init__(
        self, name: str, description: str, examples: Sequence[str], *, notebook: bool = True
    ) -> None:
        """Make a parser. notebook: whether the first argument is a notebook."""
        super().__init__(f"workernb {name}", description)
        self.examples = examples
        if notebook:
            self.add_argument("notebook", metavar="NOTEBOOK", help="a file: system.ipynb")

    def parse_words(self, words: Sequence[str]) -> Namespace:
        """Parse the words after the command; OptionError for what is refused."""
        return self.parse(shlex.join(words))

    def help_text(self) -> str:
        """Return usage, options and examples."""
        return "\n".join([super().help_text(), "examples:", *(f"  {one}" for one in self.examples)])


def ask_in_terminal() -> Ask | None:
    """Return what asks for a secret without echo; None where no terminal is."""
    return getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None


class LoadError(OneLine):
    """A Worker of a notebook that cannot be loaded. code: the exit code."""

    code = 1


def load_workers(runtime: Runtime, path: str, ask: Ask | None) -> list[str]:
    """Define the Workers of a notebook, without running its other cells; return what changed.

    Those that are defined already and have not changed stay, those that are gone are removed. All
    are loaded, or none. Raises UsageError for what is refused, LoadError for what does not load.
    """
    workers = read_workers(path)
    definitions = [(worker.definition(ask), worker.place) for worker in workers]
    new = [
        (definition, place)
        for definition, place in definitions
        if definition.name not in runtime
        or runtime.services[definition.name].definition != definition
    ]
    try:
        runtime.define_all(new)
    except (UsageError, KeyboardInterrupt):
        raise
    except (Exception, Termination) as error:
        names = ", ".join(definition.name for definition, _ in new)
        raise with_notes(
            LoadError(f"{path}: {names} cannot be loaded."), runtime.redact(format_error(error))
        ) from None
    gone = [name for name in runtime if name not in {one.name for one, _ in definitions}]
    for name in gone:
        runtime.remove(name, force=True, reason=f"gone from {path}")
    lines = [str(runtime.services[definition.name].version) for definition, _ in new]
    return [*lines, *(f"{name} is gone" for name in gone)]

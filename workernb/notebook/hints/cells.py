"""Cells as people type them, and `--help` of every magic."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from workernb.notebook.transform import ASYNC
from workernb.options.cells import HELP, with_magic_first

_HELP_OF = {asynchronous: name for name, asynchronous in ASYNC.items()}


def add(shell: Any, names: Iterable[tuple[str, str]]) -> None:
    """Register the transformer with a shell, and let magics show their help.

    names: the kind, `line` or `cell`, and the name of each magic.
    """
    if with_magic_first not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.insert(0, with_magic_first)
    magics = shell.magics_manager.magics
    for kind, name in names:
        documented = magics[kind][_HELP_OF.get(name, name)]
        magics[kind][name] = _with_help(
            magics[kind][name], documented, awaited=name in _HELP_OF
        )


def remove(shell: Any) -> None:
    """Unregister the transformer."""
    if with_magic_first in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(with_magic_first)


def _with_help(
    magic: Callable[..., Any], documented: Callable[..., Any], *, awaited: bool
) -> Callable[..., Any]:
    """Return a magic that prints its help where its line asks for it.

    awaited: whether what it returns is awaited.
    """
    text = inspect.getdoc(documented)

    @wraps(magic)
    def helping(line: str, *rest: Any, **named: Any) -> Any:
        if not asks_for_help(line):
            return magic(line, *rest, **named)
        print(text)
        return _nothing() if awaited else None

    return helping


async def _nothing() -> None:
    """Return nothing, to who awaits it."""


def asks_for_help(line: str) -> bool:
    """Return whether `--help` or `-h` is the first, the second or the last word of a line."""
    words = line.split()
    return not set(HELP).isdisjoint([*words[:2], *words[-1:]])

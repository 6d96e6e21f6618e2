"""Values of secrets that a cell only names, and the note about those that it writes out."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workernb.errors import UsageError
from workernb.options.parser import is_constant
from workernb.wrangler.dev_vars import read_dev_vars

_note_printed = False


def resolve_secrets(
    secrets: Mapping[str, str | None],
    environment: str | None,
    shell: Any,
    folder: Path = Path(),
) -> dict[str, str]:
    """Return secrets with a value for each that is None.

    It is looked up in `.dev.vars.ENVIRONMENT` or `.dev.vars` in the folder, then in the process
    environment; then the user is asked, where the front end can do so. Raises UsageError for a
    secret that is found nowhere.
    """
    if all(value is not None for value in secrets.values()):
        return {name: value for name, value in secrets.items() if value is not None}
    path, dev_vars = read_dev_vars(environment, folder)
    resolved: dict[str, str] = {}
    for name, value in secrets.items():
        known = value if value is not None else dev_vars.get(name, os.environ.get(name))
        resolved[name] = _ask(name, path.name, shell) if known is None else known
    return resolved


def _ask(name: str, filename: str, shell: Any) -> str:
    # Not the name, if it may be a value that was given without one.
    secret, key = (f"The secret {name}", name) if is_constant(name) else ("The secret", "NAME")
    if _can_ask(shell) and (value := getpass.getpass(f"{secret}: ")):
        return value
    raise UsageError(
        f"{secret} is set nowhere: put {key}=… into {filename}, or set it in the process "
        f"environment."
    )


def _can_ask(shell: Any) -> bool:
    """Return whether a user can be asked: not where a program runs the notebook."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return sys.stdin is not None and sys.stdin.isatty()
    return bool(getattr(kernel, "_allow_stdin", False))


def note_about_written_secrets(secrets: Mapping[str, str | None]) -> list[str]:
    """Return a note if values are written in the cell; only once in a process."""
    global _note_printed
    written = [name for name, value in secrets.items() if value is not None]
    if not written or _note_printed:
        return []
    _note_printed = True
    return [
        f"Note: the value of {written[0]} is in the cell's source, and is saved with the "
        "notebook. A real secret belongs in .dev.vars."
    ]

"""Values of secrets that a cell only names, and the note about those that it writes out."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workernb.wrangler.secrets import Ask, find_secrets

_note_printed = False


def resolve_secrets(
    secrets: Mapping[str, str | None],
    environment: str | None,
    shell: Any,
    folder: Path = Path(),
) -> dict[str, str]:
    """Return secrets with a value for each that is None, as `find_secrets` does.

    The user is asked where the front end can do so. Raises UsageError for a secret that is found
    nowhere.
    """
    return find_secrets(secrets, environment, folder, asker(shell))


def asker(shell: Any) -> Ask | None:
    """Return what asks the user of a shell for a secret, without echo; None where none can be."""
    return getpass.getpass if _can_ask(shell) else None


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

"""Values of secrets that a notebook only names: from `.dev.vars`, the environment, or a user."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from workernb.errors import UsageError
from workernb.options.parser import is_constant

from .dev_vars import read_dev_vars

Ask = Callable[[str], str]
"""Asks a user for a value, with the prompt that it is given; an empty answer is none."""


def find_secrets(
    secrets: Mapping[str, str | None], environment: str | None, folder: Path, ask: Ask | None
) -> dict[str, str]:
    """Return secrets with a value for each that is None.

    It is looked up in `.dev.vars.ENVIRONMENT` or `.dev.vars` in the folder, then in the process
    environment; then `ask` is called, unless it is None. Raises UsageError for a secret that is
    found nowhere.
    """
    if all(value is not None for value in secrets.values()):
        return {name: value for name, value in secrets.items() if value is not None}
    path, dev_vars = read_dev_vars(environment, folder)
    found: dict[str, str] = {}
    for name, value in secrets.items():
        known = value if value is not None else dev_vars.get(name, os.environ.get(name))
        found[name] = _asked(name, path.name, ask) if known is None else known
    return found


def _asked(name: str, filename: str, ask: Ask | None) -> str:
    # Not the name, if it may be a value that was given without one.
    secret, key = (f"The secret {name}", name) if is_constant(name) else ("The secret", "NAME")
    if ask is not None and (value := ask(f"{secret}: ")):
        return value
    raise UsageError(
        f"{secret} is set nowhere: put {key}=… into {filename}, or set it in the process "
        f"environment."
    )

"""Where the value of a secret comes from that a cell only names."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workernb.errors import UsageError

_line = re.compile(
    r"""\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*"""
    r"""(?:(?:"((?:\\.|[^"])*)"|'([^']*)')\s*(?:#.*)?|(.*))"""
)


def resolve(
    secrets: Mapping[str, str | None],
    environment: str | None,
    shell: Any,
    folder: Path = Path(),
) -> dict[str, str]:
    """Return the values of secrets: as given, else from the first place that has one.

    `.dev.vars.ENVIRONMENT` or `.dev.vars`, then the process environment, then the user, where the
    front end can ask. Raises UsageError for one that is set nowhere. folder: where the file is.
    """
    if all(value is not None for value in secrets.values()):
        return {name: value for name, value in secrets.items() if value is not None}
    file, kept = read_dev_vars(environment, folder)
    found: dict[str, str] = {}
    for name, value in secrets.items():
        chosen = value if value is not None else kept.get(name, os.environ.get(name))
        found[name] = _ask(name, file, shell) if chosen is None else chosen
    return found


def read_dev_vars(environment: str | None, folder: Path = Path()) -> tuple[str, dict[str, str]]:
    """Return the name of the file that counts, and what is in it."""
    names = [".dev.vars"] if environment is None else [f".dev.vars.{environment}", ".dev.vars"]
    for name in names:
        if (folder / name).is_file():
            return name, parse_dev_vars((folder / name).read_text(encoding="utf-8"))
    return names[0], {}


def parse_dev_vars(text: str) -> dict[str, str]:
    """Read a dotenv file."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _line.fullmatch(line)
        if match is not None:
            name, double, single, bare = match.groups()
            if double is not None:
                values[name] = double.replace(r"\n", "\n").replace(r"\"", '"')
            else:
                values[name] = single if single is not None else bare.split(" #")[0].strip()
    return values


def _ask(name: str, file: str, shell: Any) -> str:
    if _can_ask(shell) and (value := getpass.getpass(f"The secret {name}: ")):
        return value
    raise UsageError(
        f"The secret {name} is set nowhere: put {name}=… into {file}, or set it in the process "
        f"environment."
    )


def _can_ask(shell: Any) -> bool:
    """Return whether there is somebody to ask: not when a notebook is run by a program."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return sys.stdin is not None and sys.stdin.isatty()
    return bool(getattr(kernel, "_allow_stdin", False))

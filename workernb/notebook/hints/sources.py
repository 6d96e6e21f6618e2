"""Warnings about the source in a cell: what is probably a mistake, before the Worker is called."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from workernb.engines.checks import check_javascript, check_module, check_source
from workernb.notebook.display import print_lines
from workernb.runtime.services.languages import PYTHON


def warnings_about(
    source: str, shell: Any, path: str | None = None, language: str = PYTHON
) -> list[str]:
    """Return a warning for each line of a Worker's source that is probably wrong.

    path: that of the module, None for the main one. language: of the Worker; of JavaScript only the
    main module is checked, for misspelt handlers. Lines are numbered as in the cell.
    """
    if language != PYTHON:
        return [f"Warning: {each}" for each in check_javascript(source)] if path is None else []
    hidden = shell.user_ns_hidden
    names = {
        name: value
        for name, value in shell.user_ns.items()
        if name not in hidden and not name.startswith("_")
    }
    findings = check_source(source, names) if path is None else check_module(source, names)
    place = "" if path is None else f"{path}, "
    return [f"Warning: {place}{finding}" for finding in findings]


@contextlib.contextmanager
def told_on_failure(warnings: list[str]) -> Iterator[None]:
    """Print the warnings before an exception, which they may explain, is shown."""
    try:
        yield
    except Exception:
        print_lines(warnings)
        raise

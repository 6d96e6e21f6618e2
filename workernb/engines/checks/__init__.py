"""Checks of a Worker's source, by its syntax tree: what is probably a mistake, before it runs.

Nothing here is an error: code that looks wrong may be right, so each finding is a warning.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from .awaits import forgotten_awaits
from .entrypoints import missing_entrypoints
from .findings import Finding
from .javascript import check_javascript
from .names import unknown_names

__all__ = ["Finding", "check_javascript", "check_module", "check_source"]


def check_source(source: str, notebook: Mapping[str, Any]) -> list[Finding]:
    """Return what is probably wrong in the main module of a Worker, by line.

    notebook: the notebook's variables, which a Worker does not see. Source that is not Python has
    no findings.
    """
    return _check(source, notebook, is_main=True)


def check_module(source: str, notebook: Mapping[str, Any]) -> list[Finding]:
    """Return what is probably wrong in another module of a Worker, which needs no entrypoint."""
    return _check(source, notebook, is_main=False)


def _check(source: str, notebook: Mapping[str, Any], *, is_main: bool) -> list[Finding]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    findings = [*forgotten_awaits(tree), *unknown_names(source, tree, notebook)]
    if is_main:
        findings += missing_entrypoints(tree)
    return sorted(set(findings))

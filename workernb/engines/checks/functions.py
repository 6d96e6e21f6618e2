"""Functions in a syntax tree, and the names that theirs may be slips for."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters_of(function: Function) -> list[str]:
    """Return the names of a function's positional parameters, `self` included."""
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args)]


def near(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that another one is nearly, in any case."""
    spelt = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), list(spelt), n=1, cutoff=0.75)
    return spelt[found[0]] if found else None

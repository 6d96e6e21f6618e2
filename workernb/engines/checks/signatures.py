"""Methods of entrypoints that cannot take what they are called with."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .findings import Finding
from .functions import Function, parameters_of

_ARGUMENTS = {
    "scheduled": ("controller", "env", "ctx"),
    "queue": ("batch", "env", "ctx"),
    "tail": ("events", "env", "ctx"),
}
"""What the handlers get, after `self`, that always get all of it."""


def wrong_signatures(node: ast.ClassDef) -> Iterator[Finding]:
    """Yield a finding for each handler, and for the constructor, that lacks a parameter."""
    for method in node.body:
        if not isinstance(method, Function) or method.decorator_list or method.args.vararg:
            continue
        given = parameters_of(method)
        arguments = _ARGUMENTS.get(method.name)
        if method.name == "__init__" and len(given) < 3:
            yield Finding(
                method.lineno,
                f"{node.name} is made with ctx and env: write def __init__(self, ctx, env), and "
                "super().__init__(ctx, env) in it.",
            )
        elif method.name == "fetch" and given[:1] in (["request"], ["req"]):
            yield Finding(
                method.lineno,
                f"{node.name}.fetch has no self: write async def fetch(self, request).",
            )
        elif arguments is not None and len(given) < 1 + len(arguments):
            written = ", ".join(("self", *arguments))
            yield Finding(
                method.lineno,
                f"{node.name}.{method.name} takes too few arguments: write "
                f"async def {method.name}({written}).",
            )

"""Names that a Worker's module does not have: the notebook's variables, and slips."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from workernb.errors import did_you_mean
from workernb.runtime.handles import Handle

from .findings import Finding


def unknown_names(source: str, tree: ast.Module, notebook: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the uses of global names that the module does not define, where there is a remedy.

    A module with `from … import *` may have any name.
    """
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)):
        return
    table = symtable.symtable(source, "<worker>", "exec")
    own = {symbol.get_name() for symbol in table.get_symbols() if _is_bound(symbol)}
    own |= {name for name, symbol in _globals_of(table) if _is_bound(symbol)}
    known = own | {*vars(builtins)} | _MODULE_NAMES
    used = {name for name, symbol in _globals_of(table) if symbol.is_referenced()}
    for name in sorted(used - known):
        remedy = _remedy(name, own, notebook)
        if remedy is not None:
            yield Finding(_first_line(tree, name), f"{name} {remedy}")


_MODULE_NAMES = {"__name__", "__file__", "__doc__", "__builtins__", "__spec__", "__package__"}


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _globals_of(table: symtable.SymbolTable) -> Iterator[tuple[str, symtable.Symbol]]:
    """Yield the global symbols of a table and of all that are nested in it."""
    at_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if at_top or symbol.is_global():
            yield symbol.get_name(), symbol
    for child in table.get_children():
        yield from _globals_of(child)


def _remedy(name: str, own: set[str], notebook: Mapping[str, Any]) -> str | None:
    """Return what to write instead of a name; None where nothing is known of it."""
    meant = did_you_mean(name, {*own, *(each for each in vars(builtins) if each[0] != "_")})
    if name not in notebook:
        return None if meant is None else f"is not defined. {meant}"
    value = notebook[name]
    begin = "is a variable of the notebook, and a Worker sees only its own module"
    if isinstance(value, Handle):
        return f"{begin}: --bind {name.upper()}={value.name}, and await self.env.{name.upper()}.…"
    if isinstance(value, ModuleType):
        return f"{begin}: write import {value.__name__} in the Worker's cell."
    if callable(value):
        return f"{begin}: define it in the Worker's cell, or in a module of it, --module PATH."
    if isinstance(value, str):
        return f"{begin}: --var {name.upper()}={{{name}}}, and self.env.{name.upper()}"
    return f"{begin}: --var-json {name.upper()}=JSON, and self.env.{name.upper()}"


def _first_line(tree: ast.Module, name: str) -> int:
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    return min(lines, default=1)

"""Entrypoints and handlers that are misspelt, or are no entrypoints."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from workernb.resources.unsimulated import HANDLERS as UNCALLED
from workernb.runtime.services.engine import HANDLERS
from workernb.runtime.services.targets import DEFAULT

from .findings import Finding
from .functions import Function, near, parameters_of
from .signatures import wrong_signatures

_BASES = ("WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint")
_FIRST_PARAMETERS = {
    "fetch": ("request", "req"),
    "scheduled": ("controller", "event"),
    "queue": ("batch",),
    "tail": ("events",),
    "email": ("message",),
}
"""What the first parameter of a handler is usually called, after `self`."""


def missing_entrypoints(tree: ast.Module) -> list[Finding]:
    """Return the classes and functions of a main module that are probably meant as entrypoints."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    functions = [node for node in tree.body if isinstance(node, Function)]
    entrypoints = [node for node in classes if _is_entrypoint(node, classes)]
    findings = [finding for node in entrypoints for finding in _misspelt_handlers(node)]
    findings += [finding for node in entrypoints for finding in wrong_signatures(node)]
    names = {node.name for node in entrypoints}
    if DEFAULT not in names and not any(node.name in _ON for node in functions):
        findings += _misspelt_default(entrypoints)
        findings += [
            Finding(node.lineno, f"class {node.name} is no entrypoint: {_WRITE}")
            for node in classes
            if node.name == DEFAULT and node not in entrypoints and not node.bases
        ]
        if not findings and not entrypoints:
            findings += _meant_as_entrypoints(classes, functions)
    return findings


_WRITE = "write class Default(WorkerEntrypoint)."
_ON = frozenset(f"on_{name}" for name in HANDLERS)


def _is_entrypoint(node: ast.ClassDef, classes: list[ast.ClassDef]) -> bool:
    """Return whether a class derives from an entrypoint, of the module itself or imported."""
    known = {each.name: each for each in classes if each is not node}
    for base in node.bases:
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if name in _BASES:
            return True
        others = [each for each in classes if each is not node]
        parent = known.get(name)
        if parent in others and _is_entrypoint(parent, others):
            return True
    return False


def _misspelt_default(entrypoints: list[ast.ClassDef]) -> Iterator[Finding]:
    for node in entrypoints:
        if node.name != DEFAULT and near(node.name, [DEFAULT]):
            yield Finding(
                node.lineno,
                f"class {node.name} is a named entrypoint, and the Worker has none that is called "
                f"Default, which answers its requests. Did you mean Default?",
            )


def _misspelt_handlers(node: ast.ClassDef) -> Iterator[Finding]:
    methods = [each for each in node.body if isinstance(each, Function)]
    there = {each.name for each in methods}
    for method in methods:
        if method.name in _ON:
            meant: str | None = method.name.removeprefix("on_")
        else:
            meant = _meant_handler(method.name, parameters_of(method)[1:2])
        if product := UNCALLED.get(method.name):
            text = f"{node.name}.{method.name} is never called here: {product}, not simulated."
            yield Finding(method.lineno, text)
        elif meant is not None and meant not in there:
            yield Finding(
                method.lineno,
                f"{node.name}.{method.name} is no handler, so no event calls it. "
                f"Did you mean {meant}?",
            )


def _meant_handler(name: str, first_parameter: list[str]) -> str | None:
    """Return the handler that a name is a slip for, judged by its letters and its parameter."""
    if name in HANDLERS or name.startswith("_"):
        return None
    meant = near(name, HANDLERS)
    if meant is None:
        return None
    same_letters = sorted(name.lower()) == sorted(meant)
    usual = first_parameter and first_parameter[0] in _FIRST_PARAMETERS.get(meant, ())
    return meant if same_letters or usual else None


def _meant_as_entrypoints(classes: list[ast.ClassDef], functions: list[Function]) -> list[Finding]:
    """Return findings about a module without any entrypoint."""
    found = []
    for node in classes:
        methods = {each.name for each in node.body if isinstance(each, Function)}
        if methods & {*HANDLERS} and not node.bases:
            found.append(Finding(node.lineno, f"class {node.name} is no entrypoint: {_WRITE}"))
    for function in functions:
        meant = _meant_handler(function.name.removeprefix("on_"), parameters_of(function)[:1])
        if function.name in HANDLERS or meant is not None:
            name = meant or function.name
            found.append(
                Finding(
                    function.lineno,
                    f"the function {function.name} is no handler: write class "
                    f"Default(WorkerEntrypoint) with a method {name}, or call it on_{name}.",
                )
            )
    return found

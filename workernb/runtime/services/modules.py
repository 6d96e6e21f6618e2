"""Modules: the parts of a Worker's code besides its main module, by their paths.

A path is relative to the main module, as `prices.py` or `shop/prices.py`, and says what the module
is imported as: `prices`, `shop.prices`.
https://developers.cloudflare.com/workers/languages/python/
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from keyword import iskeyword
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from workernb.errors import UsageError, did_you_mean, with_notes

from .languages import JAVASCRIPT, MODULE_SUFFIXES, PYTHON

PLATFORM_MODULES = frozenset({"workers", "asgi", "js", "pyodide"})
"""The names of the platform's own modules, which no module of a Worker may hide."""

_PACKAGE = "/__init__"


def dotted_name(path: str) -> str:
    """Return what the module at a path is imported as: `shop.prices` for `shop/prices.py`."""
    return path.removesuffix(".py").removesuffix(_PACKAGE).replace("/", ".")


def is_package(path: str) -> bool:
    """Return whether the module at a path is a package: `shop/__init__.py`."""
    return path.endswith(f"{_PACKAGE}.py")


def check_path(path: object, language: str = PYTHON) -> str:
    """Return the path of a module; UsageError if nothing could be imported from it."""
    if not isinstance(path, str):
        raise UsageError(f"A module's path is text, not {type(path).__name__}.")
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).anchor or path.startswith("~"):
        raise _refused(path, "is absolute: a module's path begins beside the main module", language)
    if "\\" in path:
        raise _refused(path, f"has backslashes: write {path.replace(chr(92), '/')!r}", language)
    if not path.endswith(MODULE_SUFFIXES[language]):
        raise _refused(path, _no_file_of(path, language), language)
    parts = path.removesuffix(".py").split("/")
    if ".." in parts:
        raise _refused(path, "leaves the folder of the main module", language)
    if language == PYTHON:
        _check_name(path, parts)
    elif not all(_is_part(part) for part in parts):
        raise _refused(path, "is not written as JavaScript imports it", language)
    return path


def _check_name(path: str, parts: list[str]) -> None:
    """Raise UsageError for a path of Python's whose parts are no names, or the platform's."""
    for part in parts:
        if not part.isidentifier() or iskeyword(part):
            raise _refused(path, f"cannot be imported, since {part!r} is no name in Python")
    if parts == ["__init__"]:
        raise _refused(path, "has no name: the main module is not in a package")
    if parts[0] in PLATFORM_MODULES:
        raise _refused(path, f"would hide the platform's module {parts[0]!r}")


_is_part = re.compile(r"(?!\.)[\w.@+-]+", re.ASCII).fullmatch


def _no_file_of(path: str, language: str) -> str:
    if language == PYTHON:
        if path.endswith(MODULE_SUFFIXES[JAVASCRIPT]) and not path.endswith((".txt", ".html")):
            return "is no Python file, as those of a Worker in Python are; --js makes one"
        return f"is no Python file: write {path.rstrip('./') or 'prices'}.py"
    if path.endswith((".ts", ".tsx", ".jsx")):
        return "has to be compiled to JavaScript first: write what Wrangler would bundle"
    return f"is no file of JavaScript's: write {path.removesuffix('.py').rstrip('./') or 'lib'}.js"


def _refused(path: str, reason: str, language: str = PYTHON) -> UsageError:
    suffix = "py" if language == PYTHON else "js"
    return with_notes(
        UsageError(f"The module {path!r} {reason}."),
        f"A path is written prices.{suffix} or shop/prices.{suffix}.",
    )


def check_modules(given: object, main: str | None = None, language: str = PYTHON) -> dict[str, str]:
    """Return modules' sources by path, sorted; UsageError for what is refused.

    main: the path of the main module, if it has one.
    """
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise UsageError(f"modules are a dict of sources by path, {{'prices.py': …}}, not {kind}.")
    for path, source in given.items():
        if not isinstance(source, str):
            check_path(path, language)
            raise UsageError(f"The source of {path} is text, not {type(source).__name__}.")
    modules: dict[str, str] = {check_path(path, language): given[path] for path in given}
    if language == PYTHON:
        _refuse_same_names([*([] if main is None else [main]), *modules])
    return dict(sorted(modules.items()))


def _refuse_same_names(paths: Iterable[str]) -> None:
    """Raise UsageError for two files that would be imported under one name."""
    files: dict[str, str] = {}
    for path in paths:
        name = dotted_name(path)
        if name in files:
            raise UsageError(f"{files[name]} and {path} are both the module {name}: keep one.")
        files[name] = path
    for name, path in files.items():
        parent = name.rpartition(".")[0]
        if parent in files and not is_package(files[parent]):
            raise UsageError(
                f"{path} cannot be imported beside {files[parent]}: {parent} is a module or a "
                f"folder. Rename one, or move {files[parent]} to {parent}/__init__.py."
            )


def without(modules: Mapping[str, str], path: str, worker: str) -> dict[str, str]:
    """Return the modules of a Worker without one; UsageError if it has none at this path."""
    if path not in modules:
        has = f"It has {', '.join(modules)}." if modules else "It has none besides its main one."
        raise with_notes(
            UsageError(f"Worker {worker!r} has no module {path}."),
            did_you_mean(path, modules) or has,
        )
    return {kept: source for kept, source in modules.items() if kept != path}


def replaced(
    modules: Mapping[str, str], changes: Any, worker: str, language: str = PYTHON
) -> dict[str, str]:
    """Return modules with others added or replaced, and without those that are None."""
    if not isinstance(changes, Mapping):
        check_modules(changes, language=language)
    for path, source in changes.items():
        modules = without(modules, path, worker) if source is None else {**modules, path: source}
    return dict(modules)


def hidden_by_python(paths: Iterable[str]) -> list[str]:
    """Return the paths of modules that no import reaches: the standard library has their names.

    The platform searches the Worker's files after the standard library, and before packages.
    """
    return [path for path in paths if path.endswith(".py") and is_standard(dotted_name(path))]


def is_standard(name: str) -> bool:
    """Return whether a dotted name belongs to a module of Python's standard library."""
    return name.partition(".")[0] in sys.stdlib_module_names

"""The platform's own modules, as a Worker imports them: `workers`, `asgi`, `js`, `pyodide.ffi`.

They are found by a Worker's `__import__` only, and never in `sys.modules`: libraries look there for
`pyodide`, and would take this process for a browser.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any

from workernb.errors import did_you_mean, with_notes
from workernb.resources.cache import CacheStorage
from workernb.runtime.bindings.clone import Cloner
from workernb.runtime.enforcement.startup import run_import
from workernb.runtime.tracing.logs import console_log

_FILES = {
    "workers": "workernb.workers",
    "workers.asgi": "workernb.workers.gateway.asgi",
    "workers.gateway": "workernb.workers.gateway",
    "workers.wsgi": "workernb.workers.gateway.wsgi",
    "asgi": "workernb.workers.gateway.asgi",
    "js": "workernb.workers.js",
}
_FFI = "workernb.workers.ffi"


def import_platform_module(name: str, with_names: bool) -> ModuleType:
    """Import a module of the platform by its dotted name; ModuleNotFoundError.

    with_names: whether names are imported from it (`from pyodide.ffi import to_js`), for which
    Python's `__import__` returns the module itself, instead of the first one of its name.
    """
    if name == "js":
        return _javascript()
    if name in _FILES:
        if name.endswith("asgi"):
            _import_sockets()
        module = run_import(lambda: importlib.import_module(_FILES[name]))
        return module if with_names else importlib.import_module(_FILES[name.partition(".")[0]])
    if name in ("pyodide", "pyodide.ffi"):
        pyodide = _pyodide()
        return pyodide.ffi if with_names and name != "pyodide" else pyodide  # type: ignore[no-any-return]
    raise with_notes(
        ModuleNotFoundError(f"No module named {name!r}", name=name),
        MODULES_NOT_HERE.get(name),
        "Of the platform's modules, workernb has workers, asgi, js and pyodide.ffi.",
    )


def check_names(module: Any, name: str, wanted: Iterable[str]) -> None:
    """Raise ImportError, with a remedy, for the first name that a module of the platform has not.

    Python's own error would give the path of workernb's file. wanted: as in `from name import …`.
    """
    for each in wanted:
        if each == "*" or hasattr(module, each):
            continue
        known = getattr(module, "__all__", None) or [key for key in vars(module) if key[0] != "_"]
        raise missing_name(name, each, known)


def missing_name(module: str, name: str, known: Iterable[str]) -> ImportError:
    """Return the error about a name that a module of the platform has not, with a remedy.

    It tells apart what the platform has and workernb has not, a slip, and what neither has. known:
    the names that the module has. Of `js` and `pyodide.ffi` the platform has more than can be told.
    """
    nowhere = "The platform has none either" if module == "workers" else "It is not in workernb"
    return with_notes(
        ImportError(f"cannot import name {name!r} from {module!r}", name=module),
        _INSTEAD.get((module, name))
        or did_you_mean(name, known)
        or f"{nowhere}; {module} has {', '.join(known)}.",
    )


MODULES_NOT_HERE = {
    "workers.workflows": "Workflows are not simulated here.",
    "micropip": "Packages are those of the kernel: %pip install NAME in a cell of its own.",
    "pyodide_js": "Pyodide's own module is not here: code runs on the kernel's Python.",
    "pyodide.http": "Write from workers import fetch.",
    "pyodide.code": "Pyodide's own module is not here: code runs on the kernel's Python.",
    "cloudflare.workers": 'Write import_from_javascript("cloudflare:workers").',
}
"""Modules that the platform has and workernb has not, and what to write instead."""

_NOT_YET = "It is not in workernb yet; the platform's Python Workers have it."
_INSTEAD = {
    ("workers", "WorkflowEntrypoint"): _NOT_YET,
    (
        "workers",
        "RpcTarget",
    ): 'Write RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget',
}
"""What is said of names that other code has, and that are not here."""


@cache
def _javascript() -> ModuleType:
    """Return the module `js`."""
    found = run_import(lambda: importlib.import_module(_FILES["js"]))
    _import_sockets()
    module = ModuleType("js", found.__doc__)
    vars(module).update(
        {name: getattr(found, name) for name in found.__all__},
        console=Console(),
        caches=CacheStorage(),
        structuredClone=structured_clone,
    )
    return module


def _import_sockets() -> None:
    """Import what accepts the ends of WebSockets, which `js` and `asgi` make."""
    run_import(lambda: importlib.import_module("workernb.runtime.execution.clients"))


@cache
def _pyodide() -> Any:
    """Return the package `pyodide`."""
    package: Any = ModuleType("pyodide")
    package.ffi = run_import(lambda: importlib.import_module(_FFI))
    return package


def structured_clone(value: Any, /) -> Any:
    """Return a copy of a value, as one that crosses a binding is copied.

    Raises DataCloneError for a function, a stub, a message, or an object of another class.
    """
    cloner = Cloner(lambda value: NotImplemented)
    copied = cloner.clone(value)
    cloner.check_size()
    return copied


class Console:
    """JavaScript's console: writes to the request's logs, and to the cell's output."""

    def log(self, *values: object) -> None:
        """Log values, separated by spaces."""
        console_log("log", _line(values))

    def info(self, *values: object) -> None:
        """Log values at the level `info`."""
        console_log("info", _line(values))

    def debug(self, *values: object) -> None:
        """Log values at the level `debug`."""
        console_log("debug", _line(values))

    def warn(self, *values: object) -> None:
        """Log values at the level `warn`."""
        console_log("warn", _line(values))

    def error(self, *values: object) -> None:
        """Log values at the level `error`."""
        console_log("error", _line(values))


def _line(values: tuple[object, ...]) -> str:
    return " ".join(map(_shown, values))


def _shown(value: object) -> str:
    """Return a value as the console shows it: text as it is, None as undefined."""
    if isinstance(value, str):
        return value
    if value is None:
        return "undefined"
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)

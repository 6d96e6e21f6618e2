"""The platform's own modules, as a Worker imports them: `workers`, `js`, `pyodide.ffi`.

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
from workernb.runtime.enforcement.startup import run_import
from workernb.runtime.tracing.logs import console_log

_FILES = {"workers": "workernb.workers", "js": "workernb.workers.js"}
_FFI = "workernb.workers.ffi"


def import_platform_module(name: str, with_names: bool) -> ModuleType:
    """Import a module of the platform by its dotted name; ModuleNotFoundError.

    with_names: whether names are imported from it (`from pyodide.ffi import to_js`), for which
    Python's `__import__` returns the module itself, instead of the first one of its name.
    """
    if name in _FILES:
        return _javascript() if name == "js" else importlib.import_module(_FILES[name])
    if name in ("pyodide", "pyodide.ffi"):
        pyodide = _pyodide()
        return pyodide.ffi if with_names and name != "pyodide" else pyodide  # type: ignore[no-any-return]
    raise with_notes(
        ModuleNotFoundError(f"No module named {name!r}", name=name),
        "Of the platform's modules, workernb has workers, js and pyodide.ffi.",
    )


def check_names(module: Any, name: str, wanted: Iterable[str]) -> None:
    """Raise ImportError, with a remedy, for the first name that a module of the platform has not.

    Python's own error would give the path of workernb's file. wanted: as in `from name import …`.
    """
    for each in wanted:
        if each == "*" or hasattr(module, each):
            continue
        known = getattr(module, "__all__", None) or [key for key in vars(module) if key[0] != "_"]
        raise with_notes(
            ImportError(f"cannot import name {each!r} from {name!r}", name=name),
            _INSTEAD.get((name, each))
            or did_you_mean(each, known)
            or f"It has {', '.join(known)}.",
        )


_NOT_YET = "It is not in workernb yet; the platform's Python Workers have it."
_INSTEAD = {
    ("workers", "DurableObject"): _NOT_YET,
    ("workers", "WorkflowEntrypoint"): _NOT_YET,
    (
        "workers",
        "RpcTarget",
    ): 'Write RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget',
    ("js", "fetch"): "Write from workers import fetch",
    ("js", "crypto"): "Python's own hashlib, hmac and secrets are there.",
    ("js", "setTimeout"): "Write await asyncio.sleep(seconds)",
}
"""What is said of names that other code has, and that are not here."""


@cache
def _javascript() -> ModuleType:
    """Return the module `js`."""
    found = run_import(lambda: importlib.import_module(_FILES["js"]))
    # What accepts the ends of WebSockets, which only `js` can make.
    run_import(lambda: importlib.import_module("workernb.runtime.execution.clients"))
    module = ModuleType("js", found.__doc__)
    vars(module).update(
        {name: getattr(found, name) for name in found.__all__},
        console=Console(),
        caches=CacheStorage(),
    )
    return module


@cache
def _pyodide() -> Any:
    """Return the package `pyodide`."""
    package: Any = ModuleType("pyodide")
    package.ffi = run_import(lambda: importlib.import_module(_FFI))
    return package


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

"""The modules of one loaded version: what its code imports of its own, and how it imports.

Each version has module objects of its own. In `sys.modules` they have names that no other code
uses, such as `<worker shop v2>.prices`: dataclasses, pickle and type hints look them up there.
"""

from __future__ import annotations

import builtins
import linecache
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from workernb.errors import did_you_mean, with_notes
from workernb.runtime.enforcement.startup import run_import
from workernb.runtime.services.modules import (
    PLATFORM_MODULES,
    dotted_name,
    is_package,
    is_standard,
)
from workernb.runtime.services.versions import Version, module_filename
from workernb.runtime.tracing.logs import worker_print

from .platform import MODULES_NOT_HERE, check_names, import_platform_module

_OF_THE_CLOCK = frozenset({"time", "datetime"})
"""The modules of the standard library whose time of day is that of the runtime's clock."""


class Modules:
    """The modules of a version. main: the main module, whose code is still to be run.

    They refer to nothing that refers to the version's entrypoints: `sys.modules` keeps them alive
    until `drop`, and only entrypoints that are gone lead to that.
    """

    def __init__(self, version: Version) -> None:
        """Compile the modules, and register an empty main module.

        Raises SyntaxError, also for a module that nothing imports.
        """
        self._name = version.filename
        self._worker = version.definition.worker
        self._environment = version.definition.environment
        self._builtins = {
            **vars(builtins),
            "__import__": self.import_module,
            "print": worker_print,
        }
        self._lock = threading.RLock()
        self._dropped = False
        self.main_code = _compile(version.definition.source, self._name)
        self._code = {
            dotted_name(path): (path, _compile(source, module_filename(self._name, path)))
            for path, source in version.definition.modules.items()
        }
        self.main = ModuleType(self._name)
        self.main.__file__ = self._name
        self.main.__dict__["__builtins__"] = self._builtins
        sys.modules[self._name] = self.main
        self._loaded: dict[str, ModuleType] = {}
        if version.definition.main is not None:
            self._loaded[dotted_name(version.definition.main)] = self.main
        # Folders without `__init__.py` are packages too: those that hold a module.
        names = {*self._code, *self._loaded}
        parents = {name[:at] for name in names for at, char in enumerate(name) if char == "."}
        self._names = names | parents

    @property
    def code(self) -> list[CodeType]:
        """The code of all modules."""
        return [self.main_code, *(code for _, code in self._code.values())]

    def drop(self) -> None:
        """Remove the modules from `sys.modules`."""
        self._dropped = True
        for name in [self._name, *map(self._full_name, self._loaded)]:
            sys.modules.pop(name, None)

    def import_module(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Import as Python does: the `__import__` of the Worker's code.

        `workers`, `js` and `pyodide.ffi` are workernb's, installed or not. As on the platform, the
        Worker's own modules come after the standard library's, and before installed ones. `time`
        and `datetime` are those by the runtime's clock.
        """
        if level > 0:
            return self._import_own(self._absolute_name(name, globals, level), fromlist)
        top = name.partition(".")[0]
        if name in _OF_THE_CLOCK:
            return run_import(lambda: _stand_in(name))
        if top in PLATFORM_MODULES:
            module = import_platform_module(name, bool(fromlist))
            check_names(module, name, fromlist or ())
            return module
        if top in self._names and not is_standard(top):
            module = self._import_own(name, fromlist)
            return module if fromlist else self._loaded[top]
        if name in sys.modules:
            return builtins.__import__(name, globals, locals, fromlist or (), 0)
        try:
            return run_import(lambda: builtins.__import__(name, globals, locals, fromlist or (), 0))
        except ModuleNotFoundError as error:
            if error.name == top:
                not_here = MODULES_NOT_HERE.get(name)
                with_notes(error, *([not_here] if not_here else self._remedies(top)))
            raise

    def _remedies(self, top: str) -> list[str | None]:
        """Return what may help when there is no module of a name."""
        environment = f" --env {self._environment}" if self._environment else ""
        return [
            did_you_mean(top, [name for name in self._names if "." not in name]),
            "A library has to be installed; a module of the Worker's own is a cell: "
            f"%%worker {self._worker}{environment} --module {top}.py",
        ]

    def _absolute_name(self, name: str, globals: Mapping[str, Any] | None, level: int) -> str:
        """Return the absolute name of a relative import; ImportError if it leads nowhere."""
        package = (globals or {}).get("__package__") or ""
        parents = package.removeprefix(f"{self._name}.").split(".") if package else []
        if not parents:
            raise ImportError("attempted relative import with no known parent package")
        if level > len(parents):
            raise ImportError("attempted relative import beyond top-level package")
        return ".".join(filter(None, [*parents[: len(parents) - level + 1], name]))

    def _import_own(self, name: str, fromlist: Sequence[str] | None) -> ModuleType:
        with self._lock:
            module = self._load(name)
            if fromlist and hasattr(module, "__path__"):
                names = [*fromlist, *(getattr(module, "__all__", ()) if "*" in fromlist else ())]
                for child in names:
                    if f"{name}.{child}" in self._names and not hasattr(module, child):
                        self._load(f"{name}.{child}")
            return module

    def _load(self, name: str) -> ModuleType:
        """Return a module by its dotted name, loaded if need be; ModuleNotFoundError."""
        if name in self._loaded:
            return self._loaded[name]
        parent, _, child = name.rpartition(".")
        package = self._load(parent) if parent else None
        if name in self._loaded:  # By the package.
            return self._loaded[name]
        if name not in self._names:
            text = f"No module named {name!r}"
            if package is not None and not hasattr(package, "__path__"):
                text += f"; {parent!r} is not a package"
            below = [known for known in self._names if known.rpartition(".")[0] == parent]
            raise with_notes(ModuleNotFoundError(text, name=name), did_you_mean(name, below))
        module = self._run(name)
        if package is not None:
            setattr(package, child, module)
        return module

    def _run(self, name: str) -> ModuleType:
        """Make a module and run its code; a module that fails is not kept."""
        path, code = self._code.get(name, (None, None))
        full_name = self._full_name(name)
        module = self._make(name, path)
        spec: Any = module.__spec__
        try:
            self._loaded[name] = module
            if not self._dropped:
                sys.modules[full_name] = module
            if code is not None:
                spec._initializing = True  # For Python's own error about circular imports.
                exec(code, module.__dict__)
        except BaseException:
            self._loaded.pop(name, None)
            sys.modules.pop(full_name, None)
            raise
        finally:
            spec._initializing = False
        # A module may put another object in its place.
        self._loaded[name] = sys.modules.get(full_name, module)
        return self._loaded[name]

    def _make(self, name: str, path: str | None) -> ModuleType:
        """Make an empty module. path: None for a folder without `__init__.py`."""
        filename = None if path is None else module_filename(self._name, path)
        package = path is None or is_package(path)
        spec = ModuleSpec(self._full_name(name), None, origin=filename, is_package=package)
        module = ModuleType(spec.name)
        module.__spec__ = spec
        # Not the version's name for a module outside of packages, which has no relative imports.
        module.__package__ = spec.name if package else self._full_name(name.rpartition(".")[0])
        module.__dict__["__builtins__"] = self._builtins
        if filename is not None:
            module.__file__ = filename
        if package:
            module.__path__ = []
        return module

    def _full_name(self, name: str) -> str:
        """Return the name of a module in `sys.modules`; an empty one for no module."""
        return f"{self._name}.{name}" if name else ""


def _stand_in(name: str) -> ModuleType:
    from .clock import stand_in  # Here, since many Workers do without.

    return stand_in(name)


def _compile(source: str, filename: str) -> CodeType:
    """Compile a module, and let tracebacks show its lines."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code: CodeType = compile(source, filename, "exec", dont_inherit=True)
    return code

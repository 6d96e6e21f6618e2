"""Modules that few messages need: imported at the first use, and charged to no Worker."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType

ImportRunner = Callable[[Callable[[], ModuleType]], ModuleType]

_run_import: ImportRunner | None = None


def set_import_runner(run_import: ImportRunner) -> None:
    """Have imports made by `run_import`, as the runtime does, which keeps them out of budgets."""
    global _run_import
    _run_import = run_import


def load(name: str) -> ModuleType:
    """Return a module; an import that has to be made is not a Worker's, though its code asks."""
    do_import = partial(import_module, name)
    if name in sys.modules or _run_import is None:
        return do_import()
    return _run_import(do_import)

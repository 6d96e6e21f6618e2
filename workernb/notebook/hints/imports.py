"""`import workers` in a plain cell: the module that Workers import, for the notebook's own code.

The finder stands last in `sys.meta_path`, so a package of that name that is installed is found
first, and is imported in plain cells. Workers always import workernb's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dis import opmap
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

from workernb import workers
from workernb.engines.platform import missing_name

NAME = "workers"


class _Workers(ModuleType):
    """The module `workers`. A name that it lacks raises an error with a remedy."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return getattr(workers, name)
        except AttributeError as error:
            if _imports_a_name(sys._getframe(1)):
                raise missing_name(NAME, name, workers.__all__) from None
            raise error from None

    def __dir__(self) -> list[str]:
        return list(workers.__all__)


def _imports_a_name(frame: FrameType) -> bool:
    """Return whether a frame runs `from … import …`.

    Python would replace an AttributeError by an ImportError without notes.
    """
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


class WorkersFinder:
    """Finds `workers`, and nothing else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of the module `workers`; None for any other name."""
        return ModuleSpec(NAME, self, origin="workernb") if name == NAME else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module."""
        return _Workers(NAME, workers.__doc__)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its public names, for `from workers import *`."""
        vars(module)["__all__"] = list(workers.__all__)


_finder = WorkersFinder()


def add() -> str | None:
    """Let plain cells import `workers`; return a line about another module of that name."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    loaded = sys.modules.get(NAME)
    spec = PathFinder.find_spec(NAME) if loaded is None else loaded.__spec__
    if spec is None or isinstance(loaded, _Workers):
        return None
    where = spec.origin or next(iter(spec.submodule_search_locations or ()), "elsewhere")
    return (
        f"Note: there is another module {NAME!r} ({where}). Plain cells import that one; Workers "
        "import workernb's."
    )


def remove() -> None:
    """Undo `add`."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    if isinstance(sys.modules.get(NAME), _Workers):
        del sys.modules[NAME]

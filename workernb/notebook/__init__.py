"""The notebook: magics, cards, completion. Only this package needs IPython's shell."""

from __future__ import annotations

from typing import Any

from . import (
    callbacks,
    completion,
    display,
    groups,
    interrupts,
    redaction,
    tracebacks,
    transform,
)
from .hints import cells, imports
from .magics.call import CallMagics
from .magics.change import ChangeMagics
from .magics.clock import ClockMagics
from .magics.define import DefineMagics
from .magics.deploy import DeployMagics
from .magics.export import ExportMagics
from .magics.fetch import FetchMagics
from .magics.import_workers import ImportMagics
from .magics.limits import LimitsMagics
from .magics.outbound import OutboundMagics
from .magics.serve import ServeMagics, close_front_door
from .magics.show import ShowMagics
from .magics.stores import StoresMagics

MAGICS = (
    DefineMagics,
    FetchMagics,
    CallMagics,
    ClockMagics,
    LimitsMagics,
    OutboundMagics,
    ShowMagics,
    ChangeMagics,
    DeployMagics,
    ImportMagics,
    ExportMagics,
    StoresMagics,
    ServeMagics,
)


def load(shell: Any) -> None:
    """Register magics, completion and displays with a shell; nothing if that is done already."""
    if any(isinstance(magics, DefineMagics) for magics in shell.magics_manager.registry.values()):
        return
    shell.register_magics(*(magics(shell) for magics in MAGICS))
    cells.add(shell, _names())
    transform.add(shell)
    completion.add(shell)
    display.add(shell)
    redaction.add(shell)
    tracebacks.add(shell)
    groups.add(shell)
    interrupts.add(shell)
    callbacks.add()
    display.warn_of_old_nest_asyncio()
    display.print_lines([line] if (line := imports.add()) else [])


def unload(shell: Any) -> None:
    """Undo `load`."""
    close_front_door()
    manager = shell.magics_manager
    for kind, name in _names():
        manager.magics[kind].pop(name, None)
    for magics in MAGICS:
        manager.registry.pop(magics.__name__, None)
    cells.remove(shell)
    transform.remove(shell)
    completion.remove(shell)
    display.remove(shell)
    redaction.remove(shell)
    tracebacks.remove(shell)
    groups.remove(shell)
    interrupts.remove(shell)
    callbacks.remove()
    imports.remove()


def _names() -> list[tuple[str, str]]:
    """Return the kind, `line` or `cell`, and the name of each magic."""
    return [
        (kind, name) for magics in MAGICS for kind, names in magics.magics.items() for name in names
    ]

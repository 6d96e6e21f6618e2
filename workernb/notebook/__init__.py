"""The notebook's side: magics, cards, completion. All that knows IPython is here."""

from __future__ import annotations

from typing import Any

from workernb.notebook.magics.change import EditingMagics
from workernb.notebook.magics.deploy import DeployingMagics
from workernb.notebook.magics.import_workers import ImportingMagics
from workernb.notebook.magics.show import WorkerMagics

from . import completion, display, transform

MAGICS = (WorkerMagics, EditingMagics, DeployingMagics, ImportingMagics)


def load(shell: Any) -> None:
    """Add the magics to a shell, once. Nothing else of the process is touched."""
    if any(isinstance(magics, WorkerMagics) for magics in shell.magics_manager.registry.values()):
        return
    shell.register_magics(*(magics(shell) for magics in MAGICS))
    transform.add(shell)
    completion.add(shell)
    display.add(shell)
    display.warn_of_old_nest_asyncio()


def unload(shell: Any) -> None:
    """Take away what `load` added."""
    registry = shell.magics_manager
    for magics in MAGICS:
        for kind, names in magics.magics.items():
            for name in names:
                registry.magics[kind].pop(name, None)
        registry.registry.pop(magics.__name__, None)
    transform.remove(shell)
    completion.remove(shell)
    display.remove(shell)

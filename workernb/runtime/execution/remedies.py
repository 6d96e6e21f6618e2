"""Remedies: notes on a Worker's exceptions, where their own texts do not say what to do."""

from __future__ import annotations

import builtins

from workernb.errors import (
    attributes_of,
    did_you_mean,
    note_forgotten_await,
    notes_of,
    traceback_of,
    with_notes,
)

_LOOP_RUNS = "This event loop is already running"
"""asyncio's text for `run_until_complete` in a handler, which waits on the platform."""


def note_remedy(error: BaseException) -> None:
    """Add what to write instead to an exception, for slips that its type and text tell."""
    note_forgotten_await(error)
    kind = type(error)  # Not `isinstance`, which asks the exception for its class.
    if kind is RuntimeError and error.args == (_LOOP_RUNS,):
        note = "Write await instead: a loop that runs cannot be run once more from a handler."
        attributes_of(error)["__notes__"] = [*notes_of(error), note]
    elif type(error) is NameError and not notes_of(error):
        _note_misspelt_name(error)


def _note_misspelt_name(error: NameError) -> None:
    tb = traceback_of(error)
    if tb is None or not error.name:
        return
    while tb.tb_next is not None:
        tb = tb.tb_next
    names = {**vars(builtins), **tb.tb_frame.f_globals, **tb.tb_frame.f_locals}
    with_notes(error, did_you_mean(error.name, [name for name in names if name[0] != "_"]))

"""Loading and unloading the extension."""

from __future__ import annotations

import workernb
from workernb.notebook.completion import complete


async def test_help_lists_the_options(shell):
    worker = shell.ip.find_line_magic("worker") or shell.ip.find_cell_magic("worker")
    assert "--bind" in worker.__doc__
    assert "--header" in shell.ip.find_line_magic("fetch").__doc__


async def test_unloading_takes_everything_away(shell):
    workernb.unload_ipython_extension(shell.ip)
    assert shell.ip.find_cell_magic("worker") is None
    assert shell.ip.find_line_magic("bind") is None
    assert complete not in shell.ip.Completer.custom_matchers
    assert not shell.ip.input_transformers_post
    workernb.load_ipython_extension(shell.ip)
    workernb.load_ipython_extension(shell.ip)
    assert len(shell.ip.input_transformers_post) == 1
    assert shell.ip.find_line_magic("bind") is not None
    assert shell.ip.Completer.custom_matchers.count(complete) == 1

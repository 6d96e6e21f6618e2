"""How answers and traces are displayed."""

from __future__ import annotations

import pytest

import workernb

from .conftest import PUBLIC_GATEWAY


async def test_a_card_is_shown_once_in_a_cell_and_again_where_it_is_asked_for(shell):
    await shell.ok(PUBLIC_GATEWAY)
    both = await shell.ok("r = %fetch gateway\nr")
    assert len(both.displays) == 1
    assert both.result is shell.names["r"]
    assert len((await shell.ok("r")).displays) == 1
    assert (await shell.ok("%fetch gateway --silent")).displays == []
    tree = (await shell.run("r.trace")).stdout
    assert tree.startswith("Out[")
    assert "gateway v1: 200" in tree


async def test_old_nest_asyncio_is_named(shell, monkeypatch):
    import asyncio
    import sys
    import types

    monkeypatch.setitem(sys.modules, "nest_asyncio", types.ModuleType("nest_asyncio"))
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    monkeypatch.delattr(asyncio, "_nest_asyncio2", raising=False)
    workernb.unload_ipython_extension(shell.ip)
    with pytest.warns(UserWarning, match="nest_asyncio has been applied"):
        workernb.load_ipython_extension(shell.ip)

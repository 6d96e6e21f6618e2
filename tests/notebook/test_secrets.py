"""Secrets that a cell only names: where their values come from."""

from __future__ import annotations

import workernb

from .conftest import cell


async def test_secrets_come_from_dev_vars_then_the_environment(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dev.vars").write_text(
        "# comment\nONE=\"from file\"\nexport TWO='two words' \nTHREE=three # not this\n"
    )
    monkeypatch.setenv("ONE", "from the environment")
    monkeypatch.setenv("FOUR", "four from the environment")
    outcome = await shell.ok(cell("a -s ONE -s TWO -s THREE -s FOUR"))
    assert workernb.get_runtime().services["a"].definition.secrets == {
        "ONE": "from file",
        "TWO": "two words",
        "THREE": "three",
        "FOUR": "four from the environment",
    }
    assert "Note" not in outcome.stdout
    (tmp_path / ".dev.vars.staging").write_text("ONE=staging only\n")
    await shell.ok(cell("b -q --env staging -s ONE"))
    assert workernb.get_runtime().services["b-staging"].definition.secrets["ONE"] == "staging only"
    assert "set nowhere" in await shell.refused(cell("c --env staging -s TWO"))


async def test_a_line_that_wrangler_reads_differently_is_refused(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dev.vars").write_text("ONE=1\nTWO=s3cret#value\n")
    line = await shell.refused(cell("a -s ONE"))
    assert ".dev.vars, line 2: Wrangler ends the value of TWO before the #" in line
    assert "s3cret" not in line
    await shell.ok(cell("a -q -s ONE=1"))

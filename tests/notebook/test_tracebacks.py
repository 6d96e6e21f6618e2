"""What a cell shows when a Worker's source fails."""

from __future__ import annotations

import traceback

import pytest

from .conftest import cell


async def test_a_syntax_error_is_pythons_own_at_the_cells_line(shell):
    outcome = await shell.run("%%worker bad\nx = 1\ndef f(:\n    pass")
    assert outcome.traceback.splitlines() == [
        '  File "<worker bad v1>", line 3',
        "    def f(:",
        "          ^",
        "SyntaxError: invalid syntax",
    ]


async def test_an_exception_at_import_shows_the_cells_line_only(shell):
    outcome = await shell.run("%%worker bad\n\n1 / 0")
    assert type(outcome.error) is ZeroDivisionError
    assert "<worker bad v1>:3" in outcome.traceback
    assert "define_worker" not in outcome.traceback


async def test_an_exception_at_import_does_not_tell_a_secret(shell):
    outcome = await shell.run(
        "%%worker a -s KEY=s3cret-value\nfrom workers import env\nraise ValueError(env.KEY)"
    )
    assert "REDACTED" in outcome.traceback
    assert "s3cret" not in outcome.everything


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("await r.text()", "BodyUsedError: Response body is already used"),
        ("echo.fetsch", "Did you mean fetch"),
        ("echo._secret", "A name that begins with _ is private"),
    ],
)
async def test_workernbs_own_frames_are_not_shown(shell, typed, said):
    await shell.ok(cell("echo -q"), "r = await echo.fetch()\nawait r.text()")
    outcome = await shell.run(typed)
    assert said in outcome.traceback
    assert "----> 1 " + typed in outcome.traceback
    assert "File " not in outcome.traceback
    assert "body.py" in "".join(traceback.format_exception(outcome.error)) or "echo" in typed

"""What a cell shows when a Worker's source fails."""

from __future__ import annotations


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

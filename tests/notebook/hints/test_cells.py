"""Comments above a magic, options over several lines, and every magic's help."""

from __future__ import annotations

import re

import nbformat
import pytest

import workernb
from workernb.notebook import MAGICS


def plain(traceback: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", traceback)


FAILS = """\
# Who may enter.

%%worker guard   # the guard
--var WORD=please
--public
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        raise ValueError(self.env.WORD)
"""


def test_in_a_kernel_lines_are_numbered_as_in_the_cell(kernel):
    assert "public: guard.localhost" in kernel.ok(FAILS).stdout.replace("http://", "")
    failed = kernel.run("await guard.fetch()")
    assert "<worker guard v1>:10" in plain(failed.traceback)
    assert "ValueError: please" in plain(failed.traceback)
    kernel.ok("%%worker guard -q \\\n  --var WORD=again\n" + FAILS.split("--public\n")[1])
    assert "ValueError: again" in plain(kernel.run("await guard.fetch()").traceback)
    assert "options:" in kernel.ok("%%worker guard --help").stdout


async def test_a_comment_above_fetch_and_d1(shell):
    await shell.ok(FAILS)
    assert "500" in (await shell.ok("# ask\n%%fetch guard\nplease\n")).text
    await shell.ok("%%worker keeper --d1 DB=db -q\npass\n")
    assert "1" in (await shell.ok("\n# ask\n%%d1 DB\nSELECT 1 AS one\n")).text


MAGIC_NAMES = sorted(
    {name for magics in MAGICS for name in magics.magics["line"] if not name.startswith("_")}
)


@pytest.mark.parametrize("name", MAGIC_NAMES)
@pytest.mark.parametrize("line", ["--help", "x -h", "x y --help"])
async def test_every_magic_has_help(shell, name, line):
    done = await shell.ok(f"%{name} {line}")
    assert len(done.stdout) > 40
    assert done.result is None
    assert f"%{name}" in done.stdout


async def test_help_of_an_assignment(shell):
    assert "--header" in (await shell.ok("r = %fetch --help")).stdout


async def test_another_notebook_is_read_the_same_way(shell, tmp_path):
    path = tmp_path / "other.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(FAILS)]), path)
    await shell.ok(f"%import-workers {path}")
    assert workernb.get_runtime()["guard"].vars["WORD"] == "please"
    assert "guard v1>:10" in plain((await shell.run("await guard.fetch()")).traceback)

"""README is true: its examples run as they stand."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import workernb

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
WORKERS = [block for block in PYTHON if block.startswith("from workers import")]
SCRIPTS = [block for block in PYTHON if block not in WORKERS and not block.startswith("%")]
PRICES = "from workers import Response\ndef on_fetch(request): return Response('[1, 2]')\n"
FORM = {"headers": {"content-type": "multipart/form-data; boundary=b"}}


def part(disposition: str, content: str) -> str:
    return f"--b\r\ncontent-disposition: form-data; {disposition}\r\n\r\n{content}\r\n"


SENT = "".join(
    [part('name="name"', "Ada"), part('name="picture"; filename="cat.png"', "png"), "--b--\r\n"]
)
ASKED = {
    "request.form_data()": {"method": "POST", "body": SENT, **FORM},
    "prices.localhost": {},
    "COUNTERS": {},
}
"""The request of each Worker, by a text in its source."""
SETTINGS = {"COUNTERS": {"durable_objects": {"COUNTERS": "#Counter"}}}


def test_there_is_an_example_for_each_way_to_use_it():
    assert len(SCRIPTS) >= 1
    assert {text for text in ASKED if any(text in block for block in WORKERS)} == {*ASKED}


@pytest.mark.parametrize("block", SCRIPTS, ids=range(len(SCRIPTS)))
def test_a_script_runs(block, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("200 Request allowed\n[('gateway', ")


@pytest.mark.parametrize("block", WORKERS, ids=range(len(WORKERS)))
async def test_a_worker_answers(block):
    runtime = workernb.Runtime()
    runtime.define("prices", PRICES, public=True)
    text = next(text for text in ASKED if text in block)
    handle, asked = runtime.define("worker", block, **SETTINGS.get(text, {})), ASKED[text]
    answer = await handle.fetch(**asked)
    assert answer.status == 200
    assert await answer.bytes()
    runtime.close()


CELLS = [
    block
    for block in re.findall(r"^```(?:python)?\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    if block.startswith("%")
]


@pytest.mark.slow
def test_the_cells_run_in_a_kernel(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(block) for block in CELLS]
    assert [cell.source.split()[0] for cell in cells[:4]] == [
        "%load_ext", "%%worker", "%%worker", "%fetch",
    ]  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert "200 OK" in str(cells[3].outputs)


sys.path.insert(0, str(ROOT / "scripts"))
badge = importlib.import_module("badge")
sys.path.pop(0)


@pytest.mark.parametrize(
    ("remote", "path"),
    [
        ("https://github.com/ada/workers.git", "gh/ada/workers/HEAD"),
        ("git@github.com:ada/workers.git", "gh/ada/workers/HEAD"),
        ("ssh://git@github.com/ada/workers", "gh/ada/workers/HEAD"),
        ("https://gitlab.com/team/sub/workers.git", "gl/team%2Fsub%2Fworkers/HEAD"),
        ("https://git.example/x.git", "git/https%3A%2F%2Fgit.example%2Fx.git/HEAD"),
        ("/srv/git/workers.git", None),
        ("", None),
    ],
)
def test_a_badge_stands_only_where_it_works(remote, path):
    assert badge.binder_path(remote) == path
    text = badge.with_badge(README, remote)
    assert ("mybinder.org/v2/" in text) == (path is not None)
    assert f"mybinder.org/v2/{path}?labpath=notebooks%2F01-" in text or path is None
    assert (ROOT / badge.NOTEBOOK).exists()
    assert badge.with_badge(text, remote) == text
    assert badge.with_badge(text, "") == badge.with_badge(README, "")


def test_the_script_reads_the_remote(tmp_path):
    (tmp_path / "README.md").write_text(badge.COMMENT)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    remote = ["git", "remote", "add", "origin", "https://github.com/ada/w.git"]
    subprocess.run(remote, cwd=tmp_path, check=True)
    script = [sys.executable, str(ROOT / "scripts/badge.py"), str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    assert "v2/gh/ada/w/HEAD" in (tmp_path / "README.md").read_text()


def test_the_table_of_what_is_simulated_comes_after_the_first_picture():
    begin = README.index("![A request through")
    table = README.index("What is simulated, how truly, and what is not:")
    assert begin < table < README.index("## Try it")
    rows = README[table : README.index("## Try it")].strip().splitlines()[2:]
    assert {row.count("|") for row in rows} == {5}

"""The teaching notebooks: they run, and they are committed as a reader wants them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode, v4

from workernb.twin.miniflare import install
from workernb.twin.npm import NpmError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
IDS = [path.stem for path in NOTEBOOKS]
TWIN = "compare_workerd"
"""What a cell calls that shows something else where there is no npm."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_it_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    if "--js" in text:
        pytest.importorskip("quickjs", reason="quickjs-bindings has no wheel for this Python")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    committed = [cell.get("outputs", []) for cell in notebook.cells]
    there = {"metadata": {"path": str(path.parent)}}
    can_compare = TWIN not in text or _install_miniflare()
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=there).execute()
    for cell, before in zip(notebook.cells, committed, strict=True):
        if can_compare or TWIN not in cell.source:
            assert _kinds(cell.get("outputs", [])) == _kinds(before), cell.source


def _install_miniflare() -> bool:
    """Install miniflare now, since that prints a line; return whether it can be had."""
    try:
        install()
    except NpmError:
        return False
    return True


def _kinds(outputs: Sequence[NotebookNode]) -> list[tuple[str, ...]]:
    """Return type, stream name and media types of each output.

    Adjacent outputs to one stream count once: the kernel flushes by time, and may split a text. A
    widget's own output does not count: the still picture beside it is committed.
    """
    kinds: list[tuple[str, ...]] = []
    for output in outputs:
        data = output.get("data", {})
        kind = (output.output_type, output.get("name", ""), *sorted(data))
        split = output.output_type == "stream" and kinds[-1:] == [kind]
        if WIDGET not in data and not split:
            kinds.append(kind)
    return kinds


def test_a_text_that_the_kernel_has_split_is_one_output() -> None:
    out = v4.new_output("stream", name="stdout", text="a")
    err = v4.new_output("stream", name="stderr", text="a")
    shown = v4.new_output("display_data", data={"text/plain": "a"})
    assert _kinds([out, out, err, out]) == _kinds([out, err, out])
    assert _kinds([out, shown, out]) != _kinds([out, shown])
    assert _kinds([shown, shown]) != _kinds([shown])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_it_is_committed_with_outputs_and_nothing_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    assert not re.search(r"/(home|root|work|Users|tmp)/", text)
    outputs = str([cell.get("outputs", []) for cell in notebook.cells])
    assert "s3cret" not in outputs
    assert len(text) < 1_000_000
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert len(str(output)) < 300_000


@pytest.mark.slow
def test_the_demonstration_in_a_terminal() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "200 OK" in done.stdout
    assert "403 Forbidden" in done.stdout
    assert "└─AUTH → auth" in done.stdout
    assert "█" in done.stdout
    assert re.search(r"All \d+ cells ran\.", done.stdout)

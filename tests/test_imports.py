"""Importing and loading workernb imports no heavy library; each is imported when it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp",
    "anywidget",
    "ipywidgets",
    "matplotlib",
    "networkx",
    "numpy",
    "PIL",
    "python_multipart",
    "quickjs",
)

LOAD = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_line_magic("load_ext", "workernb")
"""
DEFINE_AND_FETCH = """
import asyncio, workernb
runtime = workernb.get_runtime()
runtime.define("web", "from workers import Response, WorkerEntrypoint\\n"
    "class Default(WorkerEntrypoint):\\n"
    "    async def fetch(self, request):\\n"
    "        return Response('x')\\n")
asyncio.run(runtime["web"].fetch("http://x/"))
"""


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import workernb", set()),
        ("import workernb, workernb.notebook", set()),
        (LOAD, set()),
        (LOAD + DEFINE_AND_FETCH, set()),
        ("import workernb\nworkernb.GraphView", {"anywidget", "ipywidgets"}),
        ("import workernb\nworkernb.Dashboard", {"anywidget", "ipywidgets"}),
    ],
    ids=["import", "notebook", "load_ext", "fetch", "widget", "dashboard"],
)
def test_no_heavy_library_is_imported(code, allowed, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    code = f"{code}\nimport sys\nprint(*sorted({set(HEAVY)} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert set(done.stdout.split()) == allowed, done.stderr


def test_what_stores_need_is_imported_by_the_first_one():
    code = (
        "import workernb, sys\nprint(*sorted({'sqlite3', 'hashlib', 'email'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []

"""A notebook with a public gateway and a private auth, and the command that is given it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workernb import assembly

ROOT = Path(__file__).resolve().parents[2]

AUTH = """%%worker auth --secret TOKEN=s3cret-token
from workers import Response
async def on_fetch(request, env):
    if request.url.endswith("/boom"):
        raise ValueError("bad " + env.TOKEN)
    print("asked")
    return Response("welcome", headers={"x-by": "auth"})
"""
GATEWAY = """%%worker gateway --public -b AUTH=auth
async def on_fetch(request, env):
    return await env.AUTH.fetch(request)
"""


def write_notebook(path: Path, *cells: str) -> Path:
    notebook = {
        "cells": [
            {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [],
             "execution_count": None, "id": f"cell{number}"}
            for number, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def runtime_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave nothing in this process's runtime of a command that is run in it."""
    monkeypatch.setattr(assembly, "_runtime", None)
    yield
    assembly.get_runtime().close()


@pytest.fixture
def notebook(tmp_path) -> Path:
    return write_notebook(tmp_path / "system.ipynb", "raise SystemError", AUTH, GATEWAY)


def command(*words: object) -> list[str]:
    code = "import sys, workernb.cli; sys.exit(workernb.cli.main())"
    return [sys.executable, "-c", code, *map(str, words)]


def environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path) -> Run:
    """Return what runs the command in a process of its own."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), capture_output=True, text=True, timeout=110, check=False,
            cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run

"""CONTRIBUTING is true: its tree has every module, its paths exist, its story is the request's."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "workernb"


def test_the_tree_names_every_module():
    tree = TEXT.split("```")[1]
    words = set(re.findall(r"[a-z_0-9]+", tree))
    modules = {module.stem for module in PACKAGE.rglob("*.py")} - {"__init__"}
    assert modules - words == set()
    folders = {folder.name for folder in PACKAGE.rglob("*") if folder.is_dir()} - {"__pycache__"}
    assert folders - words == set()


def test_the_paths_that_it_names_exist():
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+(?:\.py|\.js|/))`", TEXT)
    assert len(named) > 40
    roots = (ROOT, PACKAGE, PACKAGE / "runtime", PACKAGE / "views", PACKAGE / "views/widgets")
    missing = [one for one in named if not any((root / one).exists() for root in roots)]
    assert set(missing) == set()


def test_the_life_of_a_request_is_its_path():
    calls = [call for call in path.request_path() if call.counted]
    rows = re.findall(r"^\| (\d+) \| `(.+)` \| `(.+)` \|$", TEXT, re.MULTILINE)
    told = [(function, file) for _, function, file in rows]
    assert told == [(call.function.replace("<locals>.", ""), call.file) for call in calls]

"""The exercises of the notebooks: unsolved at first, and solved by their own solutions."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import workernb
from workernb import assembly
from workernb.exercises.lesson import Exercise, Lesson

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]


def module_of(path: Path) -> str:
    return "workernb.exercises." + path.stem[3:].replace("-", "_")


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_solution_is_what_its_check_asks_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    lesson = importlib.import_module(module_of(path)).lesson
    notebook = nbformat.read(path, as_version=4)
    code = nbformat.v4.new_code_cell
    checked = [number for number, each in enumerate(lesson.exercises, 1) if each.claims is not None]
    before = {number: code(f"check({number})") for number in checked}
    after = {number: code(f"check({number})") for number in checked}
    notebook.cells += [code(f"from {module_of(path)} import check, hint, solution")]
    notebook.cells += before.values()
    for number, exercise in enumerate(lesson.exercises, 1):
        notebook.cells += [code(cell) for cell in exercise.solution]
        notebook.cells += [after[number]] if number in after else []
    there = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=90, kernel_name="python3", resources=there).execute()
    for number in checked:
        assert re.search(r"\d+ of \d+ claims hold\. hint", printed(before[number])), path
        said = printed(after[number])
        assert f"Exercise {number} is solved: all " in said, said
        assert "✗" not in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_each_exercise_of_the_text_has_a_hint_and_a_solution(path: Path, capsys) -> None:
    module = importlib.import_module(module_of(path))
    text = "\n".join(
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    )
    _, _, exercises = re.split(r"(## Your turn|## Exercises)", text)
    numbers = re.findall(r"^(?:\*\*)?(\d)\. ", exercises, re.MULTILINE)
    assert [int(number) for number in numbers] == [
        number for number, _ in enumerate(module.lesson.exercises, 1)
    ]
    for number in map(int, numbers):
        module.hint(number)
        module.solution(number)
        assert len(capsys.readouterr().out) > 60


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(assembly, "_runtime", None)
    yield workernb.get_runtime()
    workernb.get_runtime().close()


async def _claims(runtime):
    yield "there is a Worker auth", "auth" in runtime
    runtime.defined_service("auth")
    yield "never said", True


def test_what_does_not_hold_is_said(runtime, capsys) -> None:
    lesson = Lesson(Exercise("Define it.", ["%%worker auth\npass"], _claims), Exercise("Look.", []))
    lesson.check(1)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "✗ there is a Worker auth"
    assert said[1].startswith("✗ then the check could not go on: UsageError: ")
    assert said[2] == "0 of 2 claims hold. hint(1) helps."
    runtime.define("auth", "")
    lesson.check()
    assert capsys.readouterr().out.splitlines()[-1] == "Exercise 1 is solved: all 2 claims hold."
    lesson.check(2)
    assert "what you see is its answer. hint(2) says" in capsys.readouterr().out
    lesson.solution(1)
    assert capsys.readouterr().out == "%%worker auth\npass\n"
    with pytest.raises(workernb.UsageError, match="exercises 1 to 2, and no 3"):
        lesson.hint(3)

"""`workernb export` and `workernb import`: out of a notebook into projects, and back."""

from __future__ import annotations

import json

from workernb import cli


def test_out_and_in_again(capsys, notebook, tmp_path):
    folder, back = tmp_path / "projects", tmp_path / "back.ipynb"
    assert cli.main(["export", str(notebook), str(folder)]) == 0
    assert f"{folder}: auth, gateway, " in capsys.readouterr().out
    files = {path.name for path in folder.rglob("*")}
    assert {"wrangler.jsonc", "entry.py", "README.md", "workerd.capnp"} <= files
    assert ".dev.vars" not in files
    assert cli.main(["import", str(folder), str(back)]) == 0
    assert capsys.readouterr().out == f"{back}: auth, gateway\n"
    _, auth, gateway = json.loads(back.read_text())["cells"]
    # A secret is named only, and so is looked up when the cell is run.
    assert auth["source"][0] == "%%worker auth --secret TOKEN --compatibility-date 2026-08-22\n"
    assert "--bind AUTH=auth" in gateway["source"][0]
    assert "gateway.localhost/*" in gateway["source"][0]


def test_the_check_says_whether_something_fails(capsys, notebook, tmp_path):
    assert cli.main(["export", str(notebook), "--check"]) == 0
    shown = capsys.readouterr().out
    assert "Order of deployment: auth, gateway: nothing was found" in shown
    cells = json.loads(notebook.read_text())
    cells["cells"] = cells["cells"][2:]
    notebook.write_text(json.dumps(cells))
    assert cli.main(["export", str(notebook), "--check"]) == 1


def test_what_is_written_wrong(capsys, notebook, tmp_path):
    for words, said in [
        (["export", str(notebook)], "Name a folder: workernb export system.ipynb projects."),
        (["import", str(notebook)], "The last word is the notebook that is written"),
        (["import", str(tmp_path), "x.ipynb"], "has no project"),
        (["import", str(notebook), str(notebook)], "is there already, and is not overwritten."),
    ]:
        assert cli.main(words) == cli.USAGE, words
        assert said in capsys.readouterr().err

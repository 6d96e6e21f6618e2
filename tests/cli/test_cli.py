"""The command line: what each command prints, and its exit codes."""

from __future__ import annotations

import tomllib

import pytest

import workernb
from workernb import cli

from .conftest import AUTH, ROOT, write_notebook


def test_help_has_the_commands_and_examples(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in cli.COMMANDS)
    for name in cli.COMMANDS:
        assert cli.main([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert f"workernb {name}" in shown
        assert "examples:" in shown


def test_what_is_written_wrong_is_said_on_one_line(capsys, notebook, tmp_path):
    (tmp_path / "empty.ipynb").write_text("{}")
    (tmp_path / "empty.txt").write_text("x")
    for words, said in [
        (["serv"], "workernb has no command 'serv'. Did you mean serve?"),
        (["serve"], "the following arguments are required: NOTEBOOK"),
        (["serve", "x.ipynb"], "x.ipynb cannot be read: No such file or directory."),
        (["serve", str(notebook), "--prot", "1"], "Did you mean --port"),
        (["graph", str(notebook), "-o", "x.gif"], "-o takes a file that ends with .svg, .png"),
        (["graph", str(tmp_path / "empty.ipynb")], "is no notebook of format 4"),
        (["run", str(tmp_path / "empty.txt")], "is no notebook."),
        (["fetch", "-X", "GET"], "the notebook comes first"),
        (["fetch", str(notebook), "gatway"], "Did you mean gateway"),
    ]:
        assert cli.main(words) == cli.USAGE, words
        error = capsys.readouterr().err
        assert said in error, error
        assert len(error.strip().splitlines()) == 1, error


def test_no_command_and_version(capsys):
    assert cli.main([]) == cli.USAGE
    capsys.readouterr()
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"workernb {workernb.__version__}\n"


def test_it_is_an_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"workernb": "workernb.cli:main"}


def test_fetch_writes_the_body(run, notebook):
    done = run("fetch", notebook, "gateway")
    assert (done.stdout, done.returncode) == ("welcome", 0)  # Without what was printed.
    assert done.stderr == ""


def test_fetch_includes_headers(run, notebook):
    done = run("fetch", notebook, "gateway", "-i")
    head, _, body = done.stdout.partition("\n\n")
    assert head.splitlines()[0] == "HTTP/1.1 200 OK"
    assert "x-by: auth" in head
    assert body == "welcome"


@pytest.mark.parametrize(
    ("words", "code", "out", "error"),
    [
        (("gateway/boom",), 0, "Internal Server Error", "ValueError: bad REDACTED"),
        (("gateway/boom",), 0, "Internal Server Error", "\nTraceback"),
        (("gateway/boom",), 0, "Internal Server Error", "Traceback (most recent"),
        (("gateway/boom", "-f"), 22, "", "answered with 500 (-f)"),
        (("http://auth.localhost/",), 0, "There is nothing here yet", ""),
        (("http://auth.localhost/", "-sf"), 22, "", ""),
    ],
)
def test_fetch_has_curls_exit_codes(run, notebook, words, code, out, error):
    done = run("fetch", notebook, *words)
    assert (done.returncode, done.stdout) == (code, out)
    assert error in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_graph_draws_and_prints(run, notebook, tmp_path):
    done = run("graph", notebook)
    assert done.returncode == 0
    assert "gateway (v1 · public)" in done.stdout
    assert "AUTH──▶ auth" in done.stdout
    assert run("graph", notebook, "-o", "graph.svg").stdout == "graph.svg: 2 Workers\n"
    assert (tmp_path / "graph.svg").read_text().startswith("<svg")


def test_a_worker_that_does_not_load_is_said(run, tmp_path):
    path = write_notebook(tmp_path / "bad.ipynb", "%%worker bad\nimport nowhere")
    done = run("graph", path)
    assert done.returncode == 1
    assert "bad cannot be loaded. ModuleNotFoundError: No module named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_that_is_set_nowhere(run, tmp_path):
    path = write_notebook(tmp_path / "s.ipynb", AUTH.replace("=s3cret-token", ""))
    assert "The secret TOKEN is set nowhere" in run("fetch", path, "auth").stderr
    assert run("graph", path).returncode == 0


def test_run_runs_all_cells_and_fails_with_one(run, tmp_path):
    path = write_notebook(tmp_path / "good.ipynb", "print(6 * 7)", "'shown'")
    done = run("run", path, "--save")
    assert done.returncode == 0, done.stderr
    assert "    42" in done.stdout
    assert "All 2 cells ran." in done.stdout
    assert '"42\\n"' in path.read_text()
    done = run("run", write_notebook(tmp_path / "bad.ipynb", "1 / 0", "print('after')"))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "after" not in done.stdout

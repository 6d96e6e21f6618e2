"""%import-workers: another notebook's Workers in this runtime."""

from __future__ import annotations

import json

import nbformat
import pytest

import workernb

from ..conftest import ASK, cell


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Write a notebook of another team, and go where it is."""
    monkeypatch.chdir(tmp_path)

    def write(*cells: str, name: str = "other.ipynb") -> None:
        made = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# Their Workers\n\n%%worker no"),
                nbformat.v4.new_code_cell("%load_ext workernb"),
                *map(nbformat.v4.new_code_cell, cells),
                nbformat.v4.new_raw_cell("%%worker raw"),
            ]
        )
        nbformat.write(made, tmp_path / name)

    return write


async def asked(shell, name="gateway"):
    return (await shell.ok(f"await (await {name}.fetch()).text()")).result


async def test_two_notebooks_own_two_services(shell, notebook):
    notebook(cell("auth", "return Response('old')"), cell("auth", "return Response('theirs')"))
    outcome = await shell.ok(
        cell("gateway -q --bind AUTH=auth", ASK), "%import-workers other.ipynb"
    )
    assert outcome.stdout == "auth v1 · private · bound by gateway.AUTH\n"
    assert await asked(shell) == await asked(shell, "auth") == "theirs"
    history = workernb.get_runtime().history
    assert history[-1].reason == "other.ipynb, cell 4"


async def test_a_prefix_keeps_names_apart(shell, notebook):
    notebook(
        cell("auth --public", "return Response('theirs')"),
        cell("auth --env staging", "return Response('their staging')"),
        cell("gateway --as g --bind AUTH=auth#Default --bind STAGING=auth@staging --bind X=x", ASK),
    )
    await shell.ok(
        cell("auth -q", "return Response('ours')"),
        cell("gateway -q --bind AUTH=auth", ASK),
        "%import-workers other.ipynb --prefix team- -q",
    )
    assert list(workernb.get_runtime()) == [
        "auth",
        "gateway",
        "team-auth",
        "team-auth-staging",
        "team-gateway",
    ]
    assert dict(shell.names["team_gateway"].bindings) == {
        "AUTH": "team-auth",
        "STAGING": "team-auth-staging",
        "X": "x",
    }
    assert [await asked(shell), await asked(shell, "team_gateway")] == ["ours", "theirs"]
    route = workernb.get_runtime().services["team-auth"].definition.routes[0]
    assert route.pattern == "team-auth.localhost/*"


async def test_names_that_meet_are_refused_with_both_places(shell, notebook):
    notebook(cell("new"), cell("auth"))
    await shell.ok(cell("auth -q"))
    number = shell.ip.execution_count - 1
    line = await shell.refused("%import-workers other.ipynb")
    assert (
        f"Worker 'auth' is defined twice: by the cell In [{number}], and by other.ipynb, cell 4."
    ) in line
    assert "--prefix" in line
    assert list(workernb.get_runtime()) == ["auth"]


async def test_importing_again_brings_what_has_changed(shell, notebook):
    notebook(cell("auth", "return Response('one')"), cell("same"))
    await shell.ok("%import-workers other.ipynb -q", "%bind same AUTH=auth")
    notebook(cell("auth", "return Response('two')"), cell("same --bind AUTH=auth"))
    await shell.ok("%import-workers other.ipynb -q")
    versions = [one.version.number for one in (shell.names["auth"], shell.names["same"])]
    assert versions == [2, 2]
    assert await asked(shell, "auth") == "two"


async def test_secrets_come_from_where_the_notebook_is(shell, notebook, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    notebook(cell("auth --secret TOKEN", "return Response('x')"), name="there/other.ipynb")
    (there / ".dev.vars").write_text("TOKEN=their-secret\n")
    await shell.ok("%import-workers there/other.ipynb")
    definition = workernb.get_runtime()["auth"].version.definition
    assert definition.secrets == {"TOKEN": "their-secret"}


async def test_lines_are_counted_as_in_their_cell(shell, notebook):
    notebook("\n\n%%worker bad\n\n1/0")
    outcome = await shell.run("%import-workers other.ipynb")
    assert "<worker bad v1>:5" in outcome.traceback or "line 5" in outcome.traceback


@pytest.mark.parametrize(
    "bad", ["%%worker bad\n1/0", "%%worker bad --bnid A=b\n", "%%worker Bad\n", "%%worker b -b A=/"]
)
async def test_all_or_none(shell, notebook, bad):
    notebook(cell("good --bind A=elsewhere"), bad)
    outcome = await shell.run("%import-workers other.ipynb")
    assert outcome.error is not None
    if not isinstance(outcome.error, ZeroDivisionError):
        assert "other.ipynb, cell 4: " in outcome.traceback
        assert len(outcome.traceback.strip().splitlines()) == 1
    assert not workernb.get_runtime().services
    assert "good" not in shell.names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "other.ipynb cannot be read: No such file"),
        ("not json", "other.ipynb is no notebook."),
        ("[]", "other.ipynb is no notebook of format 4."),
        (json.dumps({"worksheets": []}), "Save it anew in JupyterLab"),
        (json.dumps({"cells": []}), "defines no Workers"),
        (json.dumps({"cells": [{"cell_type": "code", "source": ["%%worker", "s x"]}]}), "no Work"),
    ],
)
async def test_what_is_no_notebook(shell, tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "other.ipynb").write_text(content)
    assert said in await shell.refused("%import-workers other.ipynb")


async def test_a_variable_that_is_taken_is_not_overwritten(shell, notebook):
    notebook(cell("auth"))
    await shell.ok("auth = 5")
    assert "auth" in await shell.refused("%import-workers other.ipynb")
    assert not workernb.get_runtime().services


async def test_modules_come_with_their_worker(shell, notebook):
    notebook(
        "%%worker shop --module prices.py\ndef total():\n    return 3\n",
        "%%worker shop\nfrom workers import Response\nimport prices\n"
        "async def on_fetch(request):\n    return Response(str(prices.total()))\n",
    )
    outcome = await shell.ok("%import-workers other.ipynb")
    assert outcome.stdout == "shop v1 · private · with prices.py\n"
    assert await asked(shell, "shop") == "3"
    assert (await shell.ok("%import-workers other.ipynb -q")).stdout == ""
    assert workernb.get_runtime()["shop"].version.number == 1

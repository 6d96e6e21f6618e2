"""The Workers of another notebook, read without running it."""

from __future__ import annotations

import json

import pytest

from workernb.errors import OptionError, UsageError
from workernb.wrangler.notebooks import read_workers


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook with these code cells, and return its path."""

    def write(*sources: str) -> str:
        cells = [{"cell_type": "code", "source": source} for source in sources]
        path = tmp_path / "other.ipynb"
        path.write_text(json.dumps({"cells": cells}))
        return str(path)

    return write


def test_a_worker_and_its_place(notebook, tmp_path):
    path = notebook("x = 1", "%%worker auth --env staging --var A=b\npass\n")
    (worker,) = read_workers(path)
    assert worker.service == "auth-staging"
    assert worker.options.settings == {"environment": "staging", "vars": {"A": "b"}}
    assert worker.source == "\npass\n"
    assert worker.folder == tmp_path
    assert worker.place == f"{path}, cell 2"


def test_lines_are_numbered_as_in_the_cell(notebook):
    (worker,) = read_workers(notebook("\n\n%%worker auth\n\npass\n"))
    assert worker.source.split("\n").index("pass") == 4


def test_cells_as_lists_of_lines_and_cells_without_code(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": "%%worker no\npass"},
        {"cell_type": "code", "source": ["%%worker yes\n", "pass"]},
        {"cell_type": "code"},
        {"cell_type": "code", "source": "%%workers\npass"},
    ]
    path = tmp_path / "other.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert [worker.place for worker in read_workers(str(path))] == [f"{path}, cell 2"]


def test_the_last_definition_counts(notebook):
    (worker,) = read_workers(notebook("%%worker auth\nfirst", "%%worker auth\nsecond"))
    assert worker.source == "\nsecond"


def test_a_prefix_follows_the_bindings_among_the_workers(notebook):
    path = notebook(
        "%%worker auth",
        "%%worker auth --env staging",
        "%%worker gateway --as g -b A=auth#Admin -b S=auth@staging -b 'P=auth{\"x\": 1}' -b X=x",
    )
    workers = read_workers(path, "team-")
    assert [worker.service for worker in workers] == [
        "team-auth",
        "team-auth-staging",
        "team-gateway",
    ]
    options = workers[-1].options
    assert options.services == {
        "A": "team-auth#Admin",
        "S": "team-auth-staging",
        "P": 'team-auth{"x": 1}',
        "X": "x",
    }
    assert options.variable is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("%%worker bad --bnid A=b", "cell 2: %%worker has no option --bnid."),
        ("%%worker Bad", "cell 2: Expected"),
    ],
)
def test_a_refused_line_names_its_cell(notebook, source, said):
    with pytest.raises(OptionError) as caught:
        read_workers(notebook("%%worker good", source))
    assert said in str(caught.value)


def test_no_workers(notebook):
    with pytest.raises(UsageError, match="none of its cells starts with %%worker"):
        read_workers(notebook("x = 1"))


def test_no_notebook(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_workers(str(tmp_path / "nowhere.ipynb"))
    (tmp_path / "other.ipynb").write_text("not JSON")
    with pytest.raises(UsageError, match="is no notebook"):
        read_workers(str(tmp_path / "other.ipynb"))


def test_modules_are_joined_with_their_worker_in_any_order(notebook):
    path = notebook(
        "%%worker shop --module prices.py\nold",
        "%%worker shop\nmain",
        "%%worker shop --module a/b.py\nb",
        "%%worker shop --module gone.py\n",
        "%worker shop --drop-module gone.py",
        "%%worker shop --module prices.py\nnew",
    )
    (worker,) = read_workers(path, "their-")
    assert worker.service == "their-shop"
    assert worker.source == "\nmain"
    assert worker.modules == {"prices.py": "\nnew", "a/b.py": "\nb"}


def test_a_worker_from_a_file_beside_the_notebook(notebook, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "entry.py").write_text("main")
    (tmp_path / "src" / "prices.py").write_text("prices")
    (worker,) = read_workers(
        notebook("x = 1\n%worker shop --file src/entry.py --var A=b  # from disk\n")
    )
    assert (worker.source, worker.main) == ("main", "entry.py")
    assert worker.modules == {"prices.py": "prices"}
    assert worker.options.settings == {"vars": {"A": "b"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%%worker shop --module prices.py\n", "cell 1 is prices.py of Worker 'shop', which"),
        ("%%worker shop --module ../a.py\n", "cell 1: The module '../a.py' leaves the folder"),
        ("%worker shop --file nowhere.py", "cell 1: nowhere.py cannot be read"),
    ],
)
def test_modules_that_are_refused(notebook, line, said):
    with pytest.raises(UsageError) as caught:
        read_workers(notebook(line))
    assert said in str(caught.value)

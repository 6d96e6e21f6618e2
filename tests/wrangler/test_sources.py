"""The sources of a Worker on disk: which files belong to it, and what is refused."""

from __future__ import annotations

import pytest

from workernb.errors import UsageError
from workernb.wrangler import sources
from workernb.wrangler.sources import read_sources


@pytest.fixture
def write(tmp_path):
    def write(*paths: str, text: str = "A = 1\n") -> None:
        for path in paths:
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return write


def test_the_modules_are_the_python_files_beside_and_below(write, tmp_path):
    write("src/entry.py", "src/prices.py", "src/shop/__init__.py", "src/shop/deep/dates.py")
    write("other.py", "src/notes.txt", "src/my-script.py", "src/.hidden/x.py", "src/__init__.py")
    write("src/node_modules/x.py", "src/python_modules/y.py", "src/__pycache__/z.py")
    write("src/venv/pyvenv.cfg", "src/venv/lib/w.py", "src/my-folder/v.py", "src/class.py")
    found = read_sources("src/entry.py", tmp_path)
    assert found.source == "A = 1\n"
    assert found.main == "entry.py"
    assert list(found.modules) == ["prices.py", "shop/__init__.py", "shop/deep/dates.py"]


def test_a_main_module_that_cannot_be_imported_has_no_name(write, tmp_path):
    write("my-worker.py")
    assert read_sources("my-worker.py", tmp_path).main is None


def test_a_byte_order_mark_is_no_part_of_the_source(write, tmp_path):
    write("entry.py", text="\ufeffA = 1\n")
    assert read_sources("entry.py", tmp_path).source == "A = 1\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "entry.txt",
            "entry.txt is no Python file, nor one of JavaScript's: "
            "--file src/entry.py, src/index.js.",
        ),
        ("src", "src is no Python file"),
        ("src/entri.py", "src/entri.py cannot be read: No such file or directory."),
        ("folder.py", "folder.py cannot be read: Is a directory."),
        ("latin/entry.py", "latin/entry.py is not UTF-8: its byte 4 is none."),
        ("beside/entry.py", "beside/latin.py is not UTF-8"),
    ],
)
def test_files_that_cannot_be_read(write, tmp_path, typed, said):
    write("src/entry.py", "folder.py/x.py", "latin/entry.py", "beside/entry.py", "beside/latin.py")
    for path in ("latin/entry.py", "beside/latin.py"):
        (tmp_path / path).write_bytes(b"A = \xe4")
    with pytest.raises(UsageError) as caught:
        read_sources(typed, tmp_path)
    assert said in str(caught.value)
    if "entri" in typed:
        assert caught.value.__notes__ == ["Did you mean src/entry.py?"]


@pytest.mark.parametrize(("limit", "value"), [("MAX_MODULES", 2), ("MAX_MB", 0.00001)])
def test_a_folder_with_too_much_in_it(write, tmp_path, monkeypatch, limit, value):
    write("entry.py", "a.py", "b.py", "c.py")
    monkeypatch.setattr(sources, limit, value)
    with pytest.raises(UsageError, match="beside entry") as caught:
        read_sources("entry.py", tmp_path)
    assert caught.value.__notes__ == ["Move the Worker's code into a folder of its own."]

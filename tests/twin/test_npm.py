"""Packages of npm are installed once, as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from workernb.twin.npm import NpmError, installed


@pytest.fixture
def sources(tmp_path):
    """Make a folder with what npm reads."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    return folder


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Return what makes a program stand for npm, which is given as a script."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def write(script: str) -> None:
        for name in ("node", "npm"):
            program = programs / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)

    return write


def test_it_is_installed_once(sources, npm, capsys):
    npm("mkdir node_modules; cp package.json node_modules/copy")
    folder = installed(sources, "something")
    assert (folder / "node_modules" / "copy").read_text() == "{}"
    npm("exit 1")
    assert installed(sources, "something") == folder
    assert capsys.readouterr().out == "Installing something ...\n"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_failure_leaves_nothing(sources, npm, tmp_path):
    npm("mkdir node_modules; echo 'no such package' >&2; echo more >&2; exit 1")
    with pytest.raises(NpmError) as raised:
        installed(sources, "something")
    assert str(raised.value) == (
        "something cannot be run: npm could not install it: no such package"
    )
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    npm("mkdir node_modules")
    assert (installed(sources, "something") / "node_modules").is_dir()


def test_another_process_may_install_the_same_at_the_same_time(sources, npm, tmp_path):
    npm("mkdir node_modules")
    folder: Path = installed(sources, "something")
    (folder / "node_modules" / "used").touch()
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    npm(f"mkdir node_modules; mv {elsewhere} {folder}")
    assert installed(sources, "something") == folder
    assert (folder / "node_modules" / "used").exists()

"""Packages of npm, installed from a lock file into the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class NpmError(Exception):
    """Packages of npm cannot be had. The text is a sentence that says why."""


def installed(sources: Path, what: str) -> Path:
    """Install the packages of a lock file unless it was done before; return their folder.

    sources: a folder with package.json, its lock and what else is to stand beside node_modules.
    what: the packages' names, for the texts. Raises NpmError.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NpmError(f"{what} cannot be run: there is no npm here. Node.js 20 or newer has it.")
    files = sorted(path for path in sources.iterdir() if path.is_file())
    content = b"".join(path.read_bytes() for path in files)
    folder = _cache() / hashlib.sha256(content).hexdigest()[:12]
    if not folder.exists():
        _install(npm, files, folder, what)
    return folder


def _cache() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "workernb" / "npm"


def _install(npm: str, files: list[Path], folder: Path, what: str) -> None:
    print(f"Installing {what} ...", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Not in its place before it is complete: another process may install the same.
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        for file in files:
            shutil.copy(file, made)
        command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).split("\n")[0]
            raise NpmError(f"{what} cannot be run: npm could not install it: {reason}")
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise

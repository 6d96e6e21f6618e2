"""The folder that stores are kept in, which one process uses at a time."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import IO

from workernb.errors import StoreError, with_notes

DEFAULT_FOLDER = ".workernb"


class Folder:
    """A folder of stores, locked for this process.

    Files in it are named by hashes: a name of a store never becomes a path.
    """

    def __init__(self, path: str | Path) -> None:
        """Make the folder if it is not there, and lock it.

        Raises StoreError if it cannot be written, or if another process uses it.
        """
        self.path = Path(path).expanduser().resolve()
        try:
            (self.path / "d1").mkdir(parents=True, exist_ok=True)
            (self.path / "do").mkdir(exist_ok=True)
            # A repository that the folder is in leaves it out.
            (self.path / ".gitignore").write_text("*\n")
            self._lock: IO[str] = open(self.path / "lock", "a+")  # noqa: SIM115 - see close
        except OSError as error:
            raise with_notes(
                StoreError(f"The folder {self.path} cannot be written: {error.strerror}."),
                "Choose another folder, or change its permissions.",
            ) from None
        if not _try_lock(self._lock):
            holder = self._holder()
            self._lock.close()
            raise with_notes(
                StoreError(f"The folder {self.path} is in use by another kernel{holder}."),
                "Restart that kernel, or give this one a folder of its own: "
                "%stores --persist DIRECTORY",
            )
        self._close = weakref.finalize(self, self._lock.close)
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _holder(self) -> str:
        self._lock.seek(0)
        number = self._lock.read(20)
        return f" (process {number})" if number.isdecimal() else ""

    @property
    def main(self) -> Path:
        """The file of all stores but D1's."""
        return self.path / "stores.sqlite"

    def d1(self, name: str) -> Path:
        """Return the file of a D1 database."""
        return self.path / "d1" / f"{_hashed(name)}.sqlite"

    def durable_object(self, namespace: str, object_id: str) -> Path:
        """Return the file of a Durable Object; its folder is made."""
        folder = self.path / "do" / _hashed(namespace)
        folder.mkdir(exist_ok=True)
        return folder / f"{object_id}.sqlite"

    def close(self) -> None:
        """Unlock the folder."""
        self._close()


def _hashed(name: str) -> str:
    """Return the part of a path that stands for a name."""
    import hashlib  # Here, since most processes keep no stores.

    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _try_lock(file: IO[str]) -> bool:
    """Lock a file for this process until it is closed; return whether that was possible."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        import msvcrt

        try:
            # Beyond the text, which others are to read.
            file.seek(1000)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

"""Files that the magics' options name, as curl's `@file`."""

from __future__ import annotations

from pathlib import Path

from workernb.errors import OptionError


def read_file(path: str) -> bytes:
    """Return the content of a file; OptionError when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}.") from None

"""Files that the magics' options name, as curl's `@file`."""

from __future__ import annotations

from collections.abc import Iterator

from workernb.errors import OptionError

MAX_BYTES = 100 * 1024 * 1024
"""How many bytes the body of a request may have, as at the front door."""

_CHUNK = 1024 * 1024


def read_file(path: str) -> bytes:
    """Return the content of a file; OptionError when it cannot be read, or is too large."""
    return b"".join(FileReader().chunks(path))


class FileReader:
    """Reads the files of one request, which may have 100 MB together."""

    def __init__(self) -> None:
        """Create a reader that has read nothing."""
        self._left = MAX_BYTES

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's content; OptionError when it cannot be read, or the request is too large.

        The file is opened for the first chunk.
        """
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise OptionError(
                            f"{path} is too large: a request's body has 100 MB at most. "
                            "In Python, handle.fetch(url, body=…) takes an asynchronous generator."
                        )
                    yield chunk
        except OSError as error:
            raise OptionError(f"{path} cannot be read: {error.strerror}.") from None

"""QuickJS's bytecode, without the sources of its functions.

QuickJS keeps the source text of each function, for its `toString`, and those of the functions
within it again, in every context: half of what an isolate takes. The binding has no way to leave
them out, so they are cut from the bytecode (version 5, of September 2025). Functions then show
themselves as `[native code]`, which those of the platform do too.
"""

from __future__ import annotations

VERSION = 5
_INT, _FLOAT, _TEXT, _BIGINT, _FUNCTION = 5, 6, 7, 10, 12
_ALONE = frozenset({1, 2, 3, 4})
"""The tags of null, undefined, false and true, which nothing follows."""
_ARRAYS = frozenset({9, 11})
"""The tags of arrays, and of the texts of a template."""


class _Unknown(Exception):
    """The bytecode has something that is not known here."""


def without_sources(code: bytes) -> bytes:
    """Return bytecode without sources; as it is, when it has anything that is not known here."""
    try:
        return _Reader(code).strip()
    except (_Unknown, IndexError):
        return code


class _Reader:
    """Reads bytecode from its beginning to its end, and notes where the sources are."""

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._at = 0
        self._kept: list[bytes] = []
        self._copied = 0

    def strip(self) -> bytes:
        """Return the bytecode without sources."""
        if self._byte() != VERSION:
            raise _Unknown
        for _ in range(self._number()):
            self._skip_text()
        self._skip_value()
        if self._at != len(self._code):
            raise _Unknown
        return b"".join([*self._kept, self._code[self._copied :]])

    def _byte(self) -> int:
        self._at += 1
        return self._code[self._at - 1]

    def _number(self) -> int:
        """Return a number in LEB128."""
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _skip_text(self) -> None:
        length = self._number()
        self._at += (length >> 1) << (length & 1)

    def _skip_bytes(self) -> None:
        length = self._number()
        self._at += length

    def _skip_value(self) -> None:
        tag = self._byte()
        if tag == _FUNCTION:
            self._skip_function()
        elif tag == _TEXT:
            self._skip_text()
        elif tag == _INT:
            self._number()
        elif tag == _FLOAT:
            self._at += 8
        elif tag == _BIGINT:
            self._skip_bytes()
        elif tag in _ARRAYS:
            for _ in range(self._number() + (tag == 11)):
                self._skip_value()
        elif tag not in _ALONE:
            raise _Unknown

    def _skip_function(self) -> None:
        self._at += 3  # Its flags, and whether it is strict.
        self._number()  # Its name.
        for _ in range(5):  # Arguments, variables, arguments without default, stack, references.
            self._number()
        closure, constants, length = self._number(), self._number(), self._number()
        for _ in range(self._number()):
            self._skip_variable()
        for _ in range(closure):
            self._number()  # Its name.
            self._number()  # Its number.
            self._at += 2
        self._at += length
        self._number()  # The file.
        self._skip_bytes()  # The lines.
        self._cut_source()
        for _ in range(constants):
            self._skip_value()

    def _skip_variable(self) -> None:
        for _ in range(3):  # Its name, its scope, the next one of the scope.
            self._number()
        self._at += 1

    def _cut_source(self) -> None:
        self._kept.append(self._code[self._copied : self._at])
        length = self._number()
        self._kept.append(b"\0")
        self._at += length
        self._copied = self._at

"""The cells of magics as people type them."""

from __future__ import annotations

import pytest

from workernb.options.cells import with_magic_first


def moved(cell: str) -> str:
    return "".join(with_magic_first(cell.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%%worker a\nx = 1\n", "%%worker a\nx = 1\n"),
        ("# who may enter\n\n%%worker a\nx = 1\n", "%%worker a\n\n\nx = 1\n"),
        ("  \n%%worker a\nx = 1", "%%worker a\n\nx = 1"),
        ("%%worker a \\\n  --bind B=b \\\n  --public\nx = 1\n",
            "%%worker a --bind B=b --public\n\n\nx = 1\n"),
        ("%%worker a  # guards\n--bind B=b  # to b\n-v K=1\n--public\nx = 1\n",
            "%%worker a --bind B=b -v K=1 --public\n\n\n\nx = 1\n"),
        ("%%worker a\n-x = 1\n", "%%worker a\n-x = 1\n"),
        ("%%worker a\n--public \\\n  --var K='a b'\nx\n",
            "%%worker a --public --var K='a b'\n\n\nx\n"),
        ("%%fetch a \\\n  -H 'a: b'\nbody\n", "%%fetch a -H 'a: b'\nbody\n"),
        ("%%fetch a\n--a-boundary\n", "%%fetch a\n--a-boundary\n"),
        ("%%d1 DB\n-- a comment of SQL\nSELECT 1\n", "%%d1 DB\n-- a comment of SQL\nSELECT 1\n"),
        ("# a comment\n%%d1 DB\nSELECT 1\n", "%%d1 DB\nSELECT 1\n"),
        ("%%worker a --help\n", "%worker a --help\n"),
        ("# a comment\n%%fetch -h\nbody", "%fetch -h\n"),
        ("# a comment\n%%time\nx\n", "# a comment\n%%time\nx\n"),
        ("# only a comment\n", "# only a comment\n"),
        ("x = 1\n%%worker a\n", "x = 1\n%%worker a\n"),
        ("%%workers\n--x\n", "%%workers\n--x\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_magic_comes_first(cell, expected):
    assert moved(cell) == expected


def test_what_is_moved_is_not_moved_again():
    cell = moved("# c\n%%worker a\n--public\nx = 1\n")
    assert moved(cell) == cell

"""The cells of `%%worker`, `%%fetch` and `%%d1` as people type them.

IPython takes a cell magic only on the first line, and its options only from that line. Here
comments and blank lines may stand above it; a line that ends with a backslash goes on in the next
one; and below `%%worker` the lines that begin with an option belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .parser import strip_comment

HELP = ("--help", "-h")
"""What asks any magic for its help."""

_magic = re.compile(r"%%(worker|fetch|d1)(?=\s|$)").match
_is_option = re.compile(r"\s*(--[a-z]|-[a-zA-Z]\s+[^=\s])").match


def with_magic_first(lines: Sequence[str]) -> list[str]:
    """Return the lines of a cell with the whole line of its magic first; other cells unchanged.

    The body of `%%worker` is moved down by as many lines as it has moved up, so that its lines are
    numbered as in the cell. A cell that asks for help becomes the line magic, which needs no body.
    """
    first = next((at for at, line in enumerate(lines) if not _is_blank(line)), len(lines))
    found = _magic(lines[first].lstrip()) if first < len(lines) else None
    if found is None:
        return list(lines)
    line, end = _whole_line(lines, first, takes_options=found[1] == "worker")
    if not set(HELP).isdisjoint(line.split()):
        return [f"{line[1:]}\n"]
    if end == 1:
        return list(lines)
    body = lines[end:]
    moved = ["\n"] * (end - 1) if found[1] == "worker" and "".join(body).strip() else []
    return [f"{line}\n", *moved, *body]


def _is_blank(line: str) -> bool:
    """Return whether a line is empty or a comment."""
    return not line.strip() or line.lstrip().startswith("#")


def _whole_line(lines: Sequence[str], first: int, *, takes_options: bool) -> tuple[str, int]:
    """Return the magic's line with the lines that continue it, and the number of the next line."""
    line, end = lines[first].strip(), first + 1
    while end < len(lines):
        continued = line.endswith("\\")
        if not continued and not (takes_options and _is_option(lines[end])):
            break
        before = line[:-1].rstrip() if continued else strip_comment(line)
        line, end = f"{before} {lines[end].strip()}", end + 1
    return line, end

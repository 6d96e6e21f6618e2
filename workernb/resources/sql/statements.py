"""Statements of SQL: a text split into them, by SQLite's own rules of where one ends."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

_token = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]"""
    r"""|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<end>;)|(?P<named>[:@$][A-Za-z_]\w*)|.""",
    re.DOTALL,
).finditer
_transaction = re.compile(
    r"\s*(?:BEGIN(?:\s+(?:DEFERRED|IMMEDIATE|EXCLUSIVE))?(?:\s+TRANSACTION)?"
    r"|(?:COMMIT|END)(?:\s+TRANSACTION)?)\s*;?\s*",
    re.IGNORECASE,
).fullmatch


def split(text: str) -> list[str]:
    """Return the statements of a text, without the space around them.

    A comment after the last one is a statement of its own, which contains none.
    """
    return list(_split(text))


def _split(text: str) -> Iterator[str]:
    begin = 0
    if ";" not in text:
        ends: Iterator[int] = iter(())
    else:
        ends = (match.end() for match in _token(text) if match["end"])
    for end in ends:
        # Within a trigger, a semicolon does not end the statement.
        if sqlite3.complete_statement(text[begin:end]):
            yield text[begin:end].strip()
            begin = end
    rest = text[begin:].strip()
    if rest:
        yield rest


def has_statement(text: str) -> bool:
    """Return whether a text is more than comments, spaces and semicolons."""
    return any(
        not match["comment"] and not match["end"] and not match[0].isspace()
        for match in _token(text)
    )


def named_parameter(text: str) -> str | None:
    """Return the first placeholder that has a name, such as `:id`; None if there is none."""
    if not any(sign in text for sign in ":@$"):
        return None
    return next((match[0] for match in _token(text) if match["named"]), None)


def without_transaction(statements: list[str]) -> list[str]:
    """Return statements without a `BEGIN` and a `COMMIT` around all of them.

    Comments may stand before, after and between.
    """
    found = list(filter(has_statement, statements))
    if len(found) > 1 and all(
        _transaction(_without_comments(each)) for each in (found[0], found[-1])
    ):
        return found[1:-1]
    return statements


def _without_comments(text: str) -> str:
    return "".join(" " if match["comment"] else match[0] for match in _token(text))

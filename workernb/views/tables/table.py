"""Tables, and pages of several tables, as text and as HTML."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workernb.views.drawing.text import escaped, one_line

Row = Sequence[str]

MAX_CELL = 200
"""The longest cell that is not shortened, in characters."""


class Table:
    """Rows under headings. Cells may contain any text; empty is shown when there are no rows."""

    def __init__(self, title: str, headings: Row, rows: Sequence[Row], empty: str) -> None:
        """Shorten the cells to one line each."""
        self._title = title
        self._headings = headings
        self._rows = [[one_line(cell, MAX_CELL) for cell in row] for row in rows]
        self._empty = empty

    def __repr__(self) -> str:
        if not self._rows:
            return f"{self._title}: {self._empty}"
        table = [list(self._headings), *self._rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        ]
        return "\n".join([self._title, *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p><b>{escaped(self._title)}</b>: {escaped(self._empty)}</p>"
        head = "".join(f'<th style="text-align:left">{escaped(h)}</th>' for h in self._headings)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{escaped(c)}</td>' for c in row)
            + "</tr>"
            for row in self._rows
        )
        return (
            f'<table><caption style="text-align:left"><b>{escaped(self._title)}</b></caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


class Page:
    """Several tables, one below the other."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """Take the tables in the order in which they are shown."""
        self._tables = tables

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self._tables))

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self._tables)


def time_of_day(timestamp: float) -> str:
    """Return a timestamp (s since the epoch) as local time of day, `14:03:59`."""
    return time.strftime("%H:%M:%S", time.localtime(timestamp))

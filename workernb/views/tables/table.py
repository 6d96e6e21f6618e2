"""Tables, and pages of several tables, as text and as HTML."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workernb.views.drawing.text import Markup, one_line

Row = Sequence[str]

MAX_CELL = 200
"""The longest cell that is not shortened, in characters."""

_HEADING = Markup('<th style="text-align:left">{}</th>')
_CELL = Markup('<td style="text-align:left">{}</td>')
_ROW = Markup("<tr>{}</tr>")


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
        return str(self.html())

    def html(self) -> Markup:
        """Return the table as HTML."""
        if not self._rows:
            return Markup("<p><b>{}</b>: {}</p>").format(self._title, self._empty)
        head = Markup("").join(map(_HEADING.format, self._headings))
        rows = (Markup("").join(map(_CELL.format, row)) for row in self._rows)
        body = Markup("").join(map(_ROW.format, rows))
        return Markup(
            '<table><caption style="text-align:left"><b>{}</b></caption>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
        ).format(self._title, head, body)


class Page:
    """Several tables, one below the other."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """Take the tables in the order in which they are shown."""
        self._tables = tables

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self._tables))

    def _repr_html_(self) -> str:
        return str(Markup("").join(table.html() for table in self._tables))


def time_of_day(timestamp: float) -> str:
    """Return a timestamp (s since the epoch) as local time of day, `14:03:59`."""
    return time.strftime("%H:%M:%S", time.localtime(timestamp))

"""Tables as HTML."""

from __future__ import annotations

from workernb.views.tables.table import Table

from ..conftest import ESCAPED, UNSAFE


def test_every_cell_title_and_heading_of_a_table_is_escaped():
    for rows in ([], [(UNSAFE, "x")]):
        html_of_table = Table(UNSAFE, (UNSAFE, "b"), rows, UNSAFE)._repr_html_()
        assert type(html_of_table) is str
        assert html_of_table.count(ESCAPED) == (3 if rows else 2)
        for forbidden in ("<b class", "\u202e", "\0"):
            assert forbidden not in html_of_table

"""The comparison with workerd, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from workernb.twin.answers import Answer, Failure
from workernb.twin.comparing import Compared, Difference

from .table import Row, Table


class TwinTable(Table):
    """Requests, and what answered them here and in workerd.

    compared: each request with both answers. differences: those of all requests, one after the
    other; none where both are the same.
    """

    def __init__(self, compared: Sequence[Compared]) -> None:
        """Show what differs, a row each; or that a request has no difference."""
        self.compared = list(compared)
        self.differences: list[Difference] = []
        rows: list[Row] = []
        for each in compared:
            name = f"{each.request.method} {each.request.url}"
            self.differences += each.differences
            for difference in each.differences:
                rows.append((name, difference.part, difference.here or "", difference.there or ""))
                name = ""
            if not each.differences:
                rows.append((name, "the same", _short(each.here), _short(each.there)))
        count = len(self.differences)
        title = f"Compared with workerd: {count or 'no'} difference{'s' * (count != 1)}"
        super().__init__(title, ("request", "what", "here", "in workerd"), rows, "no requests")


def _short(answer: Answer | Failure) -> str:
    if isinstance(answer, Failure):
        return f"{answer.name}: {answer.message}"
    return f"{answer.status} {answer.status_text}, {len(answer.body):,} bytes".strip()

"""Requests and what answers them, in a form that can be sent and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workernb.http.headers import Headers

_NOT_COMPARED = frozenset(
    {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}
)
"""Headers that belong to a connection, or to a moment."""


class PlainRequest(NamedTuple):
    """A request whose body is in memory. headers: names and values."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is in memory."""

    status: int
    status_text: str
    headers: Headers
    body: bytes

    def parts(self) -> dict[str, str]:
        """Return what is compared, by its name."""
        parts = {"status": f"{self.status} {self.status_text}".strip()}
        for name, value in self.headers.items():
            if name not in _NOT_COMPARED and not name.startswith("mf-"):
                parts[name] = value
        return {**parts, "body": self.body.decode(errors="replace")}


@dataclass(frozen=True, slots=True)
class Failure:
    """What a Worker threw."""

    name: str
    message: str

    def parts(self) -> dict[str, str]:
        """Return what is compared, by its name."""
        return {"exception": f"{self.name}: {self.message}"}

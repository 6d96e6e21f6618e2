"""The HTTP messages between the two processes, which carry a Worker's requests and responses.

A Worker at the other end sees what it would see over a binding: the same URL, and only the headers
that were set, without those that HTTP adds. A header of our own in each message lists the names of
the Worker's headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from workernb.http.headers import OF_THE_CONNECTION

ENVELOPE = "workernb"
NAMES = "workernb-names"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The header of a request that says what it is for.

    key: proves that the request comes from the process that started this one. props: those of the
    binding, as JSON. scheme: that of the Worker's URL.
    """

    key: str
    service: str
    entrypoint: str
    props: str
    scheme: str

    def __str__(self) -> str:
        props = quote(self.props, safe="")
        return f"{self.key} {self.service} {self.entrypoint} {props} {self.scheme}"

    @classmethod
    def parse(cls, text: str) -> Envelope | None:
        """Parse the header; None for any other text."""
        words = text.split(" ")
        if len(words) != 5:
            return None
        key, service, entrypoint, props, scheme = words
        return cls(key, service, entrypoint, unquote(props), scheme)


def sent_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a Worker's headers as they are sent, with the list of their names."""
    own = [(name, value) for name, value in headers if name not in OF_THE_CONNECTION]
    return [*own, (NAMES, ",".join(dict.fromkeys(name for name, _ in own)))]


def received_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return those headers of a received message that are the Worker's."""
    names = set(headers.get(NAMES, "").split(","))
    return [(name.lower(), value) for name, value in headers.items() if name.lower() in names]

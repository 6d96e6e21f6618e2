"""How a Worker's request and response travel over HTTP between the two processes.

A Worker at the other end sees what it would see over a binding: the URL that was asked for, and
the headers that were set, without those that HTTP needs for itself. So each message says in one
header of ours which of its headers are the Worker's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

ENVELOPE = "workernb"
NAMES = "workernb-names"

_FRAMING = frozenset(
    "connection content-length expect host keep-alive te trailer transfer-encoding upgrade".split()
)
"""What belongs to the connection: a Worker's own header of that name would break it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands on the outside of a request.

    key: proves that it comes from the process that started this one. call: its number. props: of
    the binding, as JSON.
    """

    key: str
    call: int
    service: str
    entrypoint: str
    props: str
    scheme: str

    def __str__(self) -> str:
        props = quote(self.props, safe="")
        return f"{self.key} {self.call} {self.service} {self.entrypoint} {props} {self.scheme}"

    @classmethod
    def parse(cls, text: str) -> Envelope | None:
        """Read an envelope; None for anything else."""
        words = text.split(" ")
        if len(words) != 6 or not words[1].isdecimal():
            return None
        key, call, service, entrypoint, props, scheme = words
        return cls(key, int(call), service, entrypoint, unquote(props), scheme)


def sent_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a message as they are sent."""
    own = [(name, value) for name, value in headers if name not in _FRAMING]
    return [*own, (NAMES, ",".join(dict.fromkeys(name for name, _ in own)))]


def received_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the Worker's own headers of a message that was received."""
    own = set(headers.get(NAMES, "").split(","))
    return [(name.lower(), value) for name, value in headers.items() if name.lower() in own]

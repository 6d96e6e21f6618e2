"""URLSearchParams: the pairs of a query, or of an application/x-www-form-urlencoded form.

https://url.spec.whatwg.org/#interface-urlsearchparams. ada serializes them. It does not parse them:
ada_url raises an error for escapes that are no UTF-8, which the standard replaces. Nor does urllib,
which takes 60 times a text's size to decode its escapes.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import ada_url

from workernb.http.source import Source
from workernb.http.text import scalar, to_text

from .entries import Entries

SearchParamsInit: TypeAlias = "str | Mapping[str, str] | Iterable[tuple[str, str]] | None"


class URLSearchParams(Entries[str]):
    """The pairs of a query string: a mapping that may have several values under one name.

    As a body it is an application/x-www-form-urlencoded form. The names are Python's; those of
    the standard (`getAll`) are there too. On the platform it is `js.URLSearchParams`.
    """

    __slots__ = ()

    def __init__(self, init: SearchParamsInit = None) -> None:
        """Make pairs from a query string, with or without its `?`, a mapping or pairs.

        Raises TypeError for another type, or for a pair that is none.
        """
        if isinstance(init, str):
            self._entries = parse_urlencoded(scalar(init).removeprefix("?").encode())
        else:
            self._entries = [] if init is None else _make_pairs(init)

    def _make_value(self, value: Any) -> str:
        return to_text(value)

    @property
    def size(self) -> int:
        """The number of pairs."""
        return len(self._entries)

    def has(self, key: str, value: str | None = None) -> bool:
        """Return whether there is a pair of this name, and of this value if one is given."""
        return key in self if value is None else (scalar(key), to_text(value)) in self._entries

    def set(self, key: str, value: str) -> None:
        """Set `key` to one value, which replaces all others."""
        self[key] = value

    def delete(self, key: str, value: str | None = None) -> None:
        """Remove every pair of this name, or of this name and value if one is given."""
        if value is None:
            super().delete(key)
        else:
            pair = scalar(key), to_text(value)
            self._entries = [entry for entry in self._entries if entry != pair]

    def sort(self) -> None:
        """Sort the pairs by name, by UTF-16 code units; pairs of the same name keep their order."""
        self._entries.sort(key=lambda pair: pair[0].encode("utf-16-be"))

    def _body_source(self) -> Source:
        data = str(self).encode()
        return Source(data, "application/x-www-form-urlencoded;charset=UTF-8", len(data))

    def __str__(self) -> str:
        """Return the pairs as application/x-www-form-urlencoded, without a `?`."""
        params = ada_url.URLSearchParams("")
        for name, value in self._entries:
            params.append(name, value)
        return str(params)

    def __repr__(self) -> str:
        return f"URLSearchParams({str(self)!r})"


def parse_urlencoded(data: bytes) -> list[tuple[str, str]]:
    """Return the pairs of application/x-www-form-urlencoded; nothing in it is an error.

    https://url.spec.whatwg.org/#urlencoded-parsing
    """
    pieces = (piece.partition(b"=") for piece in data.split(b"&") if piece)
    return [(_decode(name), _decode(value)) for name, _, value in pieces]


def _decode(text: bytes) -> str:
    """Return a name or a value without its escapes, and with U+FFFD for what is no UTF-8."""
    text = text.replace(b"+", b" ")
    decoded = bytearray()
    end = 0
    for match in _escapes(text):
        decoded += text[end : match.start()]
        decoded += unhexlify(match[0].replace(b"%", b""))
        end = match.end()
    decoded += text[end:]
    return decoded.decode("utf-8", "replace")


# Possessive, and no `sub`: both would need many times the memory of a long text of escapes.
_escapes = re.compile(rb"(?:%[0-9A-Fa-f]{2})++").finditer


def _make_pairs(init: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    if not isinstance(init, Iterable):
        raise TypeError(f"Expected a str, a mapping or pairs, not {type(init).__name__}")
    pairs = []
    for pair in init.items() if isinstance(init, Mapping | Entries) else init:
        if isinstance(pair, str) or not isinstance(pair, Iterable):
            raise TypeError(f"Expected pairs of name and value, and got {type(pair).__name__}")
        name_and_value = tuple(pair)
        if len(name_and_value) != 2:
            raise TypeError(
                f"Expected pairs of name and value, and got {len(name_and_value)} values"
            )
        pairs.append((to_text(name_and_value[0]), to_text(name_and_value[1])))
    return pairs

"""URLSearchParams: the pairs of a query, or of an application/x-www-form-urlencoded form.

https://url.spec.whatwg.org/#interface-urlsearchparams. ada parses and serializes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

import ada_url

from workernb.http.source import Source

from .entries import Entries
from .text import scalar, to_text

SearchParamsInit: TypeAlias = "str | Mapping[str, str] | Iterable[tuple[str, str]] | None"

_has_non_ascii_escape = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]").search
_escapes = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


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
            self._entries = parse_urlencoded(init.removeprefix("?"))
        else:
            self._entries = [] if init is None else _make_pairs(init)

    def _make_value(self, value: Any) -> str:
        return to_text(value)

    @property
    def size(self) -> int:
        """The number of pairs."""
        return len(self._entries)

    getAll = Entries.get_all

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


def parse_urlencoded(text: str) -> list[tuple[str, str]]:
    """Return the pairs of application/x-www-form-urlencoded text; nothing in it is an error.

    https://url.spec.whatwg.org/#urlencoded-parsing
    """
    text = scalar(text)
    if _has_non_ascii_escape(text):
        # ada_url raises an error for bytes that are no UTF-8; the standard replaces them.
        text = _escapes.sub(_escape_again, text)
    # With a `?` of its own, since ada takes one away.
    return list(ada_url.URLSearchParams(f"?{text}").items())


def _escape_again(match: re.Match[str]) -> str:
    """Return the escapes of the same bytes, with those of U+FFFD for what is no UTF-8."""
    return quote_from_bytes(unquote_to_bytes(match[0]).decode("utf-8", "replace").encode(), safe="")


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

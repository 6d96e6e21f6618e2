"""Headers, as in the Fetch standard (https://fetch.spec.whatwg.org/#headers-class).

Names are case-insensitive, and iterated sorted and in lower case. Values of the same name are
joined with `, `, except those of Set-Cookie, which stay separate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, TypeAlias

from workernb.errors import with_notes
from workernb.texts import PlatformText

from .text import number_as_text

if TYPE_CHECKING:
    from http.client import HTTPMessage

HeadersInit: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]] | None"

Fields: TypeAlias = dict[str, str]
"""Headers as a dict of lower-case names and values.

Messages share a dict and never change it; only a mutable Headers does, and its dict is its own.
The values of Set-Cookie are joined with a newline, which no value may contain.
"""

OF_THE_CONNECTION = frozenset(
    "connection content-length expect host keep-alive proxy-connection te trailer "
    "transfer-encoding upgrade".split()
)
"""Headers of an HTTP connection, which its client sets: a message's own would break it."""

_COOKIE_SEPARATOR = "\n"
NO_FIELDS: Fields = {}
TEXT_FIELDS: Fields = {"content-type": "text/plain;charset=UTF-8"}

_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_invalid_in_value = re.compile(r"[\0\r\n]").search
_known_names: dict[str, str] = {}
_lower_names: set[str] = set()
_MAX_KNOWN_NAMES = 10_000
_MAX_QUOTED = 100


def _lower_name(name: str) -> str:
    """Return a name in lower case, and remember it, as names recur; TypeError if it is invalid."""
    if not isinstance(name, str) or not _is_token(name):
        raise with_notes(TypeError(PlatformText.HEADER_NAME), _about_name(name))
    if len(_known_names) >= _MAX_KNOWN_NAMES:
        _known_names.clear()
        _lower_names.clear()
    lower = _known_names[name] = name.lower()
    if name == lower:
        _lower_names.add(lower)
    return lower


def _about_name(name: object) -> str:
    """Return the note about an invalid name: whole, as a secret is redacted only if it is whole."""
    if isinstance(name, str) and len(name) > _MAX_QUOTED:
        return f"The header's name has {len(name):,} characters."
    return f"The header's name was {name!r}."


def _normalize_value(value: object) -> str:
    """Return a value without the white space around it; TypeError if it is invalid.

    The error does not quote the value, which may be a secret.
    """
    text = (value if isinstance(value, str) else _as_text(value)).strip(" \t\r\n")
    match = _invalid_in_value(text)
    if match is not None:
        raise with_notes(
            TypeError(PlatformText.HEADER_VALUE),
            f"The header's value has {match[0]!r} at position {match.start()}.",
        )
    return text


def _as_text(value: object) -> str:
    """Return what JavaScript makes of a value that is no text (ECMAScript, ToString)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_as_text(value)
    if isinstance(value, list | tuple | bytes | bytearray):
        return ",".join("" if item is None else _item_as_text(item) for item in value)
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def _item_as_text(item: object) -> str:
    return item if isinstance(item, str) else _as_text(item)


def make_fields(init: HeadersInit) -> Fields:
    """Return the fields of headers that a user gave.

    Raises TypeError for an invalid name or value, or for an unsupported type.
    """
    if init.__class__ is dict:
        # The fast path of a hop: all names are known, and the values are normalized already.
        try:
            lower = True
            for name, value in init.items():
                if value.strip() is not value or "\n" in value or "\r" in value or "\0" in value:
                    break
                if name not in _lower_names or name.__class__ is not str:
                    lower = False
            else:
                if lower:
                    return init.copy()
                fields = {_known_names[name]: value for name, value in init.items()}
                if len(fields) == len(init):  # Else some names differ in their case only.
                    return fields
        except (AttributeError, KeyError, TypeError):
            pass
    fields = {}
    if init is None:
        return fields
    if isinstance(init, Headers):
        return init._fields.copy()
    if isinstance(init, str) or not isinstance(init, Iterable):
        raise TypeError(PlatformText.HEADERS_TYPE)
    for pair in init.items() if isinstance(init, Mapping) else init:
        try:
            name, value = pair
        except (TypeError, ValueError):
            raise TypeError(PlatformText.HEADERS_TYPE) from None
        _append(fields, _lower_name(name), _normalize_value(value))
    return fields


def _append(fields: Fields, lower: str, value: str) -> None:
    before = fields.get(lower)
    if before is None:
        fields[lower] = value
    else:
        fields[lower] = before + (_COOKIE_SEPARATOR if lower == "set-cookie" else ", ") + value


def pairs(fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield names and values, sorted by name, with a pair for each cookie."""
    for name in sorted(fields):
        if name == "set-cookie":
            for cookie in fields[name].split(_COOKIE_SEPARATOR):
                yield name, cookie
        else:
            yield name, fields[name]


class Headers(MutableMapping[str, str]):
    """The headers of a message.

    A mapping, so `headers["x"]`, `in` and `.items()` work, and the Fetch standard's methods too.
    As with the platform's Python SDK, the value of an absent header is None, not a KeyError. To
    change the headers of a received message is a TypeError, `Can't modify immutable headers.`
    """

    __slots__ = ("_fields", "_immutable")

    def __init__(self, init: HeadersInit = None) -> None:
        """Make headers from a mapping, pairs of name and value, or other headers.

        Raises TypeError for an invalid name or value, or for an unsupported type.
        """
        self._fields = make_fields(init)
        self._immutable = False

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Return the value of `name`, or `default`; several values are joined with `, `."""
        try:
            value: str | None = self._fields[_known_names[name]]
        except KeyError:
            value = self._fields.get(_lower_name(name), default)
        return (
            value.replace(_COOKIE_SEPARATOR, ", ")
            if value and _COOKIE_SEPARATOR in value
            else value
        )

    def has(self, name: str) -> bool:
        """Return whether there is a header `name`."""
        return _lower_name(name) in self._fields

    def set(self, name: str, value: str) -> None:
        """Set a header to one value, which replaces all others."""
        self._mutable_fields()[_lower_name(name)] = _normalize_value(value)

    def append(self, name: str, value: str) -> None:
        """Add a value to a header, which need not exist."""
        _append(self._mutable_fields(), _lower_name(name), _normalize_value(value))

    def delete(self, name: str) -> None:
        """Remove a header; no error when it is absent."""
        self._mutable_fields().pop(_lower_name(name), None)

    def get_set_cookie(self) -> list[str]:
        """Return the values of Set-Cookie as a list."""
        cookies = self._fields.get("set-cookie")
        return [] if cookies is None else cookies.split(_COOKIE_SEPARATOR)

    getSetCookie = get_set_cookie

    def get_all(self, name: str, failobj: list[str] | None = None) -> list[str] | None:
        """Return a header's values as a list, as `http.client.HTTPMessage` does."""
        if _lower_name(name) == "set-cookie":
            return self.get_set_cookie() or failobj
        value = self._fields.get(_lower_name(name))
        return failobj if value is None else [value]

    def getAll(self, name: str) -> list[str]:
        """Return the values of Set-Cookie as a list; TypeError for any other name."""
        if _lower_name(name) != "set-cookie":
            raise TypeError(PlatformText.GET_ALL)
        return self.get_set_cookie()

    def _mutable_fields(self) -> Fields:
        """Return the fields; TypeError when the headers are immutable."""
        if self._immutable:
            raise with_notes(
                TypeError(PlatformText.IMMUTABLE_HEADERS),
                "Headers of a received message are read-only. Make a message of your own: "
                "Response(body, headers=dict(received.headers)) or Request(received, headers=…).",
            )
        return self._fields

    # The mapping, with the methods of `http.client.HTTPMessage` that the Python SDK has

    def __getitem__(self, name: str) -> str:
        return self.get(name)  # type: ignore[return-value]

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._fields))

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """Return names and values, sorted by name, with a pair for each cookie."""
        return list(pairs(self._fields))

    entries = items

    def keys(self) -> list[str]:  # type: ignore[override]
        """Return the names in the order of `items`, with Set-Cookie once for each cookie."""
        return [name for name, _ in pairs(self._fields)]

    def values(self) -> list[str]:  # type: ignore[override]
        """Return the values in the order of `items`, with a value for each cookie."""
        return [value for _, value in pairs(self._fields)]

    def get_content_type(self) -> str:
        """Return the content type without its parameters; `text/plain` when there is none."""
        return self._content_type().get_content_type()

    def get_content_charset(self, failobj: str | None = None) -> str | None:
        """Return the charset of the content type, in lower case, or `failobj`."""
        charset = self._content_type().get_content_charset(failobj)
        return charset if charset is None else str(charset)

    def get_param(self, param: str, failobj: str | None = None) -> str | None:
        """Return a parameter of the content type, such as `boundary`, or `failobj`."""
        from email.utils import collapse_rfc2231_value

        value = self._content_type().get_param(param, failobj)
        return None if value is None else collapse_rfc2231_value(value)

    def _content_type(self) -> HTTPMessage:
        """Return the content type in a message of the standard library, which parses it."""
        from http.client import HTTPMessage

        message = HTTPMessage()
        if "content-type" in self._fields:
            message["content-type"] = self._fields["content-type"]
        return message

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._fields == other._fields
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self.items()!r})"

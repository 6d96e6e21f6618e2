"""MIME types, parsed and written as https://mimesniff.spec.whatwg.org/#parsing-a-mime-type says."""

from __future__ import annotations

import re
from dataclasses import dataclass

_token = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_is_token = re.compile(_token).fullmatch
_essence = re.compile(rf"[ \t\r\n]*({_token}/{_token})[ \t\r\n]*(?=;|$)").match
# A quoted value ends at its quote, and what follows it up to the next semicolon is ignored.
_parameter = re.compile(
    r""";[ \t\r\n]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)[^;]*|([^;]*)))?""", re.DOTALL
).match
_is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
_unescape = re.compile(r"\\(.)", re.DOTALL).sub
_values = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+""", re.DOTALL).findall


@dataclass(frozen=True, slots=True)
class MimeType:
    """A MIME type: its essence, such as `text/html`, in lower case, and its parameters."""

    essence: str
    parameters: dict[str, str]

    def __str__(self) -> str:
        """Return the type as it is written in a header."""
        return self.essence + "".join(
            f";{name}={value if _is_token(value) else _quoted(value)}"
            for name, value in self.parameters.items()
        )


def parse_mime_type(text: str) -> MimeType | None:
    """Return a MIME type, or None when the text is none."""
    match = _essence(text)
    if match is None:
        return None
    parameters: dict[str, str] = {}
    essence = match[1].lower()
    while (match := _parameter(text, match.end())) is not None:
        name, quoted, plain = match[1].lower(), match[2], match[3]
        if quoted is None and not plain:
            continue
        value = _unescape(r"\1", quoted) if quoted is not None else plain.rstrip(" \t\r\n")
        if _is_token(name) and _is_value(value) and (value or quoted is not None):
            parameters.setdefault(name, value)
    return MimeType(essence, parameters)


def extract_mime_type(header: str) -> MimeType | None:
    """Return the MIME type of a Content-Type header: of several values, the last that is one.

    https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
    """
    found: MimeType | None = None
    for value in _values(header):
        parsed = parse_mime_type(value)
        if parsed is None or parsed.essence == "*/*":
            continue
        if found is not None and found.essence == parsed.essence:
            charset = found.parameters.get("charset")
            if charset is not None:
                parsed.parameters.setdefault("charset", charset)
        found = parsed
    return found


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

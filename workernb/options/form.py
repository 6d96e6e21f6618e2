"""The option `-F` of `%fetch`: a part of a multipart form, written as curl's.

https://curl.se/docs/manpage.html#-F
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from workernb.errors import OptionError
from workernb.http.forms.multipart import Part, encode, new_boundary

from .files import FileReader

# A word may be in quotes, in which a backslash escapes a quote and itself.
_word = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"\s*(?=;|$)|([^;]*))""", re.DOTALL).match
_key = re.compile(r";\s*(type|filename|headers|encoder)=", re.IGNORECASE).match
_is_type = re.compile(r"[!-~]+/[!-~][ -~]*").fullmatch

# Those that curl knows, whatever the system's own table says.
_TYPES = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".htm": "text/html",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
}


class _Field(NamedTuple):
    """One `-F NAME=CONTENT`, split. sign: `@` or `<` for a file, else empty."""

    name: str
    sign: str
    value: str
    quoted: bool
    content_type: str | None
    filename: str | None


def encode_form(fields: Sequence[tuple[str, bool]]) -> tuple[bytes, str]:
    """Return the body of a form, and its Content-Type.

    fields: each as typed, and whether it is literal (`--form-string`). Raises OptionError for one
    that is malformed, a file that cannot be read, or files that are too large.
    """
    boundary, reader = new_boundary(), FileReader()
    parts = [_literal(text) if literal else _part(_split(text), reader) for text, literal in fields]
    return encode(parts, boundary), f"multipart/form-data; boundary={boundary}"


def _literal(text: str) -> Part:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise OptionError("--form-string needs a name and a value: write --form-string name=value.")
    return Part(name, value.encode("utf-8", "replace"))


def _part(field: _Field, reader: FileReader) -> Part:
    """Return the part of a field. reader: reads its file, as the form is encoded."""
    if field.sign != "@":
        if field.filename is not None:
            raise OptionError(
                "-F: only a file has a filename: write -F 'name=@path;filename=other'."
            )
        text = field.value.encode("utf-8", "replace")
        data = reader.chunks(field.value) if field.sign else text
        return Part(field.name, data, content_type=field.content_type)
    if "," in field.value and not field.quoted:
        raise OptionError(
            "-F: a file a time: write -F files=@one -F files=@two; quotes are for a name with a "
            "comma in it: -F 'files=@\"a,b\"'."
        )
    path = PurePath(field.value)
    content_type = field.content_type or _TYPES.get(path.suffix.lower(), "application/octet-stream")
    filename = path.name if field.filename is None else field.filename
    return Part(field.name, reader.chunks(field.value), filename, content_type)


def _split(text: str) -> _Field:
    """Split NAME=CONTENT[;type=…][;filename=…]; the errors do not repeat it."""
    name, equals, content = text.partition("=")
    if not name or not equals:
        raise OptionError("-F needs a name and a value: write -F name=value, or -F name=@file.")
    sign = content[:1] if content.startswith(("@", "<")) else ""
    value, quoted, at = _next_word(content, len(sign))
    settings: dict[str, str] = {}
    while at < len(content):
        key = _key(content, at)
        if key is not None:
            settings[key[1].lower()], _, at = _next_word(content, key.end())
        elif "type" in settings:
            # A parameter of the type, such as charset.
            start, (_, _, at) = at, _next_word(content, at + 1)
            settings["type"] += content[start:at].rstrip()
        else:
            raise OptionError(
                "-F: after a semicolon there is type= or filename=. For a value with a semicolon "
                "in it, put double quotes around it: -F 'name=\"a;b\"', or use --form-string."
            )
    for key_name in settings.keys() & {"headers", "encoder"}:
        raise OptionError(f"-F: there is no {key_name}= here, only type= and filename=.")
    content_type = settings.get("type")
    if content_type is not None and not _is_type(content_type):
        raise OptionError("-F: type= is a MIME type: write -F 'name=@path;type=text/plain'.")
    return _Field(name, sign, value, quoted, content_type, settings.get("filename"))


def _next_word(text: str, at: int) -> tuple[str, bool, int]:
    """Return the word at a position, whether it was in quotes, and the position after it."""
    match = _word(text, at)
    assert match is not None, "a word may be empty"
    if match[1] is None:
        return match[2].strip(), False, match.end()
    return re.sub(r'\\(["\\])', r"\1", match[1]), True, match.end()

"""Forms: multipart/form-data and urlencoded bodies, read and written for JavaScript's FormData.

A text's entry has two fields, `[name, text]`, a file's four: `[name, bytes, file name, type]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.http import lazy
from workernb.http.forms import multipart
from workernb.http.forms.blob import Blob
from workernb.http.text import scalar


def form_writer(boundary: str) -> Callable[..., bytes | None]:
    """Return a function that takes an entry's fields, and without any returns the body."""
    parts: list[multipart.Part] = []

    def add(*fields: Any) -> bytes | None:
        if not fields:
            return multipart.encode(parts, boundary)
        parts.append(_part(*fields))
        return None

    return add


def _part(
    name: str, data: Any, filename: str | None = None, content_type: str | None = None
) -> multipart.Part:
    if filename is None:
        return multipart.Part(name, scalar(data).encode())
    return multipart.Part(name, data.to_bytes(), filename, content_type)


def read_form(content_type: str | None, data: Any) -> list[Any] | str:
    """Return the entries of a body of this Content-Type; a text that says why it is no form."""
    try:
        parser = lazy.load("workernb.http.forms.parsing").form_parser(content_type)
        parser.feed(data.to_bytes())
        form = parser.end()
    except TypeError as error:
        return str(error)
    return [_entry(name, value) for name, value in form.items()]


def _entry(name: str, value: str | Blob) -> list[Any]:
    if isinstance(value, Blob):
        return [name, value._data, getattr(value, "name", "blob"), value.content_type]
    return [name, value]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "newBoundary": multipart.new_boundary,
    "formWriter": form_writer,
    "readForm": read_form,
}

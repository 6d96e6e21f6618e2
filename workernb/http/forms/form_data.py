"""FormData: the entries of a form, texts and files (https://xhr.spec.whatwg.org/#formdata)."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from workernb.errors import with_notes
from workernb.http.source import Source
from workernb.http.text import to_text
from workernb.texts import PlatformText

from . import multipart
from .blob import Blob, File
from .entries import Entries

FormDataValue: TypeAlias = "str | Blob"

_to_crlf = re.compile(r"\r\n?|\n").sub


class FormData(Entries["str | Blob"]):
    """The entries of a form: a mapping of names to texts and files, several to a name.

    As a body it is a multipart/form-data form. A Blob becomes a File when it is added.
    """

    __slots__ = ()

    def __init__(self, form_data: FormData | dict[str, FormDataValue] | None = None) -> None:
        """Make a form, empty or with the entries of a dict or of another form.

        Raises TypeError for another type, or for a value of an unsupported type.
        """
        self._entries = []
        if not form_data:
            return
        if not isinstance(form_data, dict | FormData):
            raise TypeError(PlatformText.FORM_DATA_INIT)
        for name, value in form_data.items():
            self.append(name, value)

    def append(self, key: str, value: FormDataValue, filename: str | None = None) -> None:
        """Add a text or a file, after the values that `key` has.

        filename: the name of the file; that of a Blob is otherwise `blob`, and a File keeps its
        own. Raises TypeError for a value of an unsupported type, or for a text with a file name.
        """
        self._entries.append((to_text(key), self._make_value(value, filename)))

    def __setitem__(self, key: str, value: FormDataValue) -> None:
        """Set `key` to one value, in the place of the first one that it has."""
        if isinstance(value, list):
            raise with_notes(
                TypeError(PlatformText.FORM_DATA_LIST),
                "Add several values with append, one by one.",
            )
        super().__setitem__(key, value)

    @property
    def js_object(self) -> FormData:
        """The form as JavaScript has it, which is this object here."""
        return self

    def has(self, key: str) -> bool:
        """Return whether there is a value of this name."""
        return key in self

    def set(self, key: str, value: FormDataValue, filename: str | None = None) -> None:
        """Set `key` to one text or file, in the place of the first one that it has."""
        self[key] = self._make_value(value, filename)

    def _make_value(self, value: Any, filename: str | None = None) -> str | Blob:
        if isinstance(value, File) and filename is None:
            return value
        if isinstance(value, Blob):
            name = "blob" if filename is None else filename
            # The name of a file is new, what else it has is kept.
            return File(value, name)
        if filename is not None:
            raise TypeError(f"Only a Blob has a file name, and the value is a {_type(value)}.")
        try:
            return to_text(value)
        except TypeError:
            raise with_notes(
                TypeError(f"A form's value is a str or a Blob, not {_type(value)}."),
                "Write Blob(value) to send bytes as a file, and str(value) to send a text.",
            ) from None

    def _body_source(self) -> Source:
        boundary = multipart.new_boundary()
        data = multipart.encode([_part(name, value) for name, value in self._entries], boundary)
        return Source(data, f"multipart/form-data; boundary={boundary}", len(data))


def _part(name: str, value: str | Blob) -> multipart.Part:
    """Return an entry as a part, with line ends as the HTML standard has them.

    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    """
    name = _to_crlf("\r\n", name)
    if isinstance(value, File):
        content_type = value.content_type or "application/octet-stream"
        return multipart.Part(name, value._data, value.name, content_type)
    return multipart.Part(name, _to_crlf("\r\n", str(value)).encode())


def _type(value: object) -> str:
    return type(value).__name__

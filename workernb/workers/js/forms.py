"""FormData, Blob and File, as JavaScript makes them."""

from __future__ import annotations

from typing import Any

from workernb.http.forms import Blob as FormsBlob
from workernb.http.forms import File as FormsFile
from workernb.http.forms import FormData as FormsFormData

from .objects import Constructor, options_of


class FormData(metaclass=Constructor):
    """`FormData.new()`: an empty form."""

    instances = FormsFormData

    @staticmethod
    def new() -> FormsFormData:
        """Make an empty form."""
        return FormsFormData()


class Blob(metaclass=Constructor):
    """`Blob.new(parts, options)`."""

    instances = FormsBlob

    @staticmethod
    def new(parts: Any = (), *init: Any, **options: Any) -> FormsBlob:
        """Make a Blob of a list of parts. options: type, endings."""
        return FormsBlob(_several(parts), **options_of(init, options, "type endings"))


class File(metaclass=Constructor):
    """`File.new(parts, name, options)`."""

    instances = FormsFile

    @staticmethod
    def new(parts: Any, name: Any, *init: Any, **options: Any) -> FormsFile:
        """Make a File of a list of parts. options: type, lastModified, endings."""
        given = options_of(init, options, "type lastModified endings")
        return FormsFile(_several(parts), str(name), **given)


def _several(parts: Any) -> Any:
    if isinstance(parts, list | tuple):
        return parts
    raise TypeError(f"Expected a list of parts, not {type(parts).__name__}: [part]")

"""FormData, Blob, File and URLSearchParams: what a form is made of, and a body can be."""

from __future__ import annotations

from .blob import Blob, BlobEnding, BlobValue, File
from .form_data import FormData, FormDataValue
from .mime import extract_mime_type
from .search_params import URLSearchParams

__all__ = [
    "Blob",
    "BlobEnding",
    "BlobValue",
    "File",
    "FormData",
    "FormDataValue",
    "URLSearchParams",
    "extract_mime_type",
]

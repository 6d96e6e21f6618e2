"""Forms: FormData, Blob, File and URLSearchParams, and the bodies that they are sent as."""

from __future__ import annotations

from .blob import Blob, BlobEnding, BlobValue, File
from .form_data import FormData, FormDataValue
from .search_params import URLSearchParams

__all__ = [
    "Blob",
    "BlobEnding",
    "BlobValue",
    "File",
    "FormData",
    "FormDataValue",
    "URLSearchParams",
]

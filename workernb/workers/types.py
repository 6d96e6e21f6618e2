"""The names of types that Worker code writes in annotations, as the platform's SDK has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from workernb.http.forms import Blob, FormData, URLSearchParams
    from workernb.http.streams import ReadableStream

JSBody: TypeAlias = "Blob | bytes | memoryview | FormData | ReadableStream | URLSearchParams"
"""What JavaScript takes as a body, besides text."""

Body: TypeAlias = "str | FormData | JSBody"
"""What a Request or a Response takes as its body."""

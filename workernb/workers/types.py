"""The names of types that Worker code writes in annotations, as the platform's SDK has them."""

from __future__ import annotations

from typing import TypeAlias

JSBody: TypeAlias = "Blob | memoryview | FormData | ReadableStream | URLSearchParams"
"""What JavaScript takes as a body, besides text."""

Body: TypeAlias = "str | FormData | JSBody"
"""What a Request or a Response takes as its body."""

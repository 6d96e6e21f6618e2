"""Adapters between Workers and Python's web frameworks: what ASGI and WSGI share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from workernb.http.headers import Headers
from workernb.http.response import Response

__all__ = ["BaseOptions", "EncodeBody"]

EncodeBody = Literal["automatic", "manual"]
_NO_BODY = frozenset({101, 103, 204, 205, 304})


@dataclass(frozen=True, kw_only=True)
class BaseOptions:
    """The options of both adapters.

    encode_body: `manual` for a body that the application has encoded itself, as its header
    Content-Encoding says. It has no effect here, where bodies are passed on as they are. Raises
    ValueError for any other value than the two.
    """

    encode_body: EncodeBody = "automatic"

    def __post_init__(self) -> None:
        if self.encode_body not in ("automatic", "manual"):
            raise ValueError(f"encode_body is automatic or manual, not {self.encode_body!r}")


def make_response(
    body: Any, status: int, reason: str, headers: Iterable[tuple[str, str]]
) -> Response:
    """Return an application's response; one whose status allows no body has none."""
    fields = Headers()
    for name, value in headers:
        fields.append(name, value)
    return Response(None if status in _NO_BODY else body, status, reason, fields)

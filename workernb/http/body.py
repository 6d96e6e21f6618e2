"""The base class of Request and Response: headers, and a body that can be read once.

https://fetch.spec.whatwg.org/#body-mixin. The body's data is stored as it was given, text or
bytes. Reading the body, or sending its message over a binding, replaces the data with `USED`.
"""

from __future__ import annotations

import builtins
import json
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from workernb.errors import BodyUsedError, PlatformText, with_notes

from .headers import Fields, Headers

if TYPE_CHECKING:
    from .source import BodySource


class _Used:
    """The type of `USED`, the data of a body that was read or sent on."""

    def __repr__(self) -> str:
        return "<used body>"


USED: Final = _Used()
BodyInit: TypeAlias = "str | bytes | memoryview | BodySource | None"
Data: TypeAlias = "str | bytes | _Used | None"
_new = object.__new__


def make_data(body: BodyInit, what: str) -> str | bytes | None:
    """Return the data of a body; TypeError for an unsupported type. what: the message's class."""
    if body is None or body.__class__ is str or body.__class__ is bytes:
        return body
    if isinstance(body, str):
        return str(body)
    if isinstance(body, bytes | memoryview):
        return bytes(body)
    # The platform's Python SDK refuses a bytearray too.
    raise TypeError(PlatformText.UNSUPPORTED_BODY.format(what=what, type=type(body).__name__))


class Message:
    """A message: headers, and a body that `text`, `bytes`, `json` or `buffer` reads once.

    Each of them raises BodyUsedError (an OSError) when the body was read or sent on before; to
    read it twice, `clone` the message first. A message without a body reads as empty, any number
    of times.
    """

    __slots__ = ("_data", "_fields", "_headers", "_received")

    _data: Data
    _fields: Fields
    _headers: Headers | None  # Made from the fields at the first access.
    _received: bool
    _used_text: ClassVar[str]

    @property
    def headers(self) -> Headers:
        """The headers; read-only on a message that was received."""
        headers = self._headers
        if headers is None:
            headers = self._headers = _new(Headers)
            headers._fields = self._fields if self._received else self._fields.copy()
            headers._immutable = self._received
        return headers

    def _current_fields(self) -> Fields:
        """Return the fields, for another message to share."""
        headers = self._headers
        return self._fields if headers is None or self._received else headers._fields.copy()

    @property
    def body_used(self) -> bool:
        """Whether the body was read or sent on."""
        return self._data is USED

    bodyUsed = body_used

    async def text(self) -> str:
        """Return the body as text; bytes are decoded as UTF-8, with � for invalid ones."""
        data = self._data
        if data.__class__ is str and data.isascii():
            self._data = USED
            return data
        return _as_bytes(self._take()).decode("utf-8-sig", "replace")

    async def bytes(self) -> builtins.bytes:
        """Return the body as bytes; text is encoded as UTF-8."""
        return _as_bytes(self._take())

    async def buffer(self) -> memoryview:
        """Return the body as a memoryview."""
        return memoryview(_as_bytes(self._take()))

    arrayBuffer = buffer

    async def json(self, **kwargs: Any) -> Any:
        """Return the body parsed as JSON. kwargs: passed to `json.loads`."""
        return json.loads(await self.text(), **kwargs)

    def _take(self) -> str | builtins.bytes | None:
        """Return the body's data and mark it as used; BodyUsedError when it is already."""
        data = self._data
        if data is None:
            return None
        if data is USED:
            raise self._used_error()
        self._data = USED
        return data  # type: ignore[return-value]

    def _peek(self) -> str | builtins.bytes | None:
        """Return the body's data, which can still be read; BodyUsedError when it is used."""
        if self._data is USED:
            raise self._used_error()
        return self._data  # type: ignore[return-value]

    def _used_error(self) -> BodyUsedError:
        return with_notes(
            BodyUsedError(self._used_text),
            "A body can be read once, and is handed over when its message is sent on. "
            "Call .clone() before the first use to have it twice.",
        )


def _as_bytes(data: str | builtins.bytes | None) -> builtins.bytes:
    if data is None:
        return b""
    if isinstance(data, bytes):
        return data
    try:
        return data.encode()
    except UnicodeEncodeError:
        # A lone surrogate becomes U+FFFD, as in a USVString.
        return data.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()

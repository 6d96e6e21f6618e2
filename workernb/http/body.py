"""The base class of Request and Response: headers, and a body that can be read once.

https://fetch.spec.whatwg.org/#body-mixin. The body's data is stored as it was given, text or
bytes, or as a stream. Reading the body, or sending its message over a binding, replaces text and
bytes with `USED`, and disturbs a stream.
"""

from __future__ import annotations

import builtins
import inspect
import json
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias

from workernb.errors import BodyUsedError, forgotten_await, with_notes
from workernb.texts import PlatformText

from .headers import TEXT_FIELDS, Fields, Headers
from .lazy import load
from .source import BodySource
from .streams import ReadableStream
from .streams.chunks import EMPTY, Whole
from .text import scalar

if TYPE_CHECKING:
    from .forms import Blob, FormData


class _Used:
    """The type of `USED`, the data of a body that was read or sent on."""

    def __repr__(self) -> str:
        return "<used body>"


USED: Final = _Used()
BodyInit: TypeAlias = (
    "str | bytes | bytearray | memoryview | BodySource | AsyncIterable[bytes] | None"
)
Unread: TypeAlias = "str | bytes | ReadableStream | None"
Data: TypeAlias = "Unread | _Used"
_new = object.__new__


def make_data(body: BodyInit, what: str) -> tuple[Unread, Fields | None]:
    """Return a body's data, and the fields that give its content type or None.

    Raises TypeError for an unsupported type, and for a stream that was read or has a reader. what:
    the message's class, for the error.
    """
    if body is None or body.__class__ is bytes:
        return body, None
    if isinstance(body, str):
        return str(body), TEXT_FIELDS
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body), None
    if isinstance(body, ReadableStream):
        body._check_usable()
        return body, None
    if isinstance(body, BodySource):
        source = body._body_source()
        data = source.data if isinstance(source.data, bytes) else ReadableStream(source.data)
        kind = source.content_type
        return data, None if kind is None else {"content-type": kind}
    if isinstance(body, AsyncIterable):
        return ReadableStream(body), None
    raise with_notes(
        TypeError(PlatformText.UNSUPPORTED_BODY.format(what=what, type=type(body).__name__)),
        _remedy(body),
    )


def _remedy(body: object) -> str | None:
    """Return what to write instead of a value that cannot be a body."""
    if note := forgotten_await(body):
        return note
    if isinstance(body, dict | list):
        return "Send it as JSON: Response.json(…); in a request, body=json.dumps(…)."
    if inspect.isasyncgenfunction(body):
        return f"Call the function for its generator: {body.__name__}()."
    if inspect.isgenerator(body):
        return "A body is an asynchronous generator: async def."
    return None


class Message:
    """A message: headers, and a body that is read once.

    Each of `text`, `bytes`, `json`, `buffer`, `blob` and `form_data` raises BodyUsedError (an
    OSError) when the body was read or sent on before; to read it twice, `clone` the message first.
    A message without a body reads as empty, any number of times.
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

    @property
    def js_object(self) -> Self:
        """The message as JavaScript has it, which is this object here."""
        return self

    def _current_fields(self) -> Fields:
        """Return the fields, for another message to share."""
        headers = self._headers
        return self._fields if headers is None or self._received else headers._fields.copy()

    @property
    def body(self) -> ReadableStream | None:
        """The body as a stream, always the same one; None for a message without a body.

        Reading it is reading the body: it can be done once.
        """
        data = self._data
        if data is None or isinstance(data, ReadableStream):
            return data
        if isinstance(data, _Used):
            stream = ReadableStream(Whole(b""))
            stream._take()
        else:
            stream = ReadableStream(Whole(_as_bytes(data)))
            self._data = stream
        return stream

    @property
    def body_used(self) -> bool:
        """Whether the body was read or sent on."""
        data = self._data
        return data is USED or (data.__class__ is ReadableStream and data._disturbed)

    bodyUsed = body_used

    async def text(self) -> str:
        """Return the body as text; bytes are decoded as UTF-8, with � for invalid ones."""
        data = self._data
        if data.__class__ is str and data.isascii():
            self._data = USED
            return data
        return (await self._read()).decode("utf-8-sig", "replace")

    async def bytes(self) -> builtins.bytes:
        """Return the body as bytes; text is encoded as UTF-8."""
        return await self._read()

    async def buffer(self) -> memoryview:
        """Return the body as a memoryview."""
        return memoryview(await self._read())

    arrayBuffer = buffer

    async def json(self, **kwargs: Any) -> Any:
        """Return the body parsed as JSON. kwargs: passed to `json.loads`."""
        return json.loads(await self.text(), **kwargs)

    async def blob(self) -> Blob:
        """Return the body as a Blob, whose type is that of the message."""
        forms = load("workernb.http.forms")
        mime = forms.extract_mime_type(self._current_fields().get("content-type", ""))
        blob: Blob = forms.Blob(await self._read(), None if mime is None else str(mime))
        return blob

    async def form_data(self) -> FormData:
        """Return the body parsed as a form, multipart/form-data or urlencoded.

        Raises TypeError, with the platform's text, when the Content-Type is no form's, and when
        the body is no such form, is cut off or is too large. The body is used in any case.
        """
        form_parser = load("workernb.http.forms.parsing").form_parser
        self._peek()
        stream = self.body
        chunks = EMPTY if stream is None else stream._take()
        try:
            parser = form_parser(self._current_fields().get("content-type"))
            async for chunk in chunks:
                parser.feed(chunk)
        except BaseException:
            await chunks.aclose()
            raise
        form: FormData = parser.end()
        return form

    formData = form_data

    async def _read(self) -> builtins.bytes:
        """Return the whole body, and mark it as used.

        Raises BodyUsedError when it is already, TypeError when its stream has a reader or is too
        long, and what its producer raises.
        """
        data = self._peek()
        if data.__class__ is ReadableStream:
            return await data._take().read_all()
        if data is not None:
            self._data = USED
        return _as_bytes(data)  # type: ignore[arg-type]

    def _peek(self) -> Unread:
        """Return the body's data, which can still be read; BodyUsedError when it is used."""
        data = self._data
        if data is USED or (data.__class__ is ReadableStream and data._disturbed):
            raise self._used_error()
        return data  # type: ignore[return-value]

    def _move(self) -> Unread:
        """Return the body's data for another message; this one's is used from now on.

        Raises BodyUsedError when it is used already, and TypeError when its stream has a reader.
        """
        data = self._data
        if data is None:
            return None
        if data is USED:
            raise self._moved_error()
        if data.__class__ is ReadableStream:
            if data._disturbed:
                raise self._moved_error()
            stream = data._move()
            chunks = stream._chunks
            return chunks.data if isinstance(chunks, Whole) else stream
        self._data = USED
        return data  # type: ignore[return-value]

    def clone(self) -> Self:
        """Return a copy of the message and its body.

        Of a stream, what one of them has read and the other has not is buffered. Raises
        BodyUsedError if the body was used, TypeError if its stream has a reader.
        """
        data = self._peek()
        clone = self._copy()
        if isinstance(data, ReadableStream):
            self._data, data = data.tee()
        clone._data = data
        return clone

    def _copy(self) -> Self:
        """Return a copy of the message, except for its body."""
        raise NotImplementedError

    async def _buffer_body(self) -> None:
        """Read a body that is a stream into memory, so that it can be read without a loop."""
        if isinstance(self._data, ReadableStream):
            self._data = await self._read()

    def _moved_error(self) -> Exception:
        return self._used_error()

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
        return scalar(data).encode()

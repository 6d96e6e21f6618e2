"""R2's objects, as a Worker gets them: what is known of one, and its body.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2object-definition
"""

from __future__ import annotations

import builtins
import datetime
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from workernb.errors import BodyUsedError
from workernb.http.streams import ReadableStream
from workernb.resources.values import js_json, js_text, key_of, local_time
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .errors import r2_error

MAX_KEY_BYTES = 1024
MAX_METADATA_BYTES = 8192

FIELDS = ("contentType", "contentLanguage", "contentDisposition", "contentEncoding", "cacheControl",
    "cacheExpiry")  # fmt: skip
"""HTTP metadata; each is a header, and cacheExpiry is Expires."""

COLUMNS = "key, version, size, etag, uploaded, checksums, http, custom, blobs"
"""The columns that an object is made of."""


SCHEMA = """
CREATE TABLE IF NOT EXISTS r2_objects (
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    uploaded INTEGER NOT NULL,  -- in ms since the epoch
    checksums TEXT NOT NULL,  -- JSON: algorithm to hexadecimal
    http TEXT NOT NULL,  -- JSON
    custom TEXT NOT NULL,  -- JSON
    blobs TEXT NOT NULL,  -- JSON: [[blob, size], ...]
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS r2_uploads (
    id TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    http TEXT NOT NULL,
    custom TEXT NOT NULL,
    created INTEGER NOT NULL  -- in ms since the epoch
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS r2_parts (
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    blob INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS r2_chunks (
    blob INTEGER NOT NULL,
    start INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS r2_chunks_of_blob ON r2_chunks (blob, start);
"""


def header_of(field: str) -> str:
    """Return the header of a field of HTTP metadata: `content-type`."""
    if field == "cacheExpiry":
        return "expires"
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in field)


class R2Checksums(JsDict):
    """An object's checksums, as bytes: `object.checksums.md5`."""

    __slots__ = ()

    def toJSON(self) -> JsDict:
        """Return the checksums in hexadecimal."""
        return JsDict((name, value.hex()) for name, value in self.items())


class R2Object:
    """What is known of an object, without its body.

    key. version: 32 hexadecimal digits. size: in bytes. etag: the MD5, or of a multipart upload
    `<MD5 of the parts' MD5s>-<parts>`; httpEtag: with quotes. checksums: by algorithm, as bytes.
    uploaded: a naive datetime in local time. httpMetadata, customMetadata: dicts. range: what a
    `get` with a range has read. storageClass: always `Standard`.
    """

    storageClass = "Standard"

    def __init__(self, row: tuple[Any, ...], range: JsDict | None = None) -> None:
        """Make an object of its columns. range: what is read of it, if that is not all."""
        key, version, size, etag, uploaded, checksums, http, custom, _ = row
        self.key: str = key
        self.version: str = version
        self.size: int = size
        self.etag: str = etag
        self.uploaded = local_time(uploaded)
        self.range = range
        self._checksums: str = checksums
        self._http: str | None = http
        self._custom: str | None = custom

    @property
    def httpEtag(self) -> str:
        """The etag in quotes, for a header."""
        return f'"{self.etag}"'

    @property
    def checksums(self) -> R2Checksums:
        """The checksums, as bytes by algorithm."""
        hexes = json.loads(self._checksums)
        return R2Checksums((name, bytes.fromhex(value)) for name, value in hexes.items())

    @property
    def httpMetadata(self) -> JsDict | None:
        """The HTTP metadata; None for a listed object whose list does not include it."""
        if self._http is None:
            return None
        metadata = JsDict(json.loads(self._http))
        if "cacheExpiry" in metadata:
            metadata["cacheExpiry"] = local_time(metadata["cacheExpiry"])
        return metadata

    @property
    def customMetadata(self) -> JsDict | None:
        """The custom metadata; None for a listed object whose list does not include it."""
        return None if self._custom is None else JsDict(json.loads(self._custom))

    def writeHttpMetadata(self, headers: Any) -> None:
        """Set the headers of the HTTP metadata, in `Headers` or a dict.

        Raises TypeError for a listed object whose list does not include it.
        """
        metadata = self.httpMetadata
        if metadata is None:
            raise TypeError(PlatformText.R2_METADATA_UNKNOWN.format(key=self.key))
        for field, value in metadata.items():
            headers[header_of(field)] = _http_date(value) if field == "cacheExpiry" else value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key} ({self.size:,} bytes)>"


class R2ObjectBody(R2Object):
    """An object with its body, which can be read once."""

    def __init__(self, row: tuple[Any, ...], range: JsDict | None, body: ReadableStream) -> None:
        """Make an object. body: the whole one, or the range of it that was asked for."""
        super().__init__(row, range)
        self.body = body

    @property
    def bodyUsed(self) -> bool:
        """Whether the body was read, or is read."""
        return self.body._disturbed

    async def bytes(self) -> builtins.bytes:
        """Return the body as bytes; BodyUsedError if it was read."""
        if self.body._disturbed or self.body.locked:
            raise BodyUsedError(PlatformText.BODY_USED)
        return await self.body._take().read_all()

    async def arrayBuffer(self) -> memoryview:
        """Return the body as a memoryview."""
        return memoryview(await self.bytes())

    async def text(self) -> str:
        """Return the body as text, decoded as UTF-8."""
        return (await self.bytes()).decode("utf-8-sig", "replace")

    async def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(await self.bytes())


def _http_date(value: datetime.datetime) -> str:
    from email.utils import format_datetime

    return format_datetime(value.astimezone(datetime.UTC), usegmt=True)


def http_metadata(given: Any) -> JsDict:
    """Return HTTP metadata as it is stored, from a dict or from headers; TypeError for others."""
    if given is None:
        return JsDict()
    if not isinstance(given, Mapping):
        raise TypeError(f"httpMetadata is a dict or Headers, not {type(given).__name__}.")
    by_header = {header_of(field): field for field in FIELDS}
    metadata = JsDict()
    for name, value in given.items():
        field = by_header.get(name.lower(), name) if name not in FIELDS else name
        if field not in FIELDS or value is None:
            continue
        metadata[field] = _expiry(value) if field == "cacheExpiry" else str(value)
    return metadata


def _expiry(value: Any) -> int:
    """Return a time in ms since the epoch, from a datetime or a header's text."""
    if isinstance(value, str):
        from email.utils import parsedate_to_datetime

        value = parsedate_to_datetime(value)
    if not isinstance(value, datetime.datetime):
        raise TypeError(f"cacheExpiry is a datetime, not {type(value).__name__}.")
    return round(value.timestamp() * 1000)


class Metadata(NamedTuple):
    """HTTP and custom metadata, as JSON."""

    http: str
    custom: str


def checked_key(key: Any, action: str) -> str:
    """Return a key as text; StoreError if it is empty or too long."""
    text = key_of(key)
    if not text or len(text.encode()) > MAX_KEY_BYTES:
        raise r2_error(action, 10020)
    return text


def metadata_of(options: Mapping[str, Any], action: str) -> Metadata:
    """Return the metadata in options; StoreError if it is too large."""
    given = options.get("customMetadata") or {}
    if not isinstance(given, Mapping):
        raise TypeError(f"customMetadata is a dict of text, not {type(given).__name__}.")
    custom = {js_text(name): js_text(value) for name, value in given.items()}
    if sum(len(name.encode()) + len(text.encode()) for name, text in custom.items()) > (
        MAX_METADATA_BYTES
    ):
        raise r2_error(action, 10012)
    return Metadata(js_json(http_metadata(options.get("httpMetadata"))), js_json(custom))

"""R2's uploads in parts.

https://developers.cloudflare.com/r2/api/workers/workers-multipart-usage/
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from workernb.resources.calls import StoreCall
from workernb.resources.values import js_number
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .errors import r2_error
from .objects import Metadata, R2Object, checked_key, metadata_of
from .storage import Body, data_of

MIN_PART = 5 * 1024 * 1024
"""The smallest part but the last, in bytes."""

MAX_PARTS = 10_000
KEPT_MS = 7 * 24 * 3600 * 1000
"""How long an upload can be completed, in ms."""

_PART = "SELECT number, blob, size, etag FROM r2_parts WHERE upload = ? AND number = ?"


class _Part(NamedTuple):
    number: int
    blob: int
    size: int
    etag: str


class _Whole(NamedTuple):
    """The whole body, of which an object's row needs the size."""

    size: int


def create(operation: Any, bucket: Any, key: Any, options: JsDict) -> R2MultipartUpload:
    """Begin an upload, and drop those that were begun too long ago."""
    checked = checked_key(key, "createMultipartUpload")
    metadata = metadata_of(options, "createMultipartUpload")
    upload, now = os.urandom(16).hex(), int(bucket._stores.clock.now() * 1000)
    database = bucket._stores.main
    with database.transaction():
        old = database.execute("SELECT id FROM r2_uploads WHERE created < ?", (now - KEPT_MS,))
        for (name,) in old.fetchall():
            _drop(bucket, name)
        row = upload, bucket._id, checked, *metadata, now
        database.execute("INSERT INTO r2_uploads VALUES (?, ?, ?, ?, ?, ?)", row)
    return R2MultipartUpload(bucket, checked, upload)


class R2MultipartUpload:
    """An upload in parts: `await upload.complete([await upload.uploadPart(1, data)])`.

    Parts have one size, of 5 MiB at least; only the last one may be smaller.
    """

    def __init__(self, bucket: Any, key: str, upload: str) -> None:
        """Refer to an upload by its id."""
        self._bucket = bucket
        self.key = key
        self.uploadId = upload

    def uploadPart(self, partNumber: int, value: Any) -> StoreCall:
        """Upload a part, and return `{partNumber, etag}`. partNumber: 1 to 10,000."""

        async def prepare() -> tuple[int, Any]:
            number = js_number(partNumber)
            if not isinstance(number, int) or not 1 <= number <= MAX_PARTS:
                raise TypeError(PlatformText.R2_PART.format(number=partNumber))
            data = data_of(value)
            if not isinstance(data, bytes):
                data = await self._bucket._stores.bodies.write_stream(data, [])
            return number, data

        detail = f"{self.key}, part {partNumber}"
        return StoreCall(self._bucket, "uploadPart", detail, self._upload, prepare=prepare)

    def complete(self, uploadedParts: list[Any]) -> StoreCall:
        """Make the object of the parts, each `{partNumber, etag}`, and return it."""
        return StoreCall(self._bucket, "complete", self.key, self._complete, list(uploadedParts))

    def abort(self) -> StoreCall:
        """Drop the upload and its parts; done twice, it does no harm."""
        return StoreCall(self._bucket, "abort", self.key, self._abort)

    # The work

    def _begun(self, action: str) -> Metadata:
        """Return the metadata of the upload; StoreError if it is not there."""
        bucket = self._bucket
        row = bucket._stores.main.execute(
            "SELECT http, custom FROM r2_uploads WHERE id = ? AND bucket = ? AND key = ?",
            (self.uploadId, bucket._id, self.key),
        ).fetchone()
        if row is None:
            raise r2_error(action, 10024)
        return Metadata(*row)

    def _upload(self, operation: Any, received: tuple[int, Any]) -> JsDict:
        number, data = received
        bodies, database = self._bucket._stores.bodies, self._bucket._stores.main
        with database.transaction():
            try:
                self._begun("uploadPart")
            except Exception:
                if isinstance(data, Body):
                    bodies.delete([(data.blob, data.size)])
                raise
            body = data if isinstance(data, Body) else bodies.write(data, [])
            before = database.execute(_PART, (self.uploadId, number)).fetchone()
            if before is not None:
                bodies.delete([(before[1], before[2])])
            row = self.uploadId, number, body.blob, body.size, body.digests["md5"]
            database.execute("INSERT OR REPLACE INTO r2_parts VALUES (?, ?, ?, ?, ?)", row)
        operation.rows = 1
        return JsDict(partNumber=number, etag=body.digests["md5"])

    def _complete(self, operation: Any, given: list[Any]) -> R2Object:
        bucket = self._bucket
        database, bodies = bucket._stores.main, bucket._stores.bodies
        with database.transaction():
            metadata = self._begun("completeMultipartUpload")
            parts = [self._part(each) for each in given]
            _check_parts(parts)
            before = bucket._row(self.key)
            digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts))
            etag = f"{digest.hexdigest()}-{len(parts)}"
            blobs = json.dumps([[part.blob, part.size] for part in parts if part.size])
            size = sum(part.size for part in parts)
            row = bucket._insert(self.key, _Whole(size), etag, metadata, blobs, {})
            _drop(bucket, self.uploadId, {part.blob for part in parts})
            if before is not None:
                bodies.delete(json.loads(before[8]))
        operation.rows = len(parts)
        return R2Object(row)

    def _part(self, given: Any) -> _Part:
        """Return a part that was uploaded; StoreError if there is none like it."""
        if isinstance(given, Mapping):
            number, etag = given.get("partNumber"), given.get("etag")
        else:
            number, etag = given.partNumber, given.etag
        row = self._bucket._stores.main.execute(_PART, (self.uploadId, number)).fetchone()
        if row is None or row[3] != etag:
            raise r2_error("completeMultipartUpload", 10025)
        return _Part(*row)

    def _abort(self, operation: Any) -> None:
        with self._bucket._stores.main.transaction():
            _drop(self._bucket, self.uploadId)

    def __repr__(self) -> str:
        return f"<R2 multipart upload of {self.key}>"


def _check_parts(parts: list[_Part]) -> None:
    """Raise StoreError if parts cannot make an object."""
    action = "completeMultipartUpload"
    if not parts:
        raise r2_error(action, 10025)
    *others, last = parts
    if any(part.size < MIN_PART for part in others):
        raise r2_error(action, 10011)
    if any(part.size != others[0].size for part in others) or (
        others and last.size > others[0].size
    ):
        raise r2_error(action, 10048)
    if len({part.number for part in parts}) < len(parts):
        raise r2_error(action, 10025)


def _drop(bucket: Any, upload: str, kept: Collection[int] = ()) -> None:
    """Delete an upload, and the blobs of its parts but those that are kept."""
    database, bodies = bucket._stores.main, bucket._stores.bodies
    rows = database.execute("SELECT blob, size FROM r2_parts WHERE upload = ?", (upload,))
    bodies.delete([(blob, size) for blob, size in rows.fetchall() if blob not in kept])
    database.execute("DELETE FROM r2_parts WHERE upload = ?", (upload,))
    database.execute("DELETE FROM r2_uploads WHERE id = ?", (upload,))

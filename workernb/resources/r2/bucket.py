"""R2's buckets.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/. A write is seen at once.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workernb.errors import UsageError
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Whole
from workernb.resources.calls import StoreBinding, StoreCall
from workernb.resources.kinds import StoreKind
from workernb.resources.values import (
    cursor_after,
    js_text,
    key_before,
    key_of,
    options_of,
    shown_key,
)
from workernb.runtime.services.kinds import EnvBuilder
from workernb.runtime.services.option import Form, Option
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .conditions import Condition, range_of
from .errors import r2_error
from .objects import COLUMNS, Metadata, R2Object, R2ObjectBody, checked_key, metadata_of

MAX_LISTED = MAX_DELETED = 1000

_is_name = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]").fullmatch
_GET = f"SELECT {COLUMNS} FROM r2_objects WHERE bucket = ? AND key = ?"
_PUT = "INSERT OR REPLACE INTO r2_objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM r2_objects WHERE bucket = ? AND key = ?"
_LIST = f"SELECT {COLUMNS} FROM r2_objects WHERE bucket = ? AND key > ? AND key >= ? ORDER BY key"

_ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512")
_METADATA_OPTIONS = ("httpMetadata", "customMetadata", "storageClass", "ssecKey")
_GET_OPTIONS = ("onlyIf", "range", "ssecKey")
_PUT_OPTIONS = (*_METADATA_OPTIONS, *_ALGORITHMS, "onlyIf")
_LIST_OPTIONS = ("limit", "prefix", "cursor", "delimiter", "startAfter", "include")

LAST = "\U0010ffff"
"""The last character, after which no key with a prefix comes."""


class R2Bucket(StoreBinding):
    """An R2 bucket: `await env.FILES.put("key", data)`. Keywords are options, as in the SDK.

    What the service refuses raises StoreError with its text and code.
    """

    noun = "R2 bucket"

    def head(self, key: Any) -> StoreCall:
        """Return what is known of an object, an R2Object; None if there is none."""
        return StoreCall(self, "head", shown_key(key), self._head, key)

    def get(self, key: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Return an object with its body, an R2ObjectBody; None if there is none.

        options: `range`, `{offset, length}` or `{suffix}`; `onlyIf`, a condition: if it does not
        hold, the object comes without its body. Both may be Headers. Raises ValueError for an
        invalid range.
        """
        return StoreCall(self, "get", shown_key(key), self._get, key, options, keywords)

    def put(self, key: Any, value: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Store an object, and return it; None if the condition in `onlyIf` does not hold.

        value: text, bytes, a Blob, a stream of known length, or None for an empty body. options:
        `httpMetadata`, `customMetadata`, `onlyIf`, and one of md5, sha1, sha256, sha384, sha512,
        which the body must have.
        """

        async def prepare() -> Any:
            return await self._received(key, value, options_of(options, keywords, _PUT_OPTIONS))

        return StoreCall(self, "put", shown_key(key), self._put, prepare=prepare)

    def delete(self, keys: Any) -> StoreCall:
        """Delete an object, or up to 1,000 of a list; those that are missing are none."""
        listed = keys if isinstance(keys, list) else [keys]
        detail = ", ".join(map(shown_key, listed[:10]))
        return StoreCall(self, "delete", detail, self._delete, listed)

    def list(self, options: Any = None, **keywords: Any) -> StoreCall:
        """Return `{objects, truncated, cursor, delimitedPrefixes}`, in the order of UTF-8.

        options: `limit` (at most 1,000), `prefix`, `cursor`, `delimiter`, `startAfter`, `include`
        (`httpMetadata`, `customMetadata`). `cursor` is there if the list is truncated.
        """
        chosen = options_of(options, keywords, _LIST_OPTIONS)
        return StoreCall(self, "list", js_text(chosen.get("prefix") or ""), self._list, chosen)

    def createMultipartUpload(self, key: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Begin an upload in parts; see R2MultipartUpload. options: metadata, as of `put`."""
        from .multipart import create

        chosen = options_of(options, keywords, _METADATA_OPTIONS)
        work = create
        return StoreCall(self, "createMultipartUpload", shown_key(key), work, self, key, chosen)

    def resumeMultipartUpload(self, key: Any, uploadId: str) -> Any:
        """Return an upload that was begun before; whether it is there shows when it is used."""
        from .multipart import R2MultipartUpload

        return R2MultipartUpload(self, key_of(key), js_text(uploadId))

    # The work

    @property
    def _id(self) -> int:
        number: int = self._stores.number("r2", self._name)
        return number

    def _row(self, key: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._stores.main.execute(_GET, (self._id, key)).fetchone()
        return row

    def _head(self, operation: Any, key: Any) -> R2Object | None:
        row = self._row(checked_key(key, "head"))
        operation.rows = int(row is not None)
        return None if row is None else R2Object(row)

    def _get(self, operation: Any, key: Any, options: Any, keywords: Any) -> R2Object | None:
        from .storage import CHUNK, StoredChunks

        chosen = options_of(options, keywords, _GET_OPTIONS)
        row = self._row(checked_key(key, "get"))
        operation.rows = int(row is not None)
        if row is None:
            return None
        condition = Condition.of(chosen.get("onlyIf"))
        if condition is not None and not condition.holds(row[3], row[4]):
            return R2Object(row)
        size, blobs = row[2], [(blob, length) for blob, length in json.loads(row[8])]
        found = range_of(chosen.get("range"), size)
        offset, length = (found.offset, found.length) if found else (0, size)
        bodies = self._stores.bodies
        if length <= CHUNK:
            chunks: Any = Whole(b"".join(bodies.read(blobs, offset, length)))
        else:
            chunks = StoredChunks(bodies, blobs, offset, length)
        return R2ObjectBody(row, found, ReadableStream(chunks))

    async def _received(self, key: Any, value: Any, options: JsDict) -> tuple[Any, ...]:
        """Return the arguments of a put, with the body: its bytes, or what was written of it."""
        from .storage import check_digest, checksum_of, data_of

        key = checked_key(key, "put")
        metadata = metadata_of(options, "put")
        condition = Condition.of(options.get("onlyIf"))
        checksum = checksum_of(options)
        data = data_of(value)
        algorithms = [checksum[0]] if checksum else []
        if not isinstance(data, bytes):
            bodies = self._stores.bodies
            data = await bodies.write_stream(data, algorithms)
            failure = check_digest(data, checksum)
            if failure is not None:
                bodies.delete([(data.blob, data.size)])
                raise failure
        return key, data, metadata, condition, checksum

    def _put(self, operation: Any, received: tuple[Any, ...]) -> R2Object | None:
        from .storage import check_digest

        key, data, metadata, condition, checksum = received
        database, bodies = self._stores.main, self._stores.bodies
        with database.transaction():
            before = self._row(key)
            if condition is not None:
                etag, uploaded = (None, 0) if before is None else (before[3], before[4])
                if not condition.holds(etag, uploaded):
                    if not isinstance(data, bytes):
                        bodies.delete([(data.blob, data.size)])
                    operation.rows = 0
                    return None
            if isinstance(data, bytes):
                data = bodies.write(data, [checksum[0]] if checksum else [])
                failure = check_digest(data, checksum)
                if failure is not None:
                    raise failure
            row = self._insert(key, data, data.digests["md5"], metadata, data.blobs, data.digests)
            if before is not None:
                bodies.delete(json.loads(before[8]))
        operation.rows = 1
        return R2Object(row)

    def _insert(
        self,
        key: str,
        body: Any,
        etag: str,
        metadata: Metadata,
        blobs: str,
        digests: Mapping[str, str],
    ) -> tuple[Any, ...]:
        """Write the row about an object, and return it."""
        uploaded = int(self._stores.clock.now() * 1000)
        checksums = json.dumps(digests)
        row = (key, os.urandom(16).hex(), body.size, etag, uploaded, checksums, *metadata, blobs)
        self._stores.main.execute(_PUT, (self._id, *row))
        return row

    def _delete(self, operation: Any, keys: Sequence[Any]) -> None:
        if len(keys) > MAX_DELETED:
            raise r2_error("delete", 10022)
        checked = [checked_key(key, "delete") for key in keys]
        database, bodies = self._stores.main, self._stores.bodies
        operation.rows = 0
        with database.transaction():
            for key in checked:
                row = self._row(key)
                if row is not None:
                    database.execute(_DELETE, (self._id, key))
                    bodies.delete(json.loads(row[8]))
                    operation.rows += 1

    def _list(self, operation: Any, options: JsDict) -> JsDict:
        prefix = js_text(options.get("prefix") or "")
        limit = options.get("limit")
        limit = MAX_LISTED if limit is None else int(limit)
        if not 0 < limit <= MAX_LISTED:
            raise r2_error("list", 10022)
        include = options.get("include") or ()
        after = _key_after(options.get("cursor")) or js_text(options.get("startAfter") or "")
        objects: list[R2Object] = []
        prefixes: list[str] = []
        result = JsDict(objects=objects, truncated=False, delimitedPrefixes=prefixes)
        last = ""
        for row, common in self._entries(prefix, after, js_text(options.get("delimiter") or "")):
            if len(objects) + len(prefixes) == limit:
                result["truncated"] = True
                result["cursor"] = cursor_after(last)
                break
            if common:
                prefixes.append(common)
                last = common + LAST
            else:
                objects.append(_listed_object(row, include))
                last = row[0]
        operation.rows = len(objects)
        return result

    def _entries(
        self, prefix: str, after: str, delimiter: str
    ) -> Iterator[tuple[tuple[Any, ...], str]]:
        """Yield the rows of objects, or a row and the prefix that it has in common with others."""
        while True:
            rows = self._stores.main.execute(_LIST, (self._id, after, prefix))
            for row in rows:
                key = row[0]
                if not key.startswith(prefix):
                    return
                end = key.find(delimiter, len(prefix)) if delimiter else -1
                if end < 0:
                    yield row, ""
                    continue
                common = key[: end + len(delimiter)]
                yield row, common
                after = common + LAST
                break
            else:
                return


def _listed_object(row: tuple[Any, ...], include: Any) -> R2Object:
    http = row[6] if "httpMetadata" in include else None
    custom = row[7] if "customMetadata" in include else None
    return R2Object((*row[:6], http, custom, row[8]))


def _key_after(cursor: Any) -> str:
    try:
        return key_before(cursor)
    except ValueError:
        raise r2_error("list", 10001) from None


class R2Kind(StoreKind):
    """R2 buckets: `r2_buckets={"FILES": "files"}`."""

    keyword, noun = "r2_buckets", "R2 bucket"
    usual_names = ("R2", "BUCKET", "FILES")
    fields = ("preview_bucket_name", "bucket_name")
    example = '{"FILES": "files"}'
    options = (
        Option(
            ("--r2",),
            "an R2 bucket: env.BINDING.get(…)",
            Form.BINDING,
            "r2_buckets",
            metavar="BINDING=BUCKET",
            example="FILES=files",
            completes="r2",
        ),
    )

    def _pair(self, index: int, entry: Any) -> tuple[str, Any]:
        name, bucket = super()._pair(index, entry)
        return name, bucket.lower().replace("_", "-") if bucket == name else bucket

    def check_value(self, name: str, value: Any) -> Any:
        """Return the bucket's name; UsageError if R2 does not take it."""
        if not isinstance(value, str) or not _is_name(value):
            raise UsageError(f"{PlatformText.R2_BUCKET} The bucket of {name} is {value!r}.")
        return value

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> R2Bucket:
        """Return the bucket, after opening the database, so that no Worker pays for that."""
        _ = builder.stores.bodies
        return R2Bucket(builder.stores, value, name)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `r2_buckets`."""
        rows = [{"binding": name, "bucket_name": value} for name, value in values.items()]
        return {self.keyword: rows} if rows else {}

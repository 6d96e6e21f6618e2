"""KV: namespaces of keys with values, metadata and expirations.

https://developers.cloudflare.com/kv/api/. Here a write is seen at once everywhere; on the platform
it may take up to 60 s in other places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from workernb.errors import StoreError, with_notes
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Whole
from workernb.http.text import scalar
from workernb.runtime.services.kinds import EnvBuilder
from workernb.runtime.services.option import Form, Option
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .calls import StoreBinding, StoreCall
from .clock import Clock
from .kinds import StoreKind
from .values import (
    cursor_after,
    js_json,
    js_number,
    js_text,
    key_before,
    key_of,
    options_of,
    shown_key,
)

MAX_KEY_BYTES = 512
MAX_VALUE_BYTES = 25 * 1024 * 1024
MAX_METADATA_BYTES = 1024
MAX_LISTED = 1000
MAX_BULK_KEYS = 100
MIN_TTL_S = 60
MIN_CACHE_TTL_S = 30
WRITE_PERIOD_S = 1
"""How long (s, by the stores' clock) a key that a Worker has written takes no further write."""

MAX_WRITTEN = 100_000
"""Of how many keys it is known when they were written; of more, the oldest are forgotten."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS kv (
    namespace INTEGER NOT NULL,
    key TEXT NOT NULL,
    value NOT NULL,  -- TEXT, or BLOB if it was given as bytes
    expiration INTEGER,  -- in s since the epoch
    metadata TEXT,  -- JSON
    PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
"""
_GET = "SELECT value, expiration, metadata FROM kv WHERE namespace = ? AND key = ?"
_PUT = "INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM kv WHERE namespace = ? AND key = ?"
_LIST = (
    "SELECT key, expiration, metadata FROM kv WHERE namespace = ? AND key > ? AND key >= ? "
    "AND (expiration IS NULL OR expiration > ?) ORDER BY key"
)


class Writes:
    """When Workers have written keys of KV last."""

    def __init__(self, clock: Clock) -> None:
        """Begin without any."""
        self._clock = clock
        self._last: dict[tuple[int, str], float] = {}

    def take(self, namespace: int, key: str) -> bool:
        """Note a write; return False, and note none, if the last one was less than 1 s ago."""
        now, written = self._clock.now(), (namespace, key)
        last = self._last.get(written)
        if last is not None and 0 <= now - last < WRITE_PERIOD_S:
            return False
        self._last.pop(written, None)  # So that the oldest come first.
        self._last[written] = now
        if len(self._last) > MAX_WRITTEN:
            del self._last[next(iter(self._last))]
        return True


Keys = list[JsDict]
Found = list[tuple[str, "tuple[Any, str | None] | None"]]
"""Keys, each with its value and metadata (JSON), or None if it is not there."""

_GET_OPTIONS = ("type", "cacheTtl")
_PUT_OPTIONS = ("expiration", "expirationTtl", "metadata")
_LIST_OPTIONS = ("prefix", "limit", "cursor")


class KvNamespace(StoreBinding):
    """A KV namespace: `await env.CACHE.get("key")`. Keywords are options, as in the SDK.

    A Worker may write a key once a second, and gets StoreError (429) for more.

    Every method raises TypeError for a key that is empty, `.`, `..` or not text, and StoreError for
    what the platform's service refuses.
    """

    noun = "KV namespace"
    habits: ClassVar = {"set": "put(key, value)"}

    def get(self, key: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Return the value of a key, or None if there is none: `await env.CACHE.get("key")`.

        options: the type, `text`, `json`, `arrayBuffer` (a memoryview) or `stream`; or a dict with
        `type` and `cacheTtl` (s). key: a list of up to 100 keys gets a dict of values.
        """
        if isinstance(key, list):
            return StoreCall(self, "get", _listed(key), self._get_bulk, key, options, keywords)
        return StoreCall(self, "get", shown_key(key), self._get, key, options, keywords)

    def getWithMetadata(self, key: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Return `{value, metadata, cacheStatus}` of a key, all None if there is none.

        For a list of keys: a dict of `{value, metadata}`, or None. Otherwise the same as `get`.
        """
        verb = "getWithMetadata"
        if isinstance(key, list):
            bulk = self._get_bulk_with_metadata
            return StoreCall(self, verb, _listed(key), bulk, key, options, keywords)
        return StoreCall(
            self, verb, shown_key(key), self._get_with_metadata, key, options, keywords
        )

    def put(self, key: Any, value: Any, options: Any = None, **keywords: Any) -> StoreCall:
        """Store a value: `await env.CACHE.put("key", "value", expirationTtl=60)`.

        value: text, bytes, a memoryview or a stream; numbers, booleans and None become text.
        options: `expiration` (s since the epoch), `expirationTtl` (s), `metadata` (JSON).
        """
        rest = key, options, keywords
        if isinstance(value, ReadableStream):
            prepare = partial(_read_all, value)
            return StoreCall(self, "put", shown_key(key), self._put, *rest, prepare=prepare)
        return StoreCall(self, "put", shown_key(key), self._put, value, *rest)

    def delete(self, key: Any) -> StoreCall:
        """Delete a key, if it is there."""
        return StoreCall(self, "delete", shown_key(key), self._delete, key)

    def list(self, options: Any = None, **keywords: Any) -> StoreCall:
        """Return `{keys, list_complete, cursor, cacheStatus}`: keys in UTF-8 order.

        options: `prefix`, `limit` (at most 1,000), `cursor`. `cursor` is there if the list is not
        complete. The keys are `result["keys"]`: `.keys` is a dict's method.
        """
        prefix = keywords.get("prefix") or (options or {}).get("prefix") or ""
        return StoreCall(self, "list", shown_key(prefix), self._list, options, keywords)

    # The work

    @property
    def _id(self) -> int:
        number: int = self._stores.number("kv", self._name)
        return number

    def _read(self, key: str) -> tuple[str | bytes, str | None] | None:
        """Return value and metadata (JSON) of a key that has not expired."""
        stores = self._stores
        row = stores.main.execute(_GET, (self._id, key)).fetchone()
        if row is None or (row[1] is not None and row[1] <= stores.clock.now()):
            return None
        return row[0], row[2]

    def _get(self, operation: Any, key: Any, options: Any, keywords: Any) -> Any:
        key = _checked_key(key, "GET")
        kind = _type_of(options, keywords) if options is not None or keywords else "text"
        found = self._read(key)
        operation.rows = 0 if found is None else 1
        return None if found is None else _converted(found[0], kind)

    def _get_with_metadata(self, operation: Any, key: Any, options: Any, keywords: Any) -> JsDict:
        key = _checked_key(key, "GET")
        kind = _type_of(options, keywords)
        found = self._read(key)
        operation.rows = 0 if found is None else 1
        if found is None:
            return JsDict(value=None, metadata=None, cacheStatus=None)
        value, metadata = found
        return JsDict(value=_converted(value, kind), metadata=_parsed(metadata), cacheStatus=None)

    def _get_bulk(self, operation: Any, keys: Any, options: Any, keywords: Any) -> dict[str, Any]:
        found = self._bulk(operation, keys, options, keywords)
        return {key: None if each is None else each[0] for key, each in found}

    def _get_bulk_with_metadata(
        self, operation: Any, keys: Any, options: Any, keywords: Any
    ) -> dict[str, Any]:
        found = self._bulk(operation, keys, options, keywords)
        return {
            key: None if each is None else JsDict(value=each[0], metadata=_parsed(each[1]))
            for key, each in found
        }

    def _bulk(self, operation: Any, keys: Sequence[Any], options: Any, keywords: Any) -> Found:
        method = "GET_BULK"
        if len(keys) > MAX_BULK_KEYS:
            raise _failed(method, 400, PlatformText.KV_MANY_KEYS)
        if not keys:
            raise _failed(method, 400, PlatformText.KV_NO_KEYS)
        kind = _type_of(options, keywords)
        if kind not in ("text", "json"):
            raise _failed(method, 400, PlatformText.KV_BULK_TYPE.format(type=kind))
        found: Found = []
        size = 0
        for key in dict.fromkeys(_checked_key(each, method) for each in keys):
            row = self._read(key)
            if row is not None:
                size += len(row[0])
                row = _converted_in_bulk(row[0], kind), row[1]
            found.append((key, row))
        if size > MAX_VALUE_BYTES:
            raise _failed(method, 413, PlatformText.KV_BULK_SIZE)
        operation.rows = sum(row is not None for _, row in found)
        return found

    def _put(self, operation: Any, value: Any, key: Any, options: Any, keywords: Any) -> None:
        key = _checked_key(key, "PUT")
        value = _stored(value)
        if len(value) > MAX_VALUE_BYTES // 4 and _size(value) > MAX_VALUE_BYTES:
            raise _failed("PUT", 413, PlatformText.KV_LENGTH.format(length=_size(value)))
        expiration = metadata = None
        if options is not None or keywords:
            chosen = options_of(options, keywords, _PUT_OPTIONS)
            expiration = _expiration(chosen, self._stores.clock.now())
            metadata = _metadata(chosen.get("metadata"))
        number = self._id
        if self._binding is not None and not self._stores.writes.take(number, key):
            raise with_notes(_failed("PUT", 429, PlatformText.KV_RATE), _RATE_REMEDY)
        self._stores.main.execute(_PUT, (number, key, value, expiration, metadata))
        if expiration is not None:
            self._stores.expiry.note(expiration)
        operation.rows = 1

    def _delete(self, operation: Any, key: Any) -> None:
        parameters = self._id, _checked_key(key, "DELETE")
        operation.rows = self._stores.main.execute(_DELETE, parameters).rowcount

    def _list(self, operation: Any, options: Any, keywords: Any) -> JsDict:
        chosen = options_of(options, keywords, _LIST_OPTIONS)
        prefix = js_text(chosen.get("prefix") or "")
        _check_length(prefix, "GET")
        limit = _limit(chosen.get("limit"))
        after = _key_after(chosen.get("cursor"))
        keys: Keys = []
        for entry in self._entries(prefix, after):
            if len(keys) == limit:
                operation.rows = limit
                cursor = cursor_after(keys[-1]["name"])
                return JsDict(keys=keys, list_complete=False, cursor=cursor, cacheStatus=None)
            keys.append(entry)
        operation.rows = len(keys)
        return JsDict(keys=keys, list_complete=True, cacheStatus=None)

    def _entries(self, prefix: str, after: str) -> Iterator[JsDict]:
        stores = self._stores
        parameters = self._id, after, prefix, stores.clock.now()
        for name, expiration, metadata in stores.main.execute(_LIST, parameters):
            if not name.startswith(prefix):
                return
            entry = JsDict(name=name)
            if expiration is not None:
                entry["expiration"] = expiration
            if metadata is not None:
                entry["metadata"] = json.loads(metadata)
            yield entry


_RATE_REMEDY = (
    "A key takes one write a second. What is written more often belongs in D1, or in keys of its "
    "own. In a lesson, %clock +1s moves the clock."
)


def _listed(keys: Sequence[object]) -> str:
    return ", ".join(map(shown_key, keys[:10])) + (" …" if len(keys) > 10 else "")


def _failed(method: str, status: int, text: str) -> StoreError:
    return StoreError(PlatformText.KV_FAILED.format(method=method, status=status, text=text))


def _checked_key(key: object, method: str) -> str:
    text = key_of(key)
    if not text:
        raise TypeError(PlatformText.KV_EMPTY_KEY)
    if text in (".", ".."):
        raise TypeError(PlatformText.KV_DOT_KEY.format(key=text))
    _check_length(text, method)
    return text


def _check_length(key: str, method: str) -> None:
    if len(key) > MAX_KEY_BYTES // 4 and (length := len(key.encode())) > MAX_KEY_BYTES:
        raise _failed(method, 414, PlatformText.KV_LONG_KEY.format(length=length))


def _type_of(options: Any, keywords: Mapping[str, Any]) -> str:
    """Return the type that a `get` asks for; StoreError if its cacheTtl is too small."""
    if isinstance(options, str):
        options = {"type": options}
    chosen = options_of(options, keywords, _GET_OPTIONS)
    ttl = chosen.get("cacheTtl")
    if ttl is not None and ttl < MIN_CACHE_TTL_S:
        raise _failed("GET", 400, PlatformText.KV_CACHE_TTL.format(ttl=js_text(ttl)))
    return str(chosen.get("type") or "text")


def _converted(value: str | bytes, kind: str) -> Any:
    if kind == "text":
        return value if isinstance(value, str) else value.decode("utf-8", "replace")
    if kind == "json":
        return json.loads(value)
    if kind == "stream":
        return ReadableStream(Whole(value.encode() if isinstance(value, str) else value))
    if kind == "arrayBuffer":
        return memoryview(value.encode() if isinstance(value, str) else value)
    raise TypeError(PlatformText.KV_TYPE)


def _converted_in_bulk(value: str | bytes, kind: str) -> Any:
    try:
        return _converted(value, kind)
    except ValueError:
        raise _failed("GET_BULK", 400, PlatformText.KV_BULK_JSON) from None


def _parsed(metadata: str | None) -> Any:
    return None if metadata is None else json.loads(metadata)


def _stored(value: object) -> str | bytes:
    """Return a value as SQLite stores it; TypeError if KV takes none like it."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    if value is None or isinstance(value, bool | int | float):
        return js_text(value)
    raise TypeError(PlatformText.KV_VALUE)


async def _read_all(stream: ReadableStream) -> bytes:
    return await stream._take().read_all()


def _size(value: str | bytes) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)


def _expiration(options: Mapping[str, Any], now: float) -> int | None:
    """Return when a key expires (s since the epoch); a time to live wins over a time."""
    ttl, at = js_number(options.get("expirationTtl")), js_number(options.get("expiration"))
    if ttl is not None:
        if not _is_whole(ttl) or ttl <= 0:
            raise _failed("PUT", 400, PlatformText.KV_TTL.format(ttl=js_text(ttl)))
        if ttl < MIN_TTL_S:
            raise _failed("PUT", 400, PlatformText.KV_SHORT_TTL.format(ttl=ttl))
        return int(now) + int(ttl)
    if at is None:
        return None
    if not _is_whole(at) or at <= now:
        raise _failed("PUT", 400, PlatformText.KV_EXPIRATION.format(at=js_text(at)))
    if at < int(now) + MIN_TTL_S:
        raise _failed("PUT", 400, PlatformText.KV_NEAR_EXPIRATION.format(at=at))
    return int(at)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _metadata(value: Any) -> str | None:
    if value is None:
        return None
    text = js_json(value)
    length = len(text.encode())
    if length > MAX_METADATA_BYTES:
        raise _failed("PUT", 413, PlatformText.KV_METADATA.format(length=length))
    return text


def _limit(given: Any) -> int:
    limit = js_number(given)
    if limit is None or limit == "" or limit <= 0:
        return MAX_LISTED
    if limit > MAX_LISTED:
        raise _failed("GET", 400, PlatformText.KV_LIMIT.format(limit=js_text(limit)))
    return int(limit)


def _key_after(cursor: Any) -> str:
    try:
        return key_before(cursor)
    except ValueError:
        raise _failed("GET", 400, PlatformText.KV_CURSOR) from None


class KvKind(StoreKind):
    """KV namespaces: `kv_namespaces={"CACHE": "cache"}`."""

    keyword, noun = "kv_namespaces", "KV namespace"
    usual_names = ("KV", "CACHE", "NAMESPACE", "SESSIONS")
    fields, required = ("preview_id", "id"), "id"
    example = '{"CACHE": "cache"}'
    options = (
        Option(
            ("--kv",),
            "a KV namespace: env.BINDING.get(…)",
            Form.BINDING,
            "kv_namespaces",
            metavar="BINDING=NAMESPACE",
            example="CACHE=cache",
            completes="kv",
        ),
    )

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> KvNamespace:
        """Return the namespace, after opening the database, so that no Worker pays for that."""
        builder.stores.open()
        return KvNamespace(builder.stores, value, name)

    def for_wrangler(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Wrangler's `kv_namespaces`."""
        rows = [{"binding": name, "id": value} for name, value in values.items()]
        return {self.keyword: rows} if rows else {}

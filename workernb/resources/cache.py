"""The cache: `from js import caches`, in a Worker's module.

https://developers.cloudflare.com/workers/runtime-apis/cache/. A response is stored for as long as
its own headers say; the platform has one such cache in each data centre.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from workernb.errors import with_notes
from workernb.http.headers import Headers
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.urls import normalize
from workernb.runtime.redaction import redact_all
from workernb.texts import PlatformText
from workernb.workers.current import current

from .calls import StoreBinding, StoreCall
from .values import options_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS cached (
    cache INTEGER NOT NULL,
    url TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,  -- JSON: [[name, value], ...]
    expires REAL NOT NULL,  -- in s since the epoch
    body BLOB NOT NULL,
    PRIMARY KEY (cache, url)
);
"""
_GET = "SELECT status, headers, expires, body FROM cached WHERE cache = ? AND url = ?"
_PUT = "INSERT OR REPLACE INTO cached VALUES (?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM cached WHERE cache = ? AND url = ? RETURNING expires"
_directive = re.compile(r"""\s*([\w-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,]*)))?\s*(?:,|$)""").findall
_range = re.compile(r"bytes=(\d*)-(\d*)").fullmatch

Resource = Request | str


class CacheStorage:
    """`caches`: the default cache, and others by name."""

    @property
    def default(self) -> Cache:
        """The cache that all Workers share."""
        return Cache("default")

    async def open(self, name: str) -> Cache:
        """Return the cache of a name."""
        return Cache(f"named:{name}")

    def __repr__(self) -> str:
        return "<caches>"


class Cache(StoreBinding):
    """A cache of responses by URL: `await caches.default.match(request)`."""

    noun = "cache"

    def __init__(self, name: str, stores: Any = None) -> None:
        """Make a cache of the runtime that runs, or of given stores for the notebook."""
        self._name = name
        self._own_stores = stores
        self._binding = None if stores is not None else self._expression

    @property
    def _expression(self) -> str:
        if self._name == "default":
            return "caches.default"
        return redact_all(f"caches.open({self._name.removeprefix('named:')!r})")

    @property
    def _stores(self) -> Any:
        running: Any = current.get()
        return self._own_stores if self._own_stores is not None else running.trace.host.stores

    def match(self, request: Resource, options: Any = None, **keywords: Any) -> StoreCall:
        """Return the response that is stored for a request or a URL; None if there is none.

        A request's Range, If-None-Match and If-Modified-Since are honoured. options: ignoreMethod,
        without which requests with other methods than GET find nothing. TypeError for an invalid
        URL.
        """
        detail = _shown(request)
        return StoreCall(self, "match", detail, self._match, request, options, keywords)

    def put(self, request: Resource, response: Response) -> StoreCall:
        """Store a response, whose body is read: pass `response.clone()` to return it too.

        It is stored for the time that its Cache-Control or Expires give, and not at all without
        one. Raises TypeError for what cannot be stored.
        """

        async def prepare() -> bytes:
            _check(request, response)
            return await response.bytes()

        detail = _shown(request)
        return StoreCall(self, "put", detail, self._put, request, response, prepare=prepare)

    def delete(self, request: Resource, options: Any = None, **keywords: Any) -> StoreCall:
        """Delete what is stored for a request or a URL; return whether there was something."""
        detail = _shown(request)
        return StoreCall(self, "delete", detail, self._delete, request, options, keywords)

    # The work

    @property
    def _id(self) -> int:
        number: int = self._stores.number("cache", self._name)
        return number

    def _match(
        self, operation: Any, request: Resource, options: Any, keywords: Any
    ) -> Response | None:
        url = _key_of(request)
        operation.rows = 0
        if not _is_get(request, options, keywords):
            return None
        row = self._stores.main.execute(_GET, (self._id, url)).fetchone()
        if row is None or row[2] <= self._stores.clock.now():
            return None
        operation.rows = 1
        status, headers, _, body = row
        fields = Headers([tuple(pair) for pair in json.loads(headers)])
        fields.set("cf-cache-status", "HIT")
        asked = request.headers if isinstance(request, Request) else Headers()
        return _conditional(asked, status, fields, body)

    def _put(self, operation: Any, body: bytes, request: Resource, response: Response) -> None:
        now = self._stores.clock.now()
        ttl = _ttl(response.headers, now)
        operation.rows = 0
        if ttl <= 0:
            return
        headers = [[name, value] for name, value in response.headers.items()]
        row = (self._id, _key_of(request), response.status, json.dumps(headers), now + ttl, body)
        self._stores.main.execute(_PUT, row)
        self._stores.expiry.note(now + ttl)
        operation.rows = 1

    def _delete(self, operation: Any, request: Resource, options: Any, keywords: Any) -> bool:
        url = _key_of(request)
        if not _is_get(request, options, keywords):
            return False
        row = self._stores.main.execute(_DELETE, (self._id, url)).fetchone()
        operation.rows = int(row is not None)
        return row is not None and row[0] > self._stores.clock.now()

    def __repr__(self) -> str:
        return f"<{self._expression}>"


def _shown(request: Resource) -> str:
    return request.url if isinstance(request, Request) else str(request)


def _key_of(request: Resource) -> str:
    """Return the URL by which a response is stored, without its fragment; TypeError if invalid."""
    try:
        url = request.url if isinstance(request, Request) else normalize(str(request))
    except (TypeError, ValueError):
        raise TypeError(PlatformText.CACHE_URL) from None
    return url.partition("#")[0]


def _is_get(request: Resource, options: Any, keywords: Mapping[str, Any]) -> bool:
    chosen = options_of(options, keywords, ("ignoreMethod",))
    return (
        not isinstance(request, Request)
        or request.method == "GET"
        or bool(chosen.get("ignoreMethod"))
    )


def _check(request: Resource, response: Response) -> None:
    """Raise TypeError if a response cannot be stored."""
    _key_of(request)
    if isinstance(request, Request) and request.method != "GET":
        raise TypeError(PlatformText.CACHE_METHOD)
    if not isinstance(response, Response):
        raise TypeError(f"A cache stores responses, not {type(response).__name__}.")
    if response.web_socket is not None:
        raise TypeError(PlatformText.SOCKET_NO_UPGRADE)
    if response.status == 206:
        raise TypeError(PlatformText.CACHE_PARTIAL)
    if "*" in (response.headers.get("vary") or ""):
        raise TypeError(PlatformText.CACHE_VARY)
    if response.type == "error":
        raise TypeError(PlatformText.CACHE_STATUS)
    if response.body_used:
        raise with_notes(response._used_error(), "Pass response.clone() to put().")


def _ttl(headers: Headers, now: float) -> float:
    """Return how long (s) a response may be stored, by its headers; 0 if it may not."""
    given = _directive(headers.get("cache-control") or "")
    directives = {name.lower(): quoted or plain for name, quoted, plain in given}
    for name in ("no-store", "private", "no-cache"):
        # With fields, `private="set-cookie"`, it is about these headers only.
        if directives.get(name) == "":
            return 0
    if "set-cookie" in headers and "set-cookie" not in directives.get("private", "").lower():
        return 0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return float(directives[name]) if directives[name].isdecimal() else 0
    expires = _timestamp(headers.get("expires"))
    return 0 if expires is None else expires - now


def _timestamp(value: str | None) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return None if value is None else parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None


def _conditional(asked: Headers, status: int, fields: Headers, body: bytes) -> Response:
    """Return a stored response, or what answers the conditions and the range of a request."""
    etag, modified = fields.get("etag"), _timestamp(fields.get("last-modified"))
    tags = asked.get("if-none-match")
    since = _timestamp(asked.get("if-modified-since"))
    if tags is not None:
        if tags.strip() == "*" or (
            etag is not None and etag in re.findall(r'(?:W/)?"[^"]*"', tags)
        ):
            return Response(None, 304, headers=fields)
    elif since is not None and modified is not None and modified <= since:
        return Response(None, 304, headers=fields)
    match = _range((asked.get("range") or "").strip())
    if match is None or status != 200 or not (match[1] or match[2]):
        return Response(body, status, headers=fields)
    size = len(body)
    begin = int(match[1]) if match[1] else max(size - int(match[2]), 0)
    end = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    if begin > end:
        fields.set("content-range", f"bytes */{size}")
        return Response(None, 416, headers=fields)
    fields.set("content-range", f"bytes {begin}-{end}/{size}")
    return Response(body[begin : end + 1], 206, headers=fields)

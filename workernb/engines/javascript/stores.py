"""Stores: the functions by which JavaScript calls what stands on its `env`, and `caches`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from workernb.http.response import Response
from workernb.resources.cache import Cache
from workernb.resources.d1 import D1Database
from workernb.resources.durable_objects.namespace import DurableObjectNamespace
from workernb.resources.kv import KvNamespace
from workernb.resources.queues.producer import Queue
from workernb.resources.r2.bucket import R2Bucket
from workernb.resources.r2.multipart import R2MultipartUpload
from workernb.resources.r2.objects import R2Object, R2ObjectBody
from workernb.resources.ratelimits import RateLimit

from .boundary import Host
from .operations import Converted
from .values import Reader, written

KINDS = (KvNamespace, D1Database, R2Bucket, Queue, RateLimit, DurableObjectNamespace)
"""The stores that the scripts have a class for, by the name of Python's."""

_CONVERTED = (R2Bucket, R2MultipartUpload, Queue)
"""Whose results have objects of Python's in them."""

_KEPT_AT_THE_END = ("put", "bind")
"""The methods whose last argument may be null; of others, options that are left out."""


def store_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def called(parts: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return an object, by its number, and what a method of it returns."""
        number, method, *more = parts
        values = Reader(iter(more), host.running(f"{method}()")).values()
        while values and values[-1] is None and method not in _KEPT_AT_THE_END:
            values.pop()
        store = host.bound(int(number))
        return store, getattr(store, method)(*values)

    def store_call(*parts: Any) -> Any:
        run = host.running("a store")
        store, call = called(parts)
        if isinstance(store, _CONVERTED):
            call = Converted(call, partial(for_javascript, run))
        return run.begin_call(call)

    def store_object(*parts: Any) -> Any:
        return -1 - host.running("a store").keep(called(parts)[1])

    def batch(number: int, *statements: int) -> Any:
        run = host.running("batch()")
        return run.begin_call(
            host.bound(int(number)).batch([host.bound(int(one)) for one in statements])
        )

    def resume_upload(number: int, *parts: Any) -> Any:
        run = host.running("resumeMultipartUpload()")
        key, upload = Reader(iter(parts), run).values()
        found = host.bound(int(number)).resumeMultipartUpload(key, upload)
        return written([_upload(run, found)], run)

    def cache_call(name: str, method: str, resource: Any, given: Any) -> Any:
        run, cache = host.running(f"caches.{method}()"), Cache(name)
        if method == "put":
            return run.begin(cache.put(resource, given))
        return run.begin(getattr(cache, method)(resource, ignoreMethod=given))

    exposed: dict[str, Callable[..., Any]] = {
        "storeCall": store_call,
        "storeObject": store_object,
        "batch": batch,
        "resumeUpload": resume_upload,
        "cacheCall": cache_call,
    }
    return {
        "queueContentType": lambda number: host.bound(int(number))._content_type,
        **{name: host.exposed(function) for name, function in exposed.items()},
    }


def for_javascript(run: Any, value: Any) -> Any:
    """Return a result as values that JavaScript makes its own objects of."""
    if isinstance(value, R2Object):
        return _object(value)
    if isinstance(value, R2MultipartUpload):
        return _upload(run, value)
    if isinstance(value, dict):
        return {name: for_javascript(run, item) for name, item in value.items()}
    if isinstance(value, list):
        return [for_javascript(run, item) for item in value]
    return moment(value)


def moment(value: Any) -> Any:
    """Return a time, which the stores give in local time, in UTC; another value as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _upload(run: Any, upload: R2MultipartUpload) -> dict[str, Any]:
    number = -1 - run.keep(upload)
    return {"number": number, "key": upload.key, "uploadId": upload.uploadId}


def _object(found: R2Object) -> dict[str, Any]:
    """Return an object of R2 as `r2.js` reads it. headers: those of its metadata, if known."""
    http: dict[str, Any] | None = found.httpMetadata
    headers: list[str] | None = None
    if http is not None:
        fields: dict[str, str] = {}
        found.writeHttpMetadata(fields)
        headers = [part for pair in fields.items() for part in pair]
        http = {name: moment(value) for name, value in http.items()}
    message = None
    if isinstance(found, R2ObjectBody):
        kind = http.get("contentType") if http else None
        message = Response(found.body, headers={"content-type": kind} if kind else None)
    return {
        "key": found.key,
        "version": found.version,
        "size": found.size,
        "etag": found.etag,
        "httpEtag": found.httpEtag,
        "uploaded": moment(found.uploaded),
        "httpMetadata": http,
        "customMetadata": found.customMetadata,
        "range": found.range,
        "storageClass": found.storageClass,
        "checksums": found.checksums,
        "hexes": found.checksums.toJSON(),
        "headers": headers,
        "message": message,
    }

"""Messages: the functions behind JavaScript's Headers, Request and Response.

The messages are workernb's own, so every rule and every text exists once, and a message crosses
between the languages without a copy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from workernb.http.body import USED, Message
from workernb.http.headers import Headers, pairs
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.http.text import scalar

from .boundary import Host


def message_functions(host: Host, wrap: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name; those that may fail keep what they raise.

    wrap: makes an object of JavaScript's that carries a message.
    """

    def text(message: Message) -> Any:
        data = message._data
        if data.__class__ is str and data.isascii():
            message._data = USED
            return data
        whole = _whole(message)
        if whole is None:
            return host.running("text()").begin(message.text())
        return whole.decode("utf-8-sig", "replace")

    def read_bytes(message: Message) -> Any:
        whole = _whole(message)
        return host.running("bytes()").begin(message.bytes()) if whole is None else whole

    def request(source: Any, method: Any, body: Any, kind: Any, *more: Any) -> Any:
        redirect, cf, cache, integrity, signal, has_headers, *flat = more
        made = Request(
            source if isinstance(source, Request) else scalar(source),
            method=method,
            headers=_given(flat) if has_headers else None,
            body=_body(body),
            redirect=redirect,
            cf=None if cf is None else json.loads(cf),
            cache=cache,
            integrity=integrity,
            signal=signal,
        )
        if kind is not None and "content-type" not in made._fields:
            made._fields = {**made._fields, "content-type": kind}
        return wrap(made)

    def response(
        body: Any, status: Any, status_text: str, has_headers: bool, kind: Any, socket: Any,
        *flat: str,
    ) -> Any:  # fmt: skip
        given = Headers(_given(flat)) if has_headers or kind is not None else None
        if kind is not None and given is not None and not given.has("content-type"):
            given.set("content-type", kind)
        return wrap(Response(_body(body), _status(status), status_text, given, socket))

    exposed: dict[str, Callable[..., Any]] = {
        "headers": lambda *flat: wrap(Headers(_given(flat))),
        "headersAppend": lambda headers, name, value: headers.append(name, value),
        "headersDelete": lambda headers, name: headers.delete(name),
        "headersGet": Headers.get,
        "headersGetAll": lambda headers, name: headers.getAll(name),
        "headersHas": lambda headers, name: headers.has(name),
        "headersSet": lambda headers, name, value: headers.set(name, value),
        "text": text,
        "bytes": read_bytes,
        "clone": lambda message: wrap(message.clone()),
        "request": request,
        "response": response,
        "redirectResponse": lambda url, status: wrap(Response.redirect(url, _status(status))),
    }
    plain: dict[str, Callable[..., Any]] = {
        "headersItems": _flat,
        "headersGetSetCookie": lambda headers: headers.get_set_cookie(),
        "headersOf": lambda message: wrap(message.headers),
        "bodyUsed": lambda message: message.body_used,
        "hasBody": lambda message: message._data is not None,
        "method": lambda request: str(request._method.value),
        "url": lambda message: str(message._url),
        "redirect": lambda request: request.redirect,
        "cf": lambda request: None if request.cf is None else json.dumps(request.cf),
        "cacheMode": lambda request: request.cache,
        "status": lambda response: response._status,
        "statusText": lambda response: response.status_text,
        "redirected": lambda response: response.redirected,
        "type": lambda response: response.type,
        "errorResponse": lambda: wrap(Response.error()),
    }
    return {**{name: host.exposed(each) for name, each in exposed.items()}, **plain}


def _given(flat: Sequence[str]) -> dict[str, str] | list[tuple[str, str]]:
    """Return names and values as headers are made of: a dict, which is quick, if that has all."""
    found = dict(zip(flat[::2], flat[1::2], strict=True))
    if 2 * len(found) == len(flat):
        return found
    return list(zip(flat[::2], flat[1::2], strict=True))


def _flat(headers: Headers) -> list[str]:
    return [text for pair in pairs(headers._fields) for text in pair]


def _body(body: Any) -> Any:
    """Return what a message is made of, for the texts and bytes of JavaScript's."""
    if body is None or body.__class__ is str:
        return body
    if isinstance(body, bytes | ReadableStream):
        return body
    return body.to_bytes()


def _status(status: Any) -> Any:
    """Return a status as the number that JavaScript converts it to."""
    if status is None or status.__class__ is int:
        return status
    return int(status) if math.isfinite(status) else 0


def _whole(message: Message) -> bytes | None:
    """Return the whole body, which is used from now on; None if it is a stream."""
    data = message._peek()
    if data.__class__ is ReadableStream:
        return None
    steps = message._read()
    try:
        steps.send(None)
    except StopIteration as stop:
        return bytes(stop.value)
    raise AssertionError("A body that is no stream is there at once.")

"""`js`, JavaScript's globals, as far as code for Python Workers uses them.

Their objects are made with `new`, as `Response.new(…)`. What that returns are the objects of the
`workers` module, so handlers can return them and bindings take them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import ada_url

from workernb.errors import with_notes
from workernb.http.headers import Headers as FetchHeaders
from workernb.http.request import Request as FetchRequest
from workernb.http.response import Response as FetchResponse

from .conversion import JsDict
from .current import current
from .ffi import Map

__all__ = ["JSON", "URL", "Date", "Headers", "Object", "Request", "Response"]

_PYTHON_NAMES = {
    "statusText": "status_text",
}


def _options(given: tuple[Any, ...], options: Mapping[str, Any], known: str) -> dict[str, Any]:
    """Return the options of a `new`: its last argument, and what was given by keyword."""
    merged: dict[str, Any] = {}
    for init in given:
        if init is not None:
            merged.update(_object(init))
    merged.update(options)
    return {_PYTHON_NAMES.get(name, name): merged[name] for name in known.split() if name in merged}


def _object(value: Any) -> JsDict:
    """Return an object with options; TypeError for a dict, whose entries JavaScript cannot see."""
    if isinstance(value, JsDict):
        return value
    raise with_notes(
        TypeError(f"Expected an object of JavaScript's, not a Python {type(value).__name__}."),
        "Write to_js(…, dict_converter=Object.fromEntries), or give the options by keyword.",
    )


class _Constructor(type):
    """The type of JavaScript's classes: they are called with `new`, and know their instances."""

    instances: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"Class constructor {cls.__name__} cannot be invoked without 'new'")

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.instances)


class Headers(metaclass=_Constructor):
    """`Headers.new(pairs)`: headers that can be changed."""

    instances = FetchHeaders

    @staticmethod
    def new(init: Any = None, /) -> FetchHeaders:
        """Make headers of pairs, of other headers, or of an object of JavaScript's."""
        if isinstance(init, dict):
            init = _object(init)
        return FetchHeaders(init)


class Response(metaclass=_Constructor):
    """`Response.new(body, options)`."""

    instances = FetchResponse

    @staticmethod
    def new(body: Any = None, *init: Any, **options: Any) -> FetchResponse:
        """Make a response. options: status, statusText, headers; in an object or by keyword."""
        given = _options(init, options, "status statusText headers")
        return FetchResponse(body, **_with_headers(given))

    @staticmethod
    def json(data: Any, *init: Any, **options: Any) -> FetchResponse:
        """Make a response of data, as JSON without spaces."""
        given = _with_headers(_options(init, options, "status statusText headers"))
        headers = FetchHeaders(given.pop("headers", None))
        if "content-type" not in headers:
            headers["content-type"] = "application/json"
        return FetchResponse(JSON.stringify(data), headers=headers, **given)

    @staticmethod
    def redirect(url: str, status: int = 302) -> FetchResponse:
        """Make a redirect."""
        return FetchResponse.redirect(url, status)


class Request(metaclass=_Constructor):
    """`Request.new(url, options)`."""

    instances = FetchRequest

    @staticmethod
    def new(input: Any, *init: Any, **options: Any) -> FetchRequest:
        """Make a request. options: method, headers, body, redirect, cf."""
        given = _options(init, options, "method headers body redirect cf")
        return FetchRequest(input, **_with_headers(given))


def _with_headers(options: dict[str, Any]) -> dict[str, Any]:
    if options.get("headers") is not None:
        options["headers"] = Headers.new(options["headers"])
    return options


class URL(metaclass=_Constructor):
    """`URL.new(url, base)`: a URL's parts, as the URL standard names them."""

    instances = ada_url.URL

    @staticmethod
    def new(url: Any, base: str | None = None, /) -> Any:
        """Parse a URL; TypeError for one that is none."""
        try:
            return _Url(str(url), base)
        except ValueError:
            raise TypeError("Invalid URL string.") from None


class _SearchParams(ada_url.URLSearchParams):
    """The parameters of a query, with the standard's name of a method."""

    getAll = ada_url.URLSearchParams.get_all


class _Url(ada_url.URL):
    """A URL, with its query's parameters."""

    @property
    def searchParams(self) -> _SearchParams:
        """A copy of the query's parameters, to be read."""
        return _SearchParams(self.search)

    def toString(self) -> str:
        """Return the URL as text."""
        return str(self.href)


class Object:
    """JavaScript's functions on objects."""

    @staticmethod
    def new(**entries: Any) -> JsDict:
        """Make an object."""
        return JsDict(entries)

    @staticmethod
    def fromEntries(entries: Iterable[Iterable[Any]], /) -> JsDict:
        """Make an object of pairs, as in `to_js(…, dict_converter=Object.fromEntries)`."""
        pairs = entries.items() if isinstance(entries, Map) else entries
        return JsDict({str(key): value for key, value in pairs})

    @staticmethod
    def keys(obj: Any, /) -> list[str]:
        """Return an object's names."""
        return list(_object(obj))

    @staticmethod
    def values(obj: Any, /) -> list[Any]:
        """Return an object's values."""
        return [*_object(obj).values()]

    @staticmethod
    def entries(obj: Any, /) -> list[list[Any]]:
        """Return an object's pairs."""
        return [[key, value] for key, value in _object(obj).items()]

    @staticmethod
    def assign(target: Any, /, *sources: Any) -> JsDict:
        """Copy the entries of objects into one, and return that."""
        for source in sources:
            _object(target).update(_object(source))
        return _object(target)


class JSON:
    """JavaScript's JSON."""

    @staticmethod
    def parse(text: str, /) -> Any:
        """Return the value of a text, its objects as JavaScript's; ValueError for no JSON."""
        return json.loads(text, object_hook=JsDict)

    @staticmethod
    def stringify(value: Any, replacer: None = None, space: int | str | None = None) -> str:
        """Return a value as JSON, without spaces unless space says how to indent."""
        if replacer is not None:
            raise TypeError("JSON.stringify takes no replacer here.")
        separators = (",", ":") if not space else None
        return json.dumps(value, separators=separators, indent=space or None, ensure_ascii=False)


class Date:
    """JavaScript's clock."""

    @staticmethod
    def now() -> int:
        """Return the time in ms since the epoch, by the runtime's clock."""
        running = current.get()
        return int(1000 * (time.time() if running is None else running.now()))

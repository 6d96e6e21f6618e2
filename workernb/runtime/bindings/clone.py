"""Structured clone: the copies of values that cross a binding.

Nothing that one Worker can change is shared with another. What arrives is what the platform's
Python Workers receive: a dict as a JsDict, bytes as a memoryview, a date as a naive datetime in
UTC, to the millisecond. Cycles and shared references are kept.
https://html.spec.whatwg.org/multipage/structured-data.html
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import FunctionType, NoneType
from typing import Any

from workernb.errors import DataCloneError, with_notes
from workernb.http.headers import Headers
from workernb.http.request import Request, receive
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.texts import PlatformText
from workernb.workers.buffers import JsBuffer
from workernb.workers.containers import (
    JsArray,
    JsBigInt,
    JsBytes,
    JsObject,
    JsSet,
    JsValue,
    Map,
    as_key,
    js_bytes,
    key_value,
    kind_of_bytes,
)  # fmt: skip
from workernb.workers.rpc import JsDict, RpcTarget

from .remote_errors import copy_of_error

MAX_BYTES = 32 * 1024 * 1024
"""The maximum size of a message, as on the platform."""

SCALARS = frozenset({NoneType, bool, int, float})
"""Types whose values are immutable and small, and passed on themselves."""

SHORT = 4096
"""Up to this length a text is passed on without a count of the message's size."""
FEW = 64
"""Up to this length a list or dict is checked for a plain copy."""

Export = Callable[[Any], Any]
"""A function that returns what the receiver gets for a value sent by reference, and which returns
NotImplemented for any other value."""


def clone(value: Any, export: Export) -> Any:
    """Return the copy of `value` that the other Worker receives.

    Raises TypeError or DataCloneError for a value that cannot be sent, or if the size is more than
    32 MiB.
    """
    kind = type(value)
    if kind in SCALARS or (kind is str and len(value) <= SHORT):
        return value
    if (kind is dict or kind is JsDict) and len(value) <= FEW:
        for key, item in value.items():
            item_kind = type(item)
            if type(key) is not str or not (
                item_kind in SCALARS or (item_kind is str and len(item) <= SHORT)
            ):
                break
        else:
            return JsDict(value)
    if kind is FunctionType or issubclass(kind, RpcTarget):
        return export(value)
    cloner = Cloner(export)
    copied = cloner.clone(value)
    cloner.check_size()
    return copied


def clone_arguments(
    args: Sequence[Any], kwargs: Mapping[str, Any], export: Export
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Return copies of a call's arguments, which share references and one limit of size."""
    if not kwargs:
        # Each of these is cloned alone: it refers to none of the others.
        for value in args:
            kind = type(value)
            if not (
                kind in SCALARS
                or kind is FunctionType
                or (kind is str and len(value) <= SHORT)
                or (len(args) == 1)
            ):
                break
        else:
            return [clone(value, export) for value in args], kwargs
    cloner = Cloner(export)
    copied = (
        [cloner.clone(value) for value in args],
        {name: cloner.clone(value) for name, value in kwargs.items()},
    )
    cloner.check_size()
    return copied


class Cloner:
    """Clones the values of one message. size: an estimate of its serialized size, in bytes."""

    def __init__(self, export: Export) -> None:
        """Begin a message. export: for the values that are sent by reference."""
        self.size = 0
        self._export = export
        self._copies: dict[int, Any] = {}
        self._originals: list[Any] = []  # Keeps them alive, so that no two have the same id.

    def check_size(self) -> None:
        """Raise DataCloneError if the message is larger than the platform allows."""
        if self.size > MAX_BYTES:
            raise DataCloneError(PlatformText.RPC_SIZE.format(size=self.size))

    def clone(self, value: Any) -> Any:
        """Return a copy of a value."""
        kind = type(value)
        if kind in SCALARS:
            self.size += 2 if kind is not int else 2 + value.bit_length() // 7
            return value
        if kind is str:
            self.size += 2 + (len(value) if value.isascii() else 2 * len(value))
            self.check_size()
            return value
        if id(value) in self._copies:
            self.size += 2
            return self._copies[id(value)]
        copy = _COPIERS.get(kind) or _copier_of(value)
        if copy is not None:
            return copy(self, value)
        copied = self._export(value)
        if copied is NotImplemented:
            raise refusal(value)
        self.keep(value, copied)
        self.size += 32
        return copied

    def keep(self, original: Any, copied: Any) -> Any:
        """Note the copy of a value, for further references to it, and return it."""
        self._copies[id(original)] = copied
        self._originals.append(original)
        self.size += 2
        return copied

    def clone_dict(self, value: dict[Any, Any]) -> JsDict:
        """Return a copy of a dict, with its keys as text."""
        copied: JsDict = self.keep(value, JsDict())
        for key, item in value.items():
            text = key if type(key) is str else _key(key)
            self.size += 2 + len(text)
            copied[text] = self.clone(item)
        return copied

    def clone_list(self, value: list[Any]) -> list[Any]:
        """Return a copy of a list."""
        copied: list[Any] = self.keep(value, [])
        copied.extend(self.clone(item) for item in value)
        return copied

    def clone_set(self, value: set[Any] | frozenset[Any]) -> set[Any]:
        """Return a copy of a set."""
        copied: set[Any] = self.keep(value, set())
        copied.update(self.clone(item) for item in value)
        return copied

    def clone_bytes(self, value: bytes | memoryview | JsBuffer) -> memoryview:
        """Return a copy of bytes as a memoryview."""
        data = bytes(value)
        self.size += 2 + len(data)
        self.check_size()
        kind = kind_of_bytes(value)
        copy = memoryview(data) if kind == "Uint8Array" else js_bytes(kind, data).view()
        copied: memoryview = self.keep(value, copy)
        return copied

    def clone_map(self, value: Map) -> Map:
        """Return a copy of a Map, whose keys need not be text."""
        copied: Map = self.keep(value, Map())
        for key, item in value.items():
            copied[as_key(self.clone(key_value(key)), copied)] = self.clone(item)
        return copied

    def clone_js_set(self, value: JsSet) -> JsSet:
        """Return a copy of a Set, in its order."""
        copied: JsSet = self.keep(value, JsSet())
        for item in value.in_order():
            copied.append(self.clone(item))
        return copied

    def clone_array(self, value: JsArray) -> JsArray:
        """Return a copy of an array in which something is undefined."""
        copied: JsArray = self.keep(value, JsArray())
        copied.extend(self.clone(item) for item in value)
        copied.absent = dict(value.absent)
        return copied

    def clone_object(self, value: JsObject) -> JsObject:
        """Return a copy of an object that has undefined properties."""
        copied: JsObject = self.keep(value, JsObject(value._undefined))
        for name, item in value.items():
            self.size += 2 + len(name)
            copied[name] = self.clone(item)
        return copied

    def clone_immutable(self, value: JsBigInt | JsValue) -> Any:
        """Return a value that cannot be changed itself."""
        self.size += 16
        return self.keep(value, value)

    def clone_datetime(self, value: datetime) -> datetime:
        """Return a date as the platform's: naive, in UTC, and in whole milliseconds."""
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        self.size += 10
        return value.replace(microsecond=value.microsecond // 1000 * 1000)

    def clone_str(self, value: str) -> Any:
        """Return a subclass's text as a plain one."""
        return self.clone(str.__str__(value))

    def clone_int(self, value: int) -> Any:
        """Return a subclass's number as a plain one."""
        return self.clone(int.__int__(value))

    def clone_float(self, value: float) -> Any:
        """Return a subclass's number as a plain one."""
        return self.clone(float.__float__(value))

    def clone_blob(self, value: Any) -> Any:
        """Return a copy of a Blob, which has its type."""
        self.size += value.size
        self.check_size()
        return self.keep(value, value.slice(content_type=value.content_type))

    def clone_headers(self, value: Headers) -> Headers:
        """Return a copy of headers."""
        self.size += sum(len(name) + len(text) + 4 for name, text in value.items())
        copied: Headers = self.keep(value, Headers(value))
        return copied

    def move_request(self, value: Request) -> Request:
        """Return the request that arrives: the body moves into it."""
        copied: Request = self.keep(value, receive(value))
        self._move_body(copied)
        return copied

    def move_response(self, value: Response) -> Response:
        """Return the response that arrives: the body moves into it."""
        if value.web_socket is not None:
            raise refusal(value.web_socket)
        copied: Response = self.keep(value, value._send(value.url))
        self._move_body(copied)
        return copied

    def _move_body(self, message: Request | Response) -> None:
        data = message._data
        if isinstance(data, str | bytes):
            self.size += len(data)
        elif data.__class__ is ReadableStream:
            message._data = self._export(data)

    def clone_exception(self, value: BaseException) -> Exception:
        """Return a copy of an exception, without its traceback."""
        copied: Exception = self.keep(value, copy_of_error(value, self.clone))
        self.size += 64
        return copied


_COPIERS: dict[type, Callable[[Cloner, Any], Any]] = {
    dict: Cloner.clone_dict,
    JsDict: Cloner.clone_dict,
    list: Cloner.clone_list,
    set: Cloner.clone_set,
    frozenset: Cloner.clone_set,
    bytes: Cloner.clone_bytes,
    memoryview: Cloner.clone_bytes,
    JsBuffer: Cloner.clone_bytes,
    JsBytes: Cloner.clone_bytes,
    Map: Cloner.clone_map,
    JsSet: Cloner.clone_js_set,
    JsArray: Cloner.clone_array,
    JsObject: Cloner.clone_object,
    JsBigInt: Cloner.clone_immutable,
    JsValue: Cloner.clone_immutable,
    datetime: Cloner.clone_datetime,
    Headers: Cloner.clone_headers,
    Request: Cloner.move_request,
    Response: Cloner.move_response,
}

_FORMS = "workernb.http.forms"
"""The package of Blob and its kin, whose classes are known by name: few programs import it."""

_SOCKETS = "workernb.http.websockets"
"""The package of WebSocket, which few programs import either."""

_COPIERS_OF_SUBCLASSES: tuple[tuple[Any, Callable[[Cloner, Any], Any]], ...] = (
    (dict, Cloner.clone_dict),
    (list, Cloner.clone_list),
    ((set, frozenset), Cloner.clone_set),
    (str, Cloner.clone_str),
    (int, Cloner.clone_int),
    (float, Cloner.clone_float),
    (datetime, Cloner.clone_datetime),
    (Exception, Cloner.clone_exception),
    (Request, Cloner.move_request),
    (Response, Cloner.move_response),
)


def _copier_of(value: Any) -> Callable[[Cloner, Any], Any] | None:
    """Return the copier of a value whose class is a subclass of a type that can be sent."""
    kind = type(value)
    if kind.__module__.startswith(_FORMS):
        return Cloner.clone_blob if kind.__name__ == "Blob" else None
    for base, copier in _COPIERS_OF_SUBCLASSES:
        if issubclass(kind, base):
            return copier
    return None


def _key(key: Any) -> str:
    """Return a dict's key as the text that it is on the platform; DataCloneError for an object."""
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return int.__repr__(int(key)) if key.is_integer() else float.__repr__(key)
    raise with_notes(refusal(key), "It is the key of a dict: keys are sent as text.")


def refusal(value: Any) -> Exception:
    """Return the platform's error about a value that cannot be sent, with the remedy."""
    kind = type(value)
    if kind in _REMEDIES:
        text, remedy = _REMEDIES[kind]
        return with_notes(TypeError(text.format(type=kind)), remedy)
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # Python would warn that it was never awaited.
        remedy = "It is not yet its result: did you forget await?"
        return with_notes(TypeError(PlatformText.RPC_AWAITABLE.format(type=kind)), remedy)
    if issubclass(kind, tuple | bytearray):
        return refusal(() if issubclass(kind, tuple) else bytearray())
    error = DataCloneError(PlatformText.DATA_CLONE.format(type=kind.__qualname__))
    if kind.__module__.startswith(_FORMS) and kind.__name__ in _REMEDIES_OF_FORMS:
        return with_notes(error, _REMEDIES_OF_FORMS[kind.__name__])
    if kind.__module__.startswith(_SOCKETS):
        return with_notes(
            error, "A WebSocket goes with a response to a fetch: await env.CHAT.fetch(request)."
        )
    if dataclasses.is_dataclass(kind):
        return with_notes(error, "Send dataclasses.asdict(value), or make the class an RpcTarget.")
    return with_notes(
        error,
        "Send its data as a dict. To let the other Worker call it, make its class an RpcTarget.",
    )


_REMEDIES: dict[type, tuple[str, str]] = {
    tuple: (PlatformText.RPC_REFUSED, "Send a list: list(value)."),
    bytearray: (PlatformText.RPC_REFUSED, "Send bytes: bytes(value)."),
    re.Pattern: (PlatformText.RPC_REFUSED, "Send its text: value.pattern."),
}

_REMEDIES_OF_FORMS = {
    "File": "Send a Blob and what is lost: {'blob': Blob(value), 'name': value.name}.",
    "FormData": "Send it as a body, Response(value), and read it with response.form_data().",
    "URLSearchParams": "Send its text, str(value), and read it with URLSearchParams(text).",
}

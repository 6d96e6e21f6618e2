"""Values as they cross between the languages: a list of tags and parts, which each side reads.

`scripts/values.js` is the other side. What is sent by reference stays what the runtime has for it:
functions and objects of RpcTarget become functions and an RpcTarget in Python, which the runtime
makes stubs of; stubs that come from there are called by their numbers in JavaScript.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from workernb.errors import DataCloneError
from workernb.http import lazy
from workernb.http.headers import Headers
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.runtime.bindings.rpc import BindingStub
from workernb.runtime.bindings.service import ServiceBinding
from workernb.texts import PlatformText
from workernb.workers import containers
from workernb.workers.containers import (
    NULL,
    JsArray,
    JsBigInt,
    JsObject,
    JsSet,
    JsValue,
    Map,
    as_key,
    js_bytes,
    key_value,
    kind_of_bytes,
)  # fmt: skip
from workernb.workers.rpc import JsDict, RpcStub, RpcTarget

from .run import Run

(
    UNDEFINED, NULL_TAG, SCALAR, BIGINT, ARRAY, OBJECT, MAP, SET, DATE, BYTES, ERROR, FUNCTION,
    MESSAGE, HEADERS, BLOB, STREAM, SAME, STUB, TARGET, SIGNAL, BINDING, HOLE, PARTIAL_ARRAY,
    PARTIAL_OBJECT, VIEW, VALUE,
) = range(26)  # fmt: skip

MAX_SAFE = 2**53 - 1

DISPOSE = "[Symbol.dispose]"
"""The name by which JavaScript tells of the method of that symbol."""
_EPOCH = datetime(1970, 1, 1)


# From Python to JavaScript


def written(values: Sequence[Any], run: Run) -> list[Any]:
    """Return values as a list for `internal.receive`. run: which gets them."""
    writer = _Writer(run)
    writer.out.append(len(values))
    for value in values:
        writer.write(value)
    return writer.out


class _Writer:
    def __init__(self, run: Run) -> None:
        self.out: list[Any] = []
        self._run = run
        self._wrap = run.realm.machine.wrap
        self._seen: dict[int, int] = {}

    def write(self, value: Any) -> None:
        out, kind = self.out, type(value)
        if value is None:
            out.append(UNDEFINED if not self._seen else NULL_TAG)
        elif kind is bool or kind is float or kind is str:
            out += (SCALAR, value)
        elif kind is int:
            out += (SCALAR, value) if -MAX_SAFE <= value <= MAX_SAFE else (BIGINT, str(value))
        elif kind is JsBigInt:
            out += (BIGINT, str(int(value)))
        elif id(value) in self._seen:
            out += (SAME, self._seen[id(value)])
        else:
            self._write_any(value)

    def _write_any(self, value: Any) -> None:
        out = self.out
        write = _WRITERS.get(value.__class__)
        if write is not None:
            self._keep(value)
            write(self, value)
        elif not isinstance(value, dict | list | set):
            self._keep(value)
            out += self._of_class(value)
        elif isinstance(value, dict):
            self._keep(value)
            out += (OBJECT, len(value))
            for name, item in value.items():
                out.append(name)
                self.write(item)
        else:
            self._keep(value)
            out += (SET if isinstance(value, set) else ARRAY, len(value))
            for item in value:
                self.write(item)

    def _write_map(self, value: Map) -> None:
        self.out += (MAP, len(value))
        for key, item in value.items():
            self.write(key_value(key))
            self.write(item)

    def _write_set(self, value: JsSet) -> None:
        self.out += (SET, len(value))
        for item in value.in_order():
            self.write(item)

    def _write_array(self, value: JsArray) -> None:
        self.out += (ARRAY, len(value))
        for index, item in enumerate(value):
            absent = value.absent.get(index) if item is None else None
            if absent is None:
                self.write(item)
            else:
                self.out.append(HOLE if absent == containers.HOLE else UNDEFINED)

    def _write_object(self, value: JsObject) -> None:
        self.out += (OBJECT, len(value))
        for name, item in value.items():
            self.out.append(name)
            if item is None and name in value._undefined:
                self.out.append(UNDEFINED)
            else:
                self.write(item)

    def _write_value(self, value: JsValue) -> None:
        if value is NULL:
            self.out.append(NULL_TAG)
        else:
            self.out += (VALUE, value.kind, *value.parts)

    def _keep(self, value: Any) -> None:
        self._seen[id(value)] = len(self._seen)

    def _of_class(self, value: Any) -> tuple[Any, ...]:
        run = self._run
        if isinstance(value, bytes | bytearray | memoryview):
            kind = kind_of_bytes(value)
            return (BYTES, bytes(value)) if kind == "Uint8Array" else (VIEW, kind, bytes(value))
        if isinstance(value, datetime):
            if value.tzinfo is not None:
                value = value.astimezone(UTC).replace(tzinfo=None)
            return DATE, (value - _EPOCH) / timedelta(milliseconds=1)
        if isinstance(value, Request | Response):
            return MESSAGE, isinstance(value, Request), self._wrap(value)
        if isinstance(value, Headers):
            return HEADERS, self._wrap(value)
        if isinstance(value, BindingStub | ServiceBinding):
            return BINDING, run.realm.host.bind(value)
        if isinstance(value, RpcStub):
            return STUB, run.keep(value)
        if isinstance(value, ReadableStream):
            return STREAM, self._wrap(Response(value))
        if isinstance(value, BaseException):
            return ERROR, run.realm.host.about(value, run)
        if hasattr(value, "_body_source") and hasattr(value, "content_type"):
            return BLOB, bytes(value._data), value.content_type or ""
        raise DataCloneError(PlatformText.DATA_CLONE.format(type=type(value).__qualname__))


_WRITERS: Mapping[type, Callable[[_Writer, Any], None]] = {
    Map: _Writer._write_map,
    JsSet: _Writer._write_set,
    JsArray: _Writer._write_array,
    JsObject: _Writer._write_object,
    JsValue: _Writer._write_value,
}


# From JavaScript to Python


class Reader:
    """Reads values of a list that `internal.send` has made. run: whose code has sent them."""

    def __init__(self, parts: Iterator[Any], run: Run) -> None:
        """Begin with the number of values."""
        self._parts = parts
        self._run = run
        self._objects: list[Any] = []

    def values(self) -> list[Any]:
        """Return the values."""
        return [self._read() for _ in range(int(next(self._parts)))]

    def result(self) -> Any:
        """Return the only value, which is NULL for null."""
        next(self._parts)
        tag = int(next(self._parts))
        return NULL if tag == NULL_TAG else self._read(tag)

    def _read(self, tag: int | None = None) -> Any:
        parts = self._parts
        if tag is None:
            tag = int(next(parts))
        if tag in (UNDEFINED, NULL_TAG):
            return None
        if tag == SCALAR:
            return _number(next(parts))
        if tag == BIGINT:
            return JsBigInt(next(parts))
        if tag == SAME:
            return self._objects[int(next(parts))]
        place = len(self._objects)
        self._objects.append(None)
        if tag in _CONTAINERS:
            return _CONTAINERS[tag](self, place)
        value = self._objects[place] = _READERS[tag](self, parts)
        return value

    def _array(self, place: int) -> list[Any]:
        made: list[Any] = []
        self._objects[place] = made
        made += (self._read() for _ in range(int(next(self._parts))))
        return made

    def _object(self, place: int) -> JsDict:
        made = JsDict()
        self._objects[place] = made
        for _ in range(int(next(self._parts))):
            name = next(self._parts)
            made[name] = self._read()
        return made

    def _partial_array(self, place: int) -> JsArray:
        made = JsArray()
        self._objects[place] = made
        made.absent = {int(index): containers.UNDEFINED for index in self._absent()}
        made.absent.update({int(index): containers.HOLE for index in self._absent()})
        made += (self._read() for _ in range(int(next(self._parts))))
        return made

    def _partial_object(self, place: int) -> JsObject:
        made = JsObject(self._absent())
        self._objects[place] = made
        for _ in range(int(next(self._parts))):
            name = next(self._parts)
            made[name] = self._read()
        return made

    def _absent(self) -> Iterator[Any]:
        return (next(self._parts) for _ in range(int(next(self._parts))))

    def _map(self, place: int) -> Map:
        made = Map()
        self._objects[place] = made
        for _ in range(int(next(self._parts))):
            key = as_key(self._read(), made)
            made[key] = self._read()
        return made

    def _set(self, place: int) -> JsSet:
        made = JsSet()
        self._objects[place] = made
        for _ in range(int(next(self._parts))):
            made.append(self._read())
        return made

    def _error(self, parts: Iterator[Any]) -> BaseException:
        return self._run.error_of(int(next(parts)), next(parts), next(parts), next(parts))

    def _function(self, parts: Iterator[Any]) -> Any:
        number, name = int(next(parts)), next(parts)
        return _as_function(Exported(self._run.realm, number), name)

    def _target(self, parts: Iterator[Any]) -> Any:
        number, name = int(next(parts)), next(parts)
        members = tuple((next(parts), bool(next(parts))) for _ in range(int(next(parts))))
        target: Any = _class_of(name, members)()
        target._exported = Exported(self._run.realm, number)
        return target

    def _stub(self, parts: Iterator[Any]) -> Any:
        return self._run.realm.host.source(int(next(parts)))

    def _binding(self, parts: Iterator[Any]) -> Any:
        return self._run.realm.host.bound(int(next(parts)))


def _number(value: Any) -> Any:
    """Return a number of JavaScript's as an int where it is one."""
    if value.__class__ is float and value.is_integer() and abs(value) <= MAX_SAFE:
        return int(value) if value or math.copysign(1, value) > 0 else value
    return value


def _blob(reader: Reader, parts: Iterator[Any]) -> Any:
    data, kind = next(parts).to_bytes(), next(parts)
    return lazy.load("workernb.http.forms").Blob(data, kind)


def _date(reader: Reader, parts: Iterator[Any]) -> datetime | JsValue:
    time = float(next(parts))
    try:
        return (_EPOCH + timedelta(milliseconds=time)).replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return JsValue("Date", time)  # An invalid date, or one that is no year of Python's.


def _view(reader: Reader, parts: Iterator[Any]) -> memoryview:
    kind, data = next(parts), next(parts)
    return js_bytes(kind, data.to_bytes()).view()


def _value(reader: Reader, parts: Iterator[Any]) -> JsValue:
    kind = next(parts)
    return JsValue(kind, *(next(parts) for _ in range(int(next(parts)))))


_CONTAINERS: Mapping[int, Callable[[Reader, int], Any]] = {
    ARRAY: Reader._array, OBJECT: Reader._object, MAP: Reader._map, SET: Reader._set,
    PARTIAL_ARRAY: Reader._partial_array, PARTIAL_OBJECT: Reader._partial_object,
}  # fmt: skip

_READERS: Mapping[int, Callable[[Reader, Iterator[Any]], Any]] = {
    DATE: _date,
    BYTES: lambda reader, parts: next(parts).to_bytes(),
    ERROR: Reader._error,
    FUNCTION: Reader._function,
    TARGET: Reader._target,
    MESSAGE: lambda reader, parts: next(parts),
    HEADERS: lambda reader, parts: next(parts),
    STREAM: lambda reader, parts: next(parts),
    SIGNAL: lambda reader, parts: next(parts),
    BLOB: _blob,
    VIEW: _view,
    VALUE: _value,
    STUB: Reader._stub,
    BINDING: Reader._binding,
}


class Exported:
    """A function or an RpcTarget of JavaScript's, as Python calls it: in the invocation that runs.

    When nothing refers to it any more, JavaScript may drop it.
    """

    def __init__(self, realm: Any, number: int) -> None:
        """Stand for what JavaScript has exported by a number."""
        self._realm = realm
        self._number = number
        weakref.finalize(self, realm.host.to_release.append, number).atexit = False

    async def call(self, path: tuple[str, ...], args: Sequence[Any] | None) -> Any:
        """Call a method of it, itself for no names; read a property for None."""
        from workernb.workers.current import running

        run = Run(self._realm, running())
        try:
            parts = None if args is None else written(args, run)
            run.enter(self._realm.enter_exported, self._number, run.number, list(path), parts)
            return await run.result()
        finally:
            run.leave()

    def dispose(self) -> None:
        """Call its method of `Symbol.dispose`."""
        from workernb.workers.current import running

        run = Run(self._realm, running())
        try:
            run.enter(self._realm.enter_dispose, self._number, run.number)
            if run._error is not None:
                raise run._error
        finally:
            run.leave()


def _as_function(exported: Exported, name: str) -> Callable[..., Any]:
    async def function(*args: Any) -> Any:
        return await exported.call((), args)

    function.__name__ = name or "function"
    return function


@lru_cache(maxsize=256)
def _class_of(name: str, members: tuple[tuple[str, bool], ...]) -> type[RpcTarget]:
    """Return a class whose methods and properties are those of a class of JavaScript's."""
    made: dict[str, Any] = {
        member: _method(member) if is_method else property(_property(member))
        for member, is_method in members
        if not member.startswith(("_", "["))
    }
    if (DISPOSE, True) in members:
        made["dispose"] = lambda self: self._exported.dispose()
    return type(name or "RpcTarget", (RpcTarget,), made)


def _method(name: str) -> Callable[..., Any]:
    async def method(self: Any, *args: Any) -> Any:
        return await self._exported.call((name,), args)

    method.__name__ = name
    return method


def _property(name: str) -> Callable[[Any], Any]:
    return lambda self: self._exported.call((name,), None)

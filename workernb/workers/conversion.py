"""`python_to_rpc` and `python_from_rpc`: values as JavaScript would hold them.

There is no JavaScript between Workers here. So a value that is converted is a copy, of which the
Python code sees what it would see of a JavaScript object on the platform.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workernb.http.source import is_buffer
from workernb.texts import PlatformText

from .buffers import JsBuffer

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a JavaScript number holds exactly."""


class JsDict(dict[str, Any]):
    """A JavaScript object: a dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None


def python_to_rpc(value: Any) -> Any:
    """Return a copy of a value as JavaScript would hold it, for an argument of a binding.

    A dict becomes a JsDict with text as keys; bytes and other buffers a memoryview of a copy; a
    datetime one in local time, to the millisecond; a float without a fraction an int; an exception
    an Exception with the text of a JavaScript error. Functions, messages, bindings and objects of
    other classes stay what they are. Raises TypeError, with the platform's text, for a tuple, a
    bytearray, and what can be awaited.
    """
    return _Conversion().convert(value)


def python_from_rpc(value: Any) -> Any:
    """Return what Python code sees of a value that JavaScript holds.

    Here that is the value itself: what comes over a binding, or from `python_to_rpc`, is what
    Python code would see of it.
    """
    return value


class _Conversion:
    """One conversion. An object that occurs twice is converted once, so circles stay circles."""

    def __init__(self) -> None:
        self._converted: dict[int, Any] = {}

    def convert(self, value: Any) -> Any:
        convert = _converters.get(type(value)) or _converter(value)
        if convert is not None:
            return convert(self, value)
        refuse(value)
        return value

    def dict(self, value: Mapping[Any, Any]) -> Any:
        return self._fill(value, result := JsDict(), lambda: result.update(self._items(value)))

    def list(self, value: Iterable[Any]) -> Any:
        result: list[Any] = []
        return self._fill(value, result, lambda: result.extend(map(self.convert, value)))

    def set(self, value: Iterable[Any]) -> Any:
        result: set[Any] = set()
        return self._fill(value, result, lambda: result.update(map(self.convert, value)))

    def _fill(self, value: Any, result: Any, fill: Callable[[], None]) -> Any:
        if id(value) not in self._converted:
            self._converted[id(value)] = result
            fill()
        return self._converted[id(value)]

    def _items(self, value: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
        return [(_as_key(key), self.convert(each)) for key, each in value.items()]

    def same(self, value: Any) -> Any:
        return value

    def float(self, value: float) -> int | float:
        whole = value.is_integer() and abs(value) <= MAX_SAFE_INTEGER
        return int(value) if whole else value

    def datetime(self, value: datetime.datetime) -> datetime.datetime:
        # As the SDK makes it of a JavaScript Date, which counts milliseconds.
        return datetime.datetime.fromtimestamp(int(value.timestamp() * 1000) / 1000)

    def buffer(self, value: Any) -> memoryview:
        return memoryview(bytes(value)).cast("B")

    def error(self, value: Exception) -> Exception:
        return Exception(f"Error: {value}" if str(value) else "Error")


_converters: dict[type, Callable[[_Conversion, Any], Any]] = {
    type(None): _Conversion.same,
    bool: _Conversion.same,
    int: _Conversion.same,
    str: _Conversion.same,
    float: _Conversion.float,
    dict: _Conversion.dict,
    JsDict: _Conversion.dict,
    list: _Conversion.list,
    set: _Conversion.set,
    frozenset: _Conversion.set,
    bytes: _Conversion.buffer,
    memoryview: _Conversion.buffer,
    JsBuffer: _Conversion.buffer,
    datetime.datetime: _Conversion.datetime,
}


def _converter(value: Any) -> Callable[[_Conversion, Any], Any] | None:
    """Return what converts an object of a subclass, or a buffer; None for other objects."""
    if isinstance(value, Exception):
        return _Conversion.error
    for kind in (dict, list, set, frozenset, datetime.datetime):
        if isinstance(value, kind):
            return _converters[kind]
    if not isinstance(value, bytearray) and is_buffer(value):
        return _Conversion.buffer
    return None


def refuse(value: Any) -> None:
    """Raise TypeError for a value that the SDK refuses to convert."""
    if isinstance(value, tuple | bytearray):
        raise TypeError(PlatformText.NOT_OVER_RPC.format(type=type(value)))
    if inspect.isawaitable(value):
        raise TypeError(PlatformText.AWAITABLE_OVER_RPC.format(type=type(value)))


def _as_key(key: Any) -> str:
    """Return a key as JavaScript makes it: `true`, `null`, and text of everything else."""
    if isinstance(key, bool):
        return str(key).lower()
    return "null" if key is None else str(key)

"""`pyodide.ffi`, as far as Worker code uses it: `to_js`, proxies, and the names of types.

There is no JavaScript here, so no proxy is needed to keep an object alive; what the functions
return behaves as Python code would see it on the platform.
https://pyodide.org/en/stable/usage/api/python-api/ffi.html
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable
from typing import Any

from .buffers import JsBuffer
from .containers import JsBigInt, Map
from .conversion import JsDict

__all__ = [
    "JsBigInt",
    "JsBuffer",
    "JsException",
    "JsProxy",
    "create_once_callable",
    "create_proxy",
    "destroy_proxies",
    "jsnull",
    "to_js",
]

jsnull = None
"""JavaScript's null, which is None here."""


class JsException(Exception):
    """An error of JavaScript's; nothing here raises it but code that does so itself."""

    @property
    def message(self) -> str:
        """The text of the error."""
        return str(self)

    @property
    def name(self) -> str:
        """The name of the error's class in JavaScript."""
        return "Error"


class JsProxy(ABC):  # noqa: B024
    """The type of JavaScript's objects, for `isinstance`."""


class Proxy:
    """What `create_proxy` returns: stands for a Python object until it is destroyed."""

    def __init__(self, obj: Any) -> None:
        """Make a proxy of an object."""
        self._obj = obj
        self._destroyed = False

    def unwrap(self) -> Any:
        """Return the object; RuntimeError if the proxy is destroyed."""
        if self._destroyed:
            raise RuntimeError("Object has already been destroyed")
        return self._obj

    def destroy(self) -> None:
        """Make the proxy unusable."""
        self.unwrap()
        self._destroyed, self._obj = True, None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.unwrap()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unwrap(), name)


for _type in (JsBuffer, JsDict, Map, Proxy):
    JsProxy.register(_type)


def create_proxy(obj: Any, /, *, capture_this: bool = False, roundtrip: bool = True) -> Proxy:
    """Return a proxy that stands for an object until `destroy` is called.

    capture_this, roundtrip: taken for the platform's sake; they say what JavaScript sees.
    """
    return Proxy(obj)


def create_once_callable(obj: Callable[..., Any], /) -> Callable[..., Any]:
    """Return a function that calls another once; RuntimeError at the second call."""
    proxy = Proxy(obj)

    def call(*args: Any, **kwargs: Any) -> Any:
        function = proxy.unwrap()
        proxy.destroy()
        return function(*args, **kwargs)

    return call


def destroy_proxies(pyproxies: Iterable[Proxy], /) -> None:
    """Destroy each of the proxies."""
    for proxy in pyproxies:
        proxy.destroy()


def to_js(
    obj: Any,
    /,
    *,
    depth: int = -1,
    pyproxies: list[Any] | None = None,
    create_pyproxies: bool = True,
    dict_converter: Callable[[list[list[Any]]], Any] | None = None,
    default_converter: Callable[[Any, Callable[[Any], Any], Callable[..., Any]], Any] | None = None,
) -> Any:
    """Return a copy of a value as JavaScript would hold it.

    A list or tuple becomes a list, bytes a JsBuffer, a dict a Map, or what dict_converter makes of
    its pairs: `to_js({"status": 404}, dict_converter=Object.fromEntries)` is an object with
    options. depth: how many levels are converted, all if negative. default_converter: called with
    each object of another class, a function that converts, and one that notes a result for
    circles. pyproxies, create_pyproxies: taken for the platform's sake. An object that occurs
    twice is converted once.
    """
    done: dict[int, Any] = {}

    def convert(value: Any, depth: int = depth) -> Any:
        if depth == 0 or value is None or isinstance(value, str | int | float):
            return value
        if id(value) in done:
            return done[id(value)]
        if isinstance(value, list | tuple):
            result: Any = []
            done[id(value)] = result
            result.extend(convert(each, depth - 1) for each in value)
        elif isinstance(value, dict) and not isinstance(value, JsDict):
            pairs = [
                [convert(key, depth - 1), convert(each, depth - 1)] for key, each in value.items()
            ]
            result = Map(map(tuple, pairs)) if dict_converter is None else dict_converter(pairs)
        elif isinstance(value, set | frozenset):
            result = {convert(each, depth - 1) for each in value}
        elif isinstance(value, bytes | bytearray | memoryview):
            result = JsBuffer(value)
        elif default_converter is not None and not isinstance(value, JsProxy):
            result = default_converter(value, convert, lambda obj, out: done.update({id(obj): out}))
        else:
            result = value
        done[id(value)] = result
        return result

    return convert(obj)

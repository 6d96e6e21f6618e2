"""Streams, as JavaScript makes them: of functions that are called as chunks come and go."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

from workernb.http.streams import ReadableStream as FetchReadableStream
from workernb.http.streams import WritableStream as FetchWritableStream
from workernb.http.streams.controlled import TransformStream as Transform
from workernb.http.streams.controlled import controlled_stream
from workernb.http.streams.writable import result_of

from .objects import Constructor


class ReadableStream(metaclass=Constructor):
    """`ReadableStream.new(source)`: a stream whose source feeds it by a controller."""

    instances = FetchReadableStream

    @staticmethod
    def new(source: Any = None, strategy: Any = None, /, **functions: Any) -> FetchReadableStream:
        """Make a stream. source: has start, pull and cancel; functions: the same by keyword."""
        return controlled_stream(**_functions(source, functions, "start pull cancel"))

    @staticmethod
    def from_(iterable: Any, /) -> FetchReadableStream:
        """Make a stream of what an iterable yields: `getattr(ReadableStream, "from")(…)`."""
        if isinstance(iterable, Iterable) and not isinstance(iterable, AsyncIterable):
            return FetchReadableStream(_asynchronous(iterable))
        return FetchReadableStream(iterable)


# Its name in JavaScript is a keyword in Python.
setattr(ReadableStream, "from", staticmethod(ReadableStream.from_))


class WritableStream(metaclass=Constructor):
    """`WritableStream.new(sink)`: a stream whose sink takes what is written."""

    instances = FetchWritableStream

    @staticmethod
    def new(sink: Any = None, strategy: Any = None, /, **functions: Any) -> FetchWritableStream:
        """Make a stream. sink: has start, write, close and abort; functions: the same by keyword.

        The functions are called with what they need as their first argument, and without the
        controller.
        """
        return FetchWritableStream(_Sink(_functions(sink, functions, "start write close abort")))


class _Sink:
    """A sink of functions that an object of JavaScript's has."""

    def __init__(self, functions: Mapping[str, Any]) -> None:
        self._functions = functions
        self._starting = functions["start"]() if "start" in functions else None

    async def write(self, chunk: Any) -> None:
        starting, self._starting = self._starting, None
        await result_of(starting)
        await self._call("write", chunk)

    async def close(self) -> None:
        await self._call("close")

    async def abort(self, reason: Any) -> None:
        await self._call("abort", reason)

    async def _call(self, name: str, *args: Any) -> None:
        if name in self._functions:
            await result_of(self._functions[name](*args))


class TransformStream(metaclass=Constructor):
    """`TransformStream.new(transformer)`: what is written comes out of the other end."""

    instances = Transform

    @staticmethod
    def new(
        transformer: Any = None, writing: Any = None, reading: Any = None, /, **functions: Any
    ) -> Transform:
        """Make both ends. transformer: has start, transform and flush; or the same by keyword."""
        return Transform(**_functions(transformer, functions, "start transform flush"))


class IdentityTransformStream(TransformStream):
    """`IdentityTransformStream.new()`: what is written comes out as it is."""


def _functions(source: Any, given: Mapping[str, Any], names: str) -> dict[str, Any]:
    """Return the functions that an object has, of those that are known."""
    found = dict(given)
    for name in names.split():
        function = getattr(source, name, None)
        if isinstance(source, dict) and name in source:
            function = source[name]
        if function is not None:
            found.setdefault(name, function)
    for name in found:
        if name not in names.split() and name not in ("type", "autoAllocateChunkSize"):
            raise TypeError(f"The source of a stream has {names}, and no {name}.")
    return {name: found[name] for name in names.split() if name in found}


async def _asynchronous(iterable: Iterable[Any]) -> Any:
    for item in iterable:
        yield item

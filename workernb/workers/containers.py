"""Values of JavaScript's as Python has them: what a Python type alone would not tell apart.

Each is what Pyodide makes of the value, a dict, a set, a list, an int, with a note of what it was.
So Python code sees the usual type, and JavaScript gets back what it has sent.
https://pyodide.org/en/stable/usage/type-conversions.html
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from .conversion import JsDict

HOLE, UNDEFINED = "hole", "undefined"


class JsBigInt(int):
    """A BigInt: an int that JavaScript gets as a BigInt also where it is small."""


class Map(dict[Any, Any]):
    """A Map: a dict whose keys stay what they are; it is no object with options."""


class Key:
    """A key that a dict cannot hold: an object, or one that Python takes for another (1 and True).

    value: the key. Two are equal if they are the same.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        """Stand for a key."""
        self.value = value

    def __repr__(self) -> str:
        return f"Key({self.value!r})"


def as_key(value: Any, known: Any) -> Any:
    """Return a key for a dict or a set that has others: the value, or what stands for it."""
    return value if isinstance(value, Hashable) and value not in known else Key(value)


def key_value(key: Any) -> Any:
    """Return what a key stands for."""
    return key.value if key.__class__ is Key else key


class JsSet(set[Any]):
    """A Set: a set that knows the order in which JavaScript has added its values."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        """Make a set of values, in their order."""
        super().__init__()
        self._order: list[Any] = []
        for value in values:
            self.append(value)

    def append(self, value: Any) -> None:
        """Add a value, which need not be one that Python can hash."""
        key = as_key(value, self)
        self.add(key)
        self._order.append(key)

    def in_order(self) -> Iterator[Any]:
        """Return the values in their order, those that Python has added last."""
        kept = [key for key in self._order if key in self]
        added = self.difference(kept)
        return iter([key_value(key) for key in (*kept, *added)])


class JsArray(list[Any]):
    """An array in which something is undefined: a list with None there.

    absent: what is there, `undefined` or a hole, by index.
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        """Make an array of values, all of which are there."""
        super().__init__(values)
        self.absent: dict[int, str] = {}


class JsObject(JsDict):
    """An object that has properties which are undefined: a JsDict with None there."""

    __slots__ = ("_undefined",)
    _undefined: set[str]

    def __init__(self, undefined: Iterable[str] = ()) -> None:
        """Make an empty object. undefined: the names of what is undefined in it."""
        super().__init__()
        object.__setattr__(self, "_undefined", set(undefined))


class JsBytes(bytes):
    """The bytes of an ArrayBuffer, or of a view that is no Uint8Array. kind: its class's name."""

    kind: str

    def view(self) -> memoryview:
        """Return a memoryview of them, whose items are those of the view."""
        items: Any = FORMATS.get(self.kind, "B")
        made: memoryview = memoryview(self).cast(items)
        return made


FORMATS = {
    "Int8Array": "b", "Int16Array": "h", "Uint16Array": "H", "Int32Array": "i",
    "Uint32Array": "I", "Float32Array": "f", "Float64Array": "d", "BigInt64Array": "q",
    "BigUint64Array": "Q",
}  # fmt: skip
"""The formats of a memoryview's items, by the name of the class; the others have bytes."""


def js_bytes(kind: str, data: bytes) -> JsBytes:
    """Return the bytes of an object of the class `kind`."""
    made = JsBytes(data)
    made.kind = kind
    return made


def kind_of_bytes(value: Any) -> str:
    """Return the name of the class that bytes are of in JavaScript."""
    owner = value.obj if isinstance(value, memoryview) else value
    return owner.kind if owner.__class__ is JsBytes else "Uint8Array"


class JsValue:
    """A value of JavaScript's which Python has no type for: a RegExp, an invalid Date.

    kind: the name of its class; parts: what it is made of. It cannot be changed.
    """

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, *parts: Any) -> None:
        """Stand for an object of a class."""
        self.kind = kind
        self.parts = parts

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.parts))})"


NULL = JsValue("null")
"""What a call has returned that returned null, until a caller gets it: in Python None, which is
undefined in JavaScript."""

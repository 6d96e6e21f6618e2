"""Values as bytes, in the format of V8's serializer, which the platform keeps them in.

Structured clone: dicts with text as keys, lists, sets, text, numbers, booleans, None, dates, bytes.
Cycles and shared references are kept.
https://github.com/nodejs/node/blob/main/doc/api/v8.md#serialization-api
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from workernb.errors import StoreError
from workernb.resources.values import js_text
from workernb.runtime.bindings.clone import refusal
from workernb.workers.conversion import MAX_SAFE_INTEGER, JsDict

HEADER = b"\xff\x0f"
_INTS = b"\xff\x0fI"
_INT = range(-(2**30), 2**30)
_EPOCH = datetime(1970, 1, 1)


def serialize(value: Any) -> bytes:
    """Return a value as bytes; DataCloneError or TypeError for one that cannot be stored."""
    kind = type(value)
    if kind is int and 0 <= value < 8192:
        low = value << 1
        return _INTS + (bytes((low,)) if low < 128 else bytes((low & 127 | 128, low >> 7)))
    writer = _Writer()
    writer.write(value)
    return bytes(writer.out)


def deserialize(data: bytes) -> Any:
    """Return the value that bytes are; StoreError for bytes that are none."""
    if len(data) <= 5 and data[:3] == _INTS and not data[3] & 1:
        return data[3] >> 1 if len(data) == 4 else (data[3] & 127 | data[4] << 7) >> 1
    try:
        return _Reader(data).value()
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise StoreError(f"A stored value is damaged: {error!r}") from None


class _Writer:
    """Writes one value. out: the bytes so far."""

    def __init__(self) -> None:
        self.out = bytearray(HEADER)
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # So that no two have the same id.

    def write(self, value: Any) -> None:
        kind = type(value)
        write = _WRITERS.get(kind)
        if write is None:
            write = next((w for base, w in _WRITERS.items() if issubclass(kind, base)), None)
            if write is None or kind.__module__ == "builtins":
                raise refusal(value)
        write(self, value)

    def varint(self, number: int) -> None:
        while number > 127:
            self.out.append(number & 127 | 128)
            number >>= 7
        self.out.append(number)

    def constant(self, value: Any) -> None:
        self.out += {None: b"0", True: b"T", False: b"F"}[value]

    def integer(self, value: int) -> None:
        value = int.__int__(value)
        if value in _INT:
            self.out += b"I"
            self.varint(value << 1 if value >= 0 else (-value << 1) - 1)
        elif abs(value) <= MAX_SAFE_INTEGER:
            self.double(float(value))
        else:
            size = (abs(value).bit_length() + 63) // 64 * 8
            self.out += b"Z"
            self.varint(size << 1 | (value < 0))
            self.out += abs(value).to_bytes(size, "little")

    def double(self, value: float) -> None:
        self.out += b"N" + struct.pack("<d", value)

    def text(self, value: str) -> None:
        try:
            data = value.encode("latin-1")
            self.out += b'"'
            self.varint(len(data))
        except UnicodeEncodeError:
            data = value.encode("utf-16-le", "surrogatepass")
            length = _Writer()
            length.varint(len(data))
            if (len(self.out) + 1 + len(length.out) - len(HEADER)) % 2:
                self.out += b"\0"
            self.out += b"c"
            self.varint(len(data))
        self.out += data

    def date(self, value: datetime) -> None:
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        ms = (value - _EPOCH) // timedelta(milliseconds=1)
        self._refer(value)
        self.out += b"D" + struct.pack("<d", ms)

    def mapping(self, value: dict[Any, Any]) -> None:
        if self._is_known(value):
            return
        self.out += b"o"
        for key, item in value.items():
            if not isinstance(key, str | int | float):
                raise refusal(key)
            self.text(key if isinstance(key, str) else js_text(key))
            self.write(item)
        self.out += b"{"
        self.varint(len(value))

    def array(self, value: list[Any]) -> None:
        if self._is_known(value):
            return
        self.out += b"A"
        self.varint(len(value))
        for item in value:
            self.write(item)
        self.out += b"$\0"
        self.varint(len(value))

    def elements(self, value: set[Any]) -> None:
        if self._is_known(value):
            return
        self.out += b"'"
        for item in value:
            self.write(item)
        self.out += b","
        self.varint(len(value))

    def buffer(self, value: bytes | memoryview) -> None:
        data = bytes(value)
        self._refer(object())  # Of the buffer; the view has the next number.
        self._refer(value)
        self.out += b"B"
        self.varint(len(data))
        self.out += data + b"VB\0"
        self.varint(len(data))
        self.out += b"\0"

    def _is_known(self, value: Any) -> bool:
        """Write a reference to an object that was written before; return whether it was."""
        number = self._seen.get(id(value))
        if number is None:
            self._refer(value)
            return False
        self.out += b"^"
        self.varint(number)
        return True

    def _refer(self, value: Any) -> None:
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)


_WRITERS: dict[type, Callable[[Any, Any], None]] = {
    type(None): _Writer.constant,
    bool: _Writer.constant,
    int: _Writer.integer,
    float: _Writer.double,
    str: _Writer.text,
    datetime: _Writer.date,
    dict: _Writer.mapping,
    JsDict: _Writer.mapping,
    list: _Writer.array,
    set: _Writer.elements,
    frozenset: _Writer.elements,
    bytes: _Writer.buffer,
    memoryview: _Writer.buffer,
}


class _Reader:
    """Reads one value."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 2
        self._objects: list[Any] = []
        if data[:1] != b"\xff":
            raise IndexError("it has no header")

    def value(self) -> Any:
        tag = self._data[self._at]
        self._at += 1
        return _READERS[tag](self)

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def take(self, length: int) -> bytes:
        begin, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise IndexError("it ends too early")
        return self._data[begin : self._at]

    def integer(self) -> int:
        number = self.varint()
        return number >> 1 if not number & 1 else -(number >> 1) - 1

    def double(self) -> int | float:
        number: float = struct.unpack("<d", self.take(8))[0]
        whole = number.is_integer() and abs(number) <= MAX_SAFE_INTEGER
        return int(number) if whole and (number or str(number) == "0.0") else number

    def big(self) -> int:
        bits = self.varint()
        number = int.from_bytes(self.take(bits >> 1), "little")
        return -number if bits & 1 else number

    def latin(self) -> str:
        return self.take(self.varint()).decode("latin-1")

    def utf16(self) -> str:
        return self.take(self.varint()).decode("utf-16-le", "surrogatepass")

    def date(self) -> datetime:
        ms = struct.unpack("<d", self.take(8))[0]
        made: datetime = self._keep(_EPOCH + timedelta(milliseconds=ms))
        return made

    def mapping(self) -> JsDict:
        made: JsDict = self._keep(JsDict())
        while not self._ends(b"{"):
            key = self.value()
            made[key if isinstance(key, str) else str(key)] = self.value()
        self.varint()
        return made

    def array(self) -> list[Any]:
        made: list[Any] = self._keep([])
        for _ in range(self.varint()):
            made.append(self.value())
        if not self._ends(b"$"):
            raise KeyError("properties of an array")
        self.varint()
        self.varint()
        return made

    def elements(self) -> set[Any]:
        made: set[Any] = self._keep(set())
        while not self._ends(b","):
            made.add(self.value())
        self.varint()
        return made

    def pairs(self) -> Any:
        made: dict[Any, Any] = self._keep({})
        while not self._ends(b":"):
            key = self.value()
            made[key] = self.value()
        self.varint()
        return made

    def buffer(self) -> memoryview:
        data = memoryview(self.take(self.varint()))
        self._keep(data)
        if self._data[self._at : self._at + 1] != b"V":
            return data
        self._at += 2
        offset, length, _ = self.varint(), self.varint(), self.varint()
        return self._keep(data[offset : offset + length])  # type: ignore[no-any-return]

    def reference(self) -> Any:
        return self._objects[self.varint()]

    def _ends(self, tag: bytes) -> bool:
        """Skip the tag that ends an object; return whether it was there."""
        if self._data[self._at] != tag[0]:
            return False
        self._at += 1
        return True

    def _keep(self, made: Any) -> Any:
        self._objects.append(made)
        return made


_READERS: dict[int, Callable[[_Reader], Any]] = {
    0x00: _Reader.value,  # Padding.
    ord("_"): lambda reader: None,
    ord("0"): lambda reader: None,
    ord("T"): lambda reader: True,
    ord("F"): lambda reader: False,
    ord("I"): _Reader.integer,
    ord("N"): _Reader.double,
    ord("Z"): _Reader.big,
    ord('"'): _Reader.latin,
    ord("c"): _Reader.utf16,
    ord("D"): _Reader.date,
    ord("o"): _Reader.mapping,
    ord("A"): _Reader.array,
    ord("'"): _Reader.elements,
    ord(";"): _Reader.pairs,
    ord("B"): _Reader.buffer,
    ord("^"): _Reader.reference,
}

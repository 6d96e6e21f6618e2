"""JsBuffer and text: Uint8Array, TextEncoder, TextDecoder, atob and btoa.

https://encoding.spec.whatwg.org/ and https://infra.spec.whatwg.org/#forgiving-base64
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterable
from typing import Any

from workernb.http.source import is_buffer
from workernb.http.text import scalar
from workernb.workers.buffers import JsBuffer

from .objects import Constructor, options_of


class Uint8Array(metaclass=Constructor):
    """`Uint8Array.new(length)`, or of a buffer or of numbers."""

    instances = JsBuffer

    @staticmethod
    def new(init: Any = 0, /) -> JsBuffer:
        """Make an array of zeros, or of the values of a buffer or a list, modulo 256."""
        if isinstance(init, int) or is_buffer(init):
            return JsBuffer(init)
        return JsBuffer(int(value) % 256 for value in init)

    @staticmethod
    def of(*values: int) -> JsBuffer:
        """Make an array of values."""
        return Uint8Array.new(values)

    @staticmethod
    def from_(values: Iterable[int], /) -> JsBuffer:
        """Make an array of values: `getattr(Uint8Array, "from")(…)`."""
        return Uint8Array.new(list(values))


setattr(Uint8Array, "from", staticmethod(Uint8Array.from_))


class _Encoder:
    """A TextEncoder."""

    encoding = "utf-8"

    def encode(self, text: Any = "", /) -> JsBuffer:
        """Return a text as UTF-8."""
        return JsBuffer(scalar(str(text)).encode())


class TextEncoder(metaclass=Constructor):
    """`TextEncoder.new()`."""

    instances = _Encoder

    @staticmethod
    def new() -> _Encoder:
        """Make an encoder."""
        return _Encoder()


_NAMES = {
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "ascii": "windows-1252",
    "us-ascii": "windows-1252",
    "latin1": "windows-1252",
    "iso-8859-1": "windows-1252",
    "utf-16": "utf-16le",
}
"""Labels whose encoding is another one in Python, or has another name there."""


class _Decoder:
    """A TextDecoder. encoding: its name in lower case. fatal, ignoreBOM: as they were given."""

    def __init__(self, label: str, fatal: bool, ignoreBOM: bool) -> None:
        name = label.strip("\t\n\f\r ").lower()
        self.encoding = _NAMES.get(name, name)
        self.fatal = fatal
        self.ignoreBOM = ignoreBOM
        try:
            self._make = codecs.getincrementaldecoder(self.encoding)
        except LookupError:
            raise ValueError(f'"{label}" is not a valid encoding.') from None
        self._reset()

    def _reset(self) -> None:
        self._decoder = self._make("strict" if self.fatal else "replace")
        self._began = False

    def decode(self, data: Any = b"", *init: Any, **options: Any) -> str:
        """Return bytes as text. options: stream, whether more of the text follows.

        Raises TypeError for invalid bytes, if the decoder is fatal.
        """
        more = bool(options_of(init, options, "stream").get("stream"))
        try:
            text = self._decoder.decode(bytes(memoryview(data)), final=not more)
        except UnicodeDecodeError:
            self._reset()
            raise TypeError("Failed to decode input.") from None
        if text and not self._began:
            self._began = True
            if not self.ignoreBOM:
                text = text.removeprefix("\ufeff")
        if not more:
            self._reset()
        return text


class TextDecoder(metaclass=Constructor):
    """`TextDecoder.new(label, options)`."""

    instances = _Decoder

    @staticmethod
    def new(label: str = "utf-8", *init: Any, **options: Any) -> _Decoder:
        """Make a decoder; ValueError for an unknown encoding. options: fatal, ignoreBOM."""
        given = options_of(init, options, "fatal ignoreBOM")
        return _Decoder(label, bool(given.get("fatal")), bool(given.get("ignoreBOM")))


_SPACE = re.compile(r"[\t\n\f\r ]+")


def atob(text: Any, /) -> str:
    """Return decoded base64 as text of a character for each byte; ValueError for no base64."""
    data = _SPACE.sub("", str(text))
    if len(data) % 4 == 0:
        data = data[:-2] if data.endswith("==") else data.removesuffix("=")
    if len(data) % 4 == 1 or not re.fullmatch(r"[A-Za-z0-9+/]*", data):
        raise ValueError(
            "atob() called with invalid base64-encoded data. (Only whitespace, '+', "
            "'/', alphanumeric ASCII, and up to two terminal '=' signs when the input "
            "data length is divisible by 4 are allowed.)"
        )
    return binascii.a2b_base64(data + "=" * (-len(data) % 4)).decode("latin-1")


def btoa(text: Any, /) -> str:
    """Return text of a character for each byte as base64; ValueError for other characters."""
    try:
        return base64.b64encode(str(text).encode("latin-1")).decode()
    except UnicodeEncodeError:
        raise ValueError(
            "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range."
        ) from None

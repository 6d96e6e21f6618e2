"""Text in bytes: Python's codecs, under the labels of the Encoding standard; and base64.

https://encoding.spec.whatwg.org/#names-and-labels
"""

from __future__ import annotations

import binascii
import codecs
from collections.abc import Callable
from functools import cache
from typing import Any

from workernb.http.text import scalar

# The standard's name, Python's codec if it has another name, and the labels besides the name.
_ENCODINGS = """
utf-8 | | unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8
ibm866 | cp866 | 866 cp866 csibm866
iso-8859-2 | | csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso-8859-3 | | csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso-8859-4 | | csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso-8859-5 | | csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 \
iso_8859-5:1988
iso-8859-6 | | arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e \
iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso-8859-7 | | csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 \
iso_8859-7 iso_8859-7:1987 sun_eu_greek
iso-8859-8 | | csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 \
iso_8859-8 iso_8859-8:1988 visual
iso-8859-8-i | iso-8859-8 | csiso88598i logical
iso-8859-10 | | csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso-8859-13 | | iso8859-13 iso885913
iso-8859-14 | | iso8859-14 iso885914
iso-8859-15 | | csisolatin9 iso8859-15 iso885915 iso_8859-15 l9
iso-8859-16 | |
koi8-r | | cskoi8r koi koi8 koi8_r
koi8-u | | koi8-ru
macintosh | mac_roman | csmacintosh mac x-mac-roman
windows-874 | cp874 | dos-874 iso-8859-11 iso8859-11 iso885911 tis-620
windows-1250 | | cp1250 x-cp1250
windows-1251 | | cp1251 x-cp1251
windows-1252 | | ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 \
iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252
windows-1253 | | cp1253 x-cp1253
windows-1254 | | cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 \
iso_8859-9:1989 l5 latin5 x-cp1254
windows-1255 | | cp1255 x-cp1255
windows-1256 | | cp1256 x-cp1256
windows-1257 | | cp1257 x-cp1257
windows-1258 | | cp1258 x-cp1258
x-mac-cyrillic | mac_cyrillic | x-mac-ukrainian
gbk | gb18030 | chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk
gb18030 | |
big5 | big5hkscs | big5-hkscs cn-big5 csbig5 x-x-big5
euc-jp | euc_jp | cseucpkdfmtjapanese x-euc-jp
iso-2022-jp | | csiso2022jp
shift_jis | cp932 | csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis
euc-kr | cp949 | cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 \
ksc_5601 windows-949
utf-16be | utf-16-be | unicodefffe
utf-16le | utf-16-le | csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16
x-user-defined | ascii |
"""
_CORRECTIONS = {
    "koi8-u": str.maketrans("\u255d\u256c", "\u045e\u040e"),
    "shift_jis": str.maketrans("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd" * 4),
    # The standard takes the forms of these characters that Windows does.
    "euc-jp": str.maketrans(
        "\u301c\u2016\u2212\u00a2\u00a3\u00ac\u2014", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2\u2015"
    ),
}
"""Where the standard's tables differ from those of Python's codecs."""


@cache
def _labels() -> dict[str, tuple[str, str]]:
    """Return the standard's name and Python's codec, by label."""
    found: dict[str, tuple[str, str]] = {}
    for line in _ENCODINGS.strip().splitlines():
        name, codec, labels = (field.strip() for field in line.split("|"))
        for label in (name, *labels.split()):
            found[label] = name, codec or name
    return found


def encoding_name(label: str) -> str | None:
    """Return the name of the encoding that a label stands for; None when there is none."""
    entry = _labels().get(label.strip("\t\n\f\r ").lower())
    return None if entry is None else entry[0]


def decode_utf8(data: Any) -> str:
    """Return bytes as text, without a byte order mark, and with U+FFFD for invalid ones."""
    return str(data.to_bytes().decode("utf-8-sig", "replace"))


class Decoder:
    """A decoder of a text in chunks; JavaScript's TextDecoder holds one."""

    def __init__(self, name: str, fatal: bool, keep_mark: bool) -> None:
        """Create a decoder. keep_mark: whether a byte order mark is a part of the text."""
        codec = _labels()[name][1]
        # Only the standard's own encoding takes every byte: ASCII, or a character for private use.
        handler = _REFUSE if fatal and name != "x-user-defined" else _REPLACE
        self._state = codecs.getincrementaldecoder(codec)(handler)
        self._fatal = fatal
        self._corrections = _CORRECTIONS.get(name)
        self._has_mark = name.startswith("utf-") and not keep_mark
        self._begun = False

    def __call__(self, chunk: Any, last: bool) -> str | None:
        """Return the text of a chunk, with U+FFFD for invalid bytes: None for them if `fatal`."""
        try:
            text = self._correct(self._state.decode(chunk.to_bytes(), last))
        except UnicodeError:
            self._reset()
            return None
        if text and self._has_mark and not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        if last:
            self._reset()
        return text

    def _correct(self, text: str) -> str:
        if self._corrections is None:
            return text
        text = text.translate(self._corrections)
        if self._fatal and "\ufffd" in text:
            raise UnicodeError
        return text

    def _reset(self) -> None:
        self._state.reset()
        self._begun = False


_REPLACE = "workernb.replace"
_LEADS = {
    "big5hkscs": range(0x87, 0xFF),
    "euc_jp": (0x8E, 0x8F, *range(0xA1, 0xFF)),
    "cp932": (*range(0x81, 0xA0), *range(0xE0, 0xFD)),
    "cp949": range(0x81, 0xFF),
}
"""The first bytes of characters of two bytes, by the codec's name in its errors."""


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Replace what a codec does not know, as the Encoding standard does.

    The codecs of Windows lack bytes from 80 to 9F that the standard has as C1 controls. A pair of
    bytes that is no character is one U+FFFD, unless the second is ASCII, which stands for itself.
    """
    assert isinstance(error, UnicodeDecodeError)
    data, start, codec = error.object, error.start, error.encoding
    byte = data[start]
    if codec == "ascii":
        return chr(0xF700 + byte), start + 1
    if codec == "charmap":
        return chr(byte) if byte < 0xA0 else "\ufffd", start + 1
    is_pair = byte in _LEADS.get(codec, ()) and data[start + 1 : start + 2] >= b"\x80"
    return "\ufffd", start + 2 if is_pair else error.end


_REFUSE = "workernb.refuse"


def _refuse(error: UnicodeError) -> tuple[str, int]:
    """Raise an error, but for the C1 controls that the codecs of Windows lack."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    if error.encoding == "charmap" and byte < 0xA0:
        return chr(byte), error.start + 1
    raise error


codecs.register_error(_REPLACE, _replace)
codecs.register_error(_REFUSE, _refuse)


def encode_utf8(text: str) -> bytes:
    """Return a text as UTF-8, with U+FFFD for lone surrogates."""
    return scalar(text).encode()


def to_base64(text: str) -> str | None:
    """Return the base64 form of a text of bytes; None when a character is above U+00FF."""
    try:
        return binascii.b2a_base64(text.encode("latin-1"), newline=False).decode()
    except UnicodeEncodeError:
        return None


_WITHOUT_SPACE = str.maketrans("", "", "\t\n\f\r ")


def from_base64(text: str) -> str | None:
    """Return the bytes of base64 as a text; None when it is none.

    https://infra.spec.whatwg.org/#forgiving-base64-decode
    """
    text = text.translate(_WITHOUT_SPACE)
    if len(text) % 4 == 0:
        text = text.removesuffix("=").removesuffix("=") if text.endswith("=") else text
    if len(text) % 4 == 1 or not text.isascii() or "=" in text:
        return None
    try:
        data = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        return None
    return data.decode("latin-1")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "encodingName": encoding_name,
    "decodeUTF8": decode_utf8,
    "decoder": Decoder,
    "encodeUTF8": encode_utf8,
    "toBase64": to_base64,
    "fromBase64": from_base64,
}

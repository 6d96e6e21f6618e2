"""Redaction: replaces the values of secrets in everything that is shown, logged or kept."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit
from weakref import WeakSet

import ada_url

REDACTED = "REDACTED"
SHORTEST = 6
"""Shorter values are left: they would turn up in ordinary words and figures."""
LONG_LINE = 16
"""How many characters a line of a secret has, at least, to be redacted on its own."""


PIECE = 8
"""How many characters of a long secret are redacted on their own: Python shortens some texts."""
STEP = 3
"""How far apart the pieces begin that are looked for: so ten characters are found anywhere."""
SHORTENED = 24
"""How many characters a secret has, at least, whose pieces are redacted."""


class Redactor:
    """Redacts all secrets that a runtime was ever given, including previous values."""

    def __init__(self) -> None:
        """Make a redactor without secrets."""
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        _redactors.add(self)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add values of six characters or more, to be redacted in all their spellings."""
        given = [value for value in secrets if len(value) >= SHORTEST]
        new = {*given, *(part for value in given for part in _parts(value))} - self._values
        if new:
            self._values |= new
            self._pattern = None

    def redact(self, text: str) -> str:
        """Return `text` with `REDACTED` in the place of every secret."""
        if not self._values:
            return text
        if self._pattern is None:
            self._pattern = _pattern({s for value in self._values for s in _spellings(value)})
        text = self._pattern.sub(REDACTED, text)
        for value in self._values:
            if len(value) >= SHORTENED:
                text = _redact_pieces(value, text)
        return text

    def redact_error(self, error: BaseException) -> None:
        """Redact the arguments, notes and attributes of an exception and of those it refers to.

        Those are its cause, its context and the exceptions of a group. What an exception makes its
        text of besides is redacted where the text is rendered.
        """
        seen: set[int] = set()
        found: list[BaseException | None] = [error]
        while found:
            each = found.pop()
            if each is None or id(each) in seen:
                continue
            seen.add(id(each))
            for name in _names_of_texts(each):
                # An exception may refuse changes, as a frozen dataclass does.
                with contextlib.suppress(Exception):
                    before = getattr(each, name, None)
                    after = redact_tree(before, self.redact)
                    if after is not before:
                        setattr(each, name, after)
            found += [each.__cause__, each.__context__]
            if isinstance(each, BaseExceptionGroup):
                found += each.exceptions


_NAMES = ("args", "__notes__", "strerror", "filename", "filename2", "msg", "name", "path", "text")
"""What Python's own exceptions make their texts of."""


def _names_of_texts(error: BaseException) -> Iterator[str]:
    """Yield the names of what an exception may make its text of."""
    yield from _NAMES
    with contextlib.suppress(Exception):
        yield from list(vars(error))


_redactors: WeakSet[Redactor] = WeakSet()


def redact_all(text: str) -> str:
    """Return `text` without the secrets of any runtime in this process."""
    for redactor in list(_redactors):
        text = redactor.redact(text)
    return text


def redact_tree(value: Any, redact: Callable[[str], str]) -> Any:
    """Return a value with all texts and bytes in it redacted; the same object if none is.

    Texts are looked for in lists, tuples, sets and dicts, keys included.
    """
    kind = type(value)
    if kind is str:
        text = redact(value)
        return value if text == value else text
    if kind is bytes:
        text = value.decode(errors="surrogateescape")
        redacted = redact(text)
        return value if redacted == text else redacted.encode(errors="surrogateescape")
    if kind is bytearray:
        redacted_bytes = redact_tree(bytes(value), redact)
        return value if redacted_bytes == value else bytearray(redacted_bytes)
    if isinstance(value, PurePath):
        text = redact(str(value))
        return value if text == str(value) else kind(text)
    items: list[Any]
    if kind is dict:
        items = [item for pair in value.items() for item in pair]
    elif kind in (list, tuple, set, frozenset):
        items = list(value)
    else:
        return value
    redacted_items = [redact_tree(item, redact) for item in items]
    if all(after is before for after, before in zip(redacted_items, items, strict=True)):
        return value
    if kind is dict:
        return dict(zip(redacted_items[::2], redacted_items[1::2], strict=True))
    return kind(redacted_items)


def _redact_pieces(value: str, text: str) -> str:
    """Return `text` without pieces of a long secret, however it was shortened."""
    for start in range(0, len(value) - PIECE + 1, STEP):
        piece = value[start : start + PIECE]
        if piece not in text or not _is_random(piece):
            continue
        while (begin := text.find(piece)) >= 0:
            end, first, last = begin + PIECE, start, start + PIECE
            while begin and first and text[begin - 1] == value[first - 1]:
                begin, first = begin - 1, first - 1
            while text[end : end + 1] and text[end] == value[last : last + 1]:
                end, last = end + 1, last + 1
            text = text[:begin] + REDACTED + text[end:]
    return text


def _is_random(piece: str) -> bool:
    """Return whether a piece of a secret looks like no word, which other texts have too."""
    return any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))


def _parts(value: str) -> Iterator[str]:
    """Yield what of a structured secret is a secret itself: a URL's password, texts in JSON."""
    with contextlib.suppress(ValueError):
        password = urlsplit(value).password
        if password and len(password) >= SHORTEST:
            yield password
            yield unquote(password)
    if value.lstrip().startswith(("{", "[")):
        with contextlib.suppress(ValueError, RecursionError):
            yield from _long_texts(json.loads(value))


def _long_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= LONG_LINE:
            yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _long_texts(item)


def _pattern(spellings: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that matches each spelling, the longest one first.

    Spellings are grouped by their first characters, so that there are few to try at each place.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for spelling in sorted(spellings, key=len, reverse=True):
        groups[spelling[:3]].append(re.escape(spelling[3:]))
    return re.compile("|".join(f"{re.escape(head)}(?:{'|'.join(groups[head])})" for head in groups))


def _spellings(value: str) -> set[str]:
    """Return a secret as it may stand in a text: escaped, encoded, in other cases."""
    lines = (line.strip() for line in value.splitlines())
    parts = {value, value.strip(), *(line for line in lines if len(line) >= LONG_LINE)}
    cases = {change(part) for part in parts for change in _CASES}
    spellings = cases | {escape(text) for text in cases for escape in _ESCAPES}
    spellings |= {spelling for part in parts for spelling in _in_urls(part)}
    # JSON within JSON, a repr within a repr, and the like.
    spellings |= {outer(inner(part)) for part in parts for inner in _ESCAPES for outer in _ESCAPES}
    for part in parts:
        spellings |= _encodings(part.encode(errors="surrogatepass"))
    return {spelling for spelling in spellings if len(spelling) >= SHORTEST}


_CASES = (str, str.upper, str.lower, str.title, str.swapcase, str.capitalize)


def _in_urls(text: str) -> Iterator[str]:
    """Yield a secret as the parser of URLs spells it in a path, in a query and in a fragment."""
    for before in ("http://x/", "http://x/?", "http://x/#"):
        with contextlib.suppress(ValueError):
            yield ada_url.URL(before + text).href.removeprefix(before)
    url = ada_url.URL("http://x/")
    url.password = text
    yield url.password


def _lower_escapes(text: str) -> str:
    """Return a quoted URL with its escapes in lower case, `%2f`."""
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)


def _escape_html(text: str, quote: bool = True) -> str:
    import html  # Here, because a secret is learned later than the package is imported.

    return html.escape(text, quote)


_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, errors="replace"),
    lambda text: quote(text, safe="", errors="replace"),
    lambda text: quote_plus(text, errors="replace"),
    lambda text: _lower_escapes(quote(text, safe="", errors="replace")),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: repr(text + "'\"")[1:-4],  # With both quotes in a text, one is escaped.
    lambda text: ascii(text)[1:-1],
    lambda text: repr(text.encode(errors="surrogatepass"))[2:-1],
    _escape_html,
    lambda text: _escape_html(text, quote=False),
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: text.replace("\\", "\\\\"),  # In backticks, as the console of JavaScript has it.
    lambda text: text.replace("'", "''"),  # In SQL.
    lambda text: shlex.quote(text)[1:-1],
    lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
)


def _encodings(data: bytes) -> set[str]:
    """Return the bytes of a secret in base64 and in hexadecimal.

    In base64, a secret within a longer text, as in Basic authentication, is spelled in three ways,
    by its position; the characters that its neighbours determine too are left out.
    """
    encodings = {", ".join(map(str, data))}
    for separator in ("", ":", " ", "-"):
        digits = data.hex(separator) if separator else data.hex()
        encodings |= {digits, digits.upper()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode()
        encodings |= {whole, whole.rstrip("=")}
        for before in range(3):
            within = encode(bytes(before) + data).decode()
            encodings.add(within[-(-8 * before // 6) : 8 * (before + len(data)) // 6])
    return encodings

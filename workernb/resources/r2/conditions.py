"""Conditions and ranges of R2, given as options or as the headers of a request.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#conditional-operations
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workernb.http.headers import Headers
from workernb.texts import PlatformText
from workernb.workers.conversion import JsDict

from .errors import r2_error

_range_header = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*").fullmatch
_etag_header = re.compile(r'(?:W/)?"([^"]*)"|\*').findall


@dataclass(frozen=True, slots=True)
class Condition:
    """`onlyIf` of a get or a put. Times are in ms since the epoch; None: not asked."""

    etag_matches: tuple[str, ...] | None = None
    etag_does_not_match: tuple[str, ...] | None = None
    uploaded_before: float | None = None
    uploaded_after: float | None = None
    in_seconds: bool = False

    @classmethod
    def of(cls, given: Any) -> Condition | None:
        """Return the condition of an `onlyIf`; TypeError if it is invalid."""
        if given is None:
            return None
        if isinstance(given, Headers):
            return cls._of_headers(given)
        if not isinstance(given, Mapping):
            raise TypeError(f"onlyIf is a dict or Headers, not {type(given).__name__}.")
        return cls(
            _etags(given.get("etagMatches")),
            _etags(given.get("etagDoesNotMatch")),
            _time(given.get("uploadedBefore")),
            _time(given.get("uploadedAfter")),
            bool(given.get("secondsGranularity")),
        )

    @classmethod
    def _of_headers(cls, headers: Headers) -> Condition:
        return cls(
            _etags_of_header(headers.get("if-match")),
            _etags_of_header(headers.get("if-none-match")),
            _time_of_header(headers.get("if-unmodified-since")),
            _time_of_header(headers.get("if-modified-since")),
            True,
        )

    def holds(self, etag: str | None, uploaded: float) -> bool:
        """Return whether it holds. etag: None for a missing object. uploaded: ms since the epoch.

        As in HTTP, an etag that matches makes up for a time that does not, and the other way round.
        """
        if etag is None:
            return self.etag_matches is None and self.uploaded_after is None
        if self.in_seconds:
            uploaded = uploaded // 1000 * 1000
        matches = self.etag_matches is None or _matches(etag, self.etag_matches)
        differs = self.etag_does_not_match is None or not _matches(etag, self.etag_does_not_match)
        before = self.uploaded_before is None or uploaded < self.uploaded_before
        after = self.uploaded_after is None or uploaded > self.uploaded_after
        before = before or (self.etag_matches is not None and matches)
        after = after or (self.etag_does_not_match is not None and differs)
        return matches and differs and before and after


def _matches(etag: str, etags: tuple[str, ...]) -> bool:
    return "*" in etags or etag in etags


def _etags(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    etags = [given] if isinstance(given, str) else list(given)
    for etag in etags:
        if etag.startswith(('"', 'W/"')):
            raise TypeError(PlatformText.R2_QUOTED_ETAG.format(etag=etag))
    return tuple(etags)


def _etags_of_header(value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return ("*",) if value.strip() == "*" else tuple(_etag_header(value))


def _time(given: Any) -> float | None:
    if given is None:
        return None
    if not isinstance(given, datetime.datetime):
        raise TypeError(f"A time of upload is a datetime, not {type(given).__name__}.")
    return given.timestamp() * 1000


def _time_of_header(value: str | None) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return None if value is None else parsedate_to_datetime(value).timestamp() * 1000
    except ValueError:
        return None  # As in HTTP, an invalid date is ignored.


def range_of(given: Any, size: int) -> JsDict | None:
    """Return `{offset, length}` of a `range` within an object of `size` bytes; None without one.

    Raises ValueError (JavaScript's RangeError) for an invalid range; StoreError (10039) for one
    that begins after the end.
    """
    if given is None:
        return None
    if isinstance(given, Headers):
        parsed = _range_of_header(given.get("range"))
        if parsed is None:
            return None
        given = parsed
    if not isinstance(given, Mapping):
        raise TypeError(f"range is a dict or Headers, not {type(given).__name__}.")
    offset, length, suffix = (given.get(name) for name in ("offset", "length", "suffix"))
    if suffix is not None:
        for name, value in (("offset", offset), ("length", length)):
            if value is not None:
                raise ValueError(PlatformText.R2_SUFFIX.format(name=name))
        length = min(int(suffix), size)
        offset = size - length
    offset = 0 if offset is None else int(offset)
    if offset < 0:
        raise ValueError(PlatformText.R2_OFFSET.format(offset=offset))
    length = size - offset if length is None else min(int(length), size - offset)
    if length <= 0 or (suffix is not None and int(suffix) <= 0):
        raise r2_error("get", 10039)
    return JsDict(offset=offset, length=length)


def _range_of_header(value: str | None) -> dict[str, int] | None:
    """Return the range of a header; None for several ranges, which are ignored, or none."""
    match = None if value is None else _range_header(value)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return {"suffix": int(match[2])}
    offset = int(match[1])
    return {"offset": offset, **({"length": int(match[2]) - offset + 1} if match[2] else {})}

"""URLs: ada finds their normal form, which JavaScript takes apart; and queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ada_url

from workernb.engines.javascript.machine import whole
from workernb.http.forms.search_params import URLSearchParams, parse_urlencoded
from workernb.http.text import scalar
from workernb.http.urls import is_normal


def parse(url: str, base: str | None = None) -> str | None:
    """Return a URL in its normal form; None when it is invalid."""
    if base is None and is_normal(url):
        return url
    try:
        return str(ada_url.URL(scalar(url), None if base is None else scalar(base)).href)
    except ValueError:
        return None


def change(url: str, part: str, value: str) -> str:
    """Return a URL with a part set to a value, which changes nothing when it is invalid there."""
    parsed = ada_url.URL(url)
    try:
        setattr(parsed, part, scalar(value))
    except ValueError:
        return url
    return str(parsed.href)


def parse_query(text: str) -> list[str]:
    """Return the names and values of a query, one after the other."""
    return [part for pair in parse_urlencoded(scalar(text).encode()) for part in pair]


def write_query(parts: Any) -> str:
    """Return names and values, which are one after the other in an array, as a query."""
    flat: list[str] = whole(parts.to_python())
    params = URLSearchParams()
    params._entries = list(zip(map(scalar, flat[::2]), map(scalar, flat[1::2]), strict=True))
    return str(params)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parseURL": parse,
    "changeURL": change,
    "parseQuery": parse_query,
    "writeQuery": write_query,
    "toUSVString": scalar,
}

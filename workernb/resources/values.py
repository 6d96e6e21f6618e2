"""Values as they cross between Python and a store, by the rules of the platform's Python SDK.

https://developers.cloudflare.com/workers/languages/python/ffi/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workernb.errors import did_you_mean
from workernb.http.text import number_as_text, scalar
from workernb.texts import PlatformText
from workernb.workers.conversion import MAX_SAFE_INTEGER, JsDict


def options_of(given: object, keywords: Mapping[str, Any], known: tuple[str, ...]) -> JsDict:
    """Return the options of a method: a dict, and keywords, which win.

    known: the options that the method has. Raises TypeError for another keyword (the platform
    ignores it, which hides slips) and for options that are no dict.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise TypeError(f"Options are a dict, not {type(given).__name__}.")
    for name in keywords:
        if name not in known:
            near = did_you_mean(name, known) or f"There are {', '.join(known)}."
            raise TypeError(f"There is no option {name!r}. {near}")
    options = JsDict(given)
    options.update(keywords)
    return options


def local_time(milliseconds: float) -> datetime:
    """Return a time (ms since the epoch) as the SDK does: naive, in local time."""
    return datetime.fromtimestamp(milliseconds / 1000)


def js_type(value: object) -> str:
    """Return JavaScript's `typeof` of what a value becomes there."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "number" if abs(value) <= MAX_SAFE_INTEGER else "bigint"
    return "number" if isinstance(value, float) else "object"


def js_text(value: object) -> str:
    """Return a value as JavaScript's `String(value)` does."""
    if isinstance(value, str):
        return scalar(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return number_as_text(value)
    if isinstance(value, int):
        return str(value)
    return "[object Object]"


def js_number(value: object) -> Any:
    """Return a number as it comes from JavaScript: whole ones as int."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def js_json(value: object) -> str:
    """Return a value as `JSON.stringify` does; TypeError if JSON cannot represent it."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise TypeError(f"A value is no JSON: {error}") from None


def key_of(key: object) -> str:
    """Return the key of a store as text; TypeError if it is a dict, a list or another object."""
    if isinstance(key, str):
        return key if key.isascii() else scalar(key)
    if key is None or isinstance(key, bool | int | float):
        return js_text(key)
    raise TypeError(PlatformText.KEY_TYPE.format(type=type(key).__name__))


def shown_key(key: object) -> str:
    """Return a key that may be of a wrong type as text, for a log or a trace."""
    return key if isinstance(key, str) else js_text(key)


def cursor_after(key: str) -> str:
    """Return the cursor of a list that goes on after a key."""
    return base64.b64encode(key.encode()).decode()


def key_before(cursor: str | None) -> str:
    """Return the key that a list with this cursor goes on after; ValueError for no cursor of ours.

    The empty text for None.
    """
    try:
        return base64.b64decode(cursor or "", validate=True).decode()
    except TypeError as error:
        raise ValueError("A cursor is text.") from error

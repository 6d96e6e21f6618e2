"""JavaScript's objects: how its classes are called, and the functions on plain objects."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from workernb.errors import with_notes
from workernb.http.websockets import WebSocketPair
from workernb.workers.containers import Map
from workernb.workers.conversion import JsDict
from workernb.workers.current import current

_PYTHON_NAMES = {
    "statusText": "status_text",
    "lastModified": "last_modified",
    "type": "content_type",
    "webSocket": "web_socket",
}


def options_of(given: tuple[Any, ...], options: Mapping[str, Any], known: str) -> dict[str, Any]:
    """Return the options of a `new`: its last argument, and what was given by keyword."""
    merged: dict[str, Any] = {}
    for init in given:
        if init is not None:
            merged.update(as_object(init))
    merged.update(options)
    return {_PYTHON_NAMES.get(name, name): merged[name] for name in known.split() if name in merged}


def as_object(value: Any) -> JsDict:
    """Return an object with options; TypeError for a dict, whose entries JavaScript cannot see."""
    if isinstance(value, JsDict):
        return value
    raise with_notes(
        TypeError(f"Expected an object of JavaScript's, not a Python {type(value).__name__}."),
        "Write to_js(…, dict_converter=Object.fromEntries), or give the options by keyword.",
    )


class Constructor(type):
    """The type of JavaScript's classes: they are called with `new`, and know their instances."""

    instances: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Raise TypeError."""
        raise TypeError(f"Class constructor {cls.__name__} cannot be invoked without 'new'")

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.instances)


class Object:
    """JavaScript's functions on objects."""

    @staticmethod
    def new(**entries: Any) -> JsDict:
        """Make an object."""
        return JsDict(entries)

    @staticmethod
    def fromEntries(entries: Iterable[Iterable[Any]], /) -> JsDict:
        """Make an object of pairs, as in `to_js(…, dict_converter=Object.fromEntries)`."""
        pairs = entries.items() if isinstance(entries, Map) else entries
        return JsDict({str(key): value for key, value in pairs})

    @staticmethod
    def keys(obj: Any, /) -> list[str]:
        """Return an object's names."""
        return list(as_object(obj))

    @staticmethod
    def values(obj: Any, /) -> list[Any]:
        """Return an object's values."""
        if isinstance(obj, WebSocketPair):
            return obj.object_values()
        return [*as_object(obj).values()]

    @staticmethod
    def entries(obj: Any, /) -> list[list[Any]]:
        """Return an object's pairs."""
        return [[key, value] for key, value in as_object(obj).items()]

    @staticmethod
    def assign(target: Any, /, *sources: Any) -> JsDict:
        """Copy the entries of objects into one, and return that."""
        for source in sources:
            as_object(target).update(as_object(source))
        return as_object(target)


class JSON:
    """JavaScript's JSON."""

    @staticmethod
    def parse(text: str, /) -> Any:
        """Return the value of a text, its objects as JavaScript's; ValueError for no JSON."""
        return json.loads(text, object_hook=JsDict)

    @staticmethod
    def stringify(value: Any, replacer: None = None, space: int | str | None = None) -> str:
        """Return a value as JSON, without spaces unless space says how to indent."""
        if replacer is not None:
            raise TypeError("JSON.stringify takes no replacer here.")
        separators = (",", ":") if not space else None
        return json.dumps(value, separators=separators, indent=space or None, ensure_ascii=False)


class Date:
    """JavaScript's clock."""

    @staticmethod
    def now() -> int:
        """Return the time in ms since the epoch, by the runtime's clock."""
        running = current.get()
        return int(1000 * (time.time() if running is None else running.now()))

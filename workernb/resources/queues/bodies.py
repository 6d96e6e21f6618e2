"""Bodies of messages, as they are kept: one of four content types, each as text or bytes.

https://developers.cloudflare.com/queues/configuration/javascript-apis/#queuescontenttype
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

from workernb.errors import DataCloneError, with_notes
from workernb.resources.values import js_type
from workernb.runtime.bindings.clone import Cloner
from workernb.texts import PlatformText
from workernb.workers.conversion import MAX_SAFE_INTEGER, JsDict, python_to_rpc


def encode(body: Any, content_type: str) -> str | bytes:
    """Return a body as it is kept; TypeError or DataCloneError if its content type forbids it."""
    if content_type == "text":
        if not isinstance(body, str):
            raise _wrong_type("text", "string", body)
        return body
    if content_type == "bytes":
        if not isinstance(body, bytes | memoryview):
            raise _wrong_type("bytes", "ArrayBufferView", body)
        return bytes(body)
    if content_type == "json":
        return json.dumps(_plain(python_to_rpc(body)), ensure_ascii=False, separators=(",", ":"))
    return json.dumps(_Encoder().encode(_cloned(body)), ensure_ascii=False, separators=(",", ":"))


def decode(kept: str | bytes, content_type: str) -> Any:
    """Return a body that was kept, as a consumer gets it."""
    if content_type == "text":
        return kept
    if content_type == "bytes":
        return memoryview(kept if isinstance(kept, bytes) else kept.encode())
    if content_type == "json":
        return json.loads(kept, object_hook=JsDict)
    return _Decoder().decode(json.loads(kept))


def _wrong_type(content_type: str, wanted: str, body: Any) -> TypeError:
    text = PlatformText.QUEUE_TYPE.format(type=content_type, wanted=wanted, given=js_type(body))
    return with_notes(TypeError(text), f"A message of any kind: contentType={_remedy(body)!r}.")


def _remedy(body: Any) -> str:
    if isinstance(body, str):
        return "text"
    return "bytes" if isinstance(body, bytes | memoryview) else "json"


def _plain(value: Any) -> Any:
    """Return a converted value as `JSON.stringify` writes it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, memoryview):
        return {str(index): byte for index, byte in enumerate(value.cast("B"))}
    if isinstance(value, datetime):
        at = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return at.replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        raise with_notes(
            TypeError("Do not know how to serialize a BigInt"),
            "Send it as a text, or with contentType='v8'.",
        )
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, set | frozenset | BaseException):
        return {}  # As JavaScript writes a Set, and an Error.
    raise with_notes(
        TypeError(f"A {type(value).__name__} is no JSON."),
        "Send its data as a dict, a list or a text.",
    )


def _cloned(body: Any) -> Any:
    return Cloner(lambda value: NotImplemented).clone(body)


class _Encoder:
    """Writes a cloned value as JSON: `[tag, …]` for all but texts, whole numbers and booleans."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, str | bool):
            return value
        if isinstance(value, int):
            return value if abs(value) <= MAX_SAFE_INTEGER else ["n", str(value)]
        if isinstance(value, float):
            return value if math.isfinite(value) else ["f", repr(value)]
        if id(value) in self._numbers:
            return ["r", self._numbers[id(value)]]
        self._numbers[id(value)] = len(self._numbers)
        if isinstance(value, dict):
            return ["o", [[key, self.encode(item)] for key, item in value.items()]]
        if isinstance(value, list):
            return ["a", [self.encode(item) for item in value]]
        if isinstance(value, set):
            return ["s", [self.encode(item) for item in value]]
        if isinstance(value, memoryview):
            return ["b", base64.b64encode(value).decode()]
        if isinstance(value, datetime):
            return ["d", value.isoformat()]
        if isinstance(value, Exception):
            return ["e", str(value)]
        raise DataCloneError(PlatformText.DATA_CLONE.format(type=type(value).__name__))


class _Decoder:
    """Reads what an encoder has written."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    def decode(self, kept: Any) -> Any:
        if not isinstance(kept, list):
            return kept
        tag, content = kept
        if tag == "n":
            return int(content)
        if tag == "f":
            return float(content)
        if tag == "r":
            return self._values[content]
        if tag == "o":
            return self._fill(JsDict(), content)
        if tag in ("a", "s"):
            return self._fill([] if tag == "a" else set(), content)
        value = _SINGLE[tag](content)
        self._values.append(value)
        return value

    def _fill(self, value: Any, content: list[Any]) -> Any:
        self._values.append(value)
        for item in content:
            if isinstance(value, dict):
                value[item[0]] = self.decode(item[1])
            elif isinstance(value, list):
                value.append(self.decode(item))
            else:
                value.add(self.decode(item))
        return value


_SINGLE: dict[str, Any] = {
    "b": lambda text: memoryview(base64.b64decode(text)),
    "d": datetime.fromisoformat,
    "e": Exception,
}

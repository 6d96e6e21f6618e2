"""Where workernb answers a case of the conformance table otherwise than workerd, and why.

By the key of the case: the reason, and what workernb gives.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Difference(NamedTuple):
    """A difference that is meant: why, and what workernb gives."""

    reason: str
    ours: Any


STANDARD = "workernb follows the standard, which the platform does not here (yet)"
LATER_DATE = "as workerd answers with a compatibility date of 2026-05-03"
ENGINE = "QuickJS does not tell these objects apart"


def throws(text: str) -> dict[str, str]:
    return {"throws": text}


DIFFERENCES: dict[str, Difference] = {
    "byob: canceled while a read waits": Difference(STANDARD, [None, True]),
    "byob: closed while a read waits": Difference(STANDARD, [0, True]),
    "byob: no request without a reader of that kind": Difference(STANDARD, None),
    "blob: lone surrogates": Difference(STANDARD, [239, 191, 189]),
    "blob: a byte order mark in a text": Difference(STANDARD, 1),
    "console: inspect(new Proxy({a:1},{}))": Difference(ENGINE, "{ a: 1 }"),
    "console: inspect(new Map([[1,2]]).entries())": Difference(
        "the entries of an iterator cannot be read without taking them",
        "Object [Map Iterator] {}",
    ),
    "events: preventDefault": Difference(STANDARD, [False, True]),
    "form_data: a Blob without a name": Difference(
        "forms follow the standards, as those of Python Workers do (CONTRIBUTING, Decisions)",
        "blob",
    ),
    "readable: an exception of start": Difference(STANDARD, throws("Error: start")),
    "readable: tee, both cancelled": Difference(STANDARD, [1, 2]),
    "readable: a high water mark that is none": Difference(
        STANDARD, throws("RangeError: Invalid highWaterMark")
    ),
    "readable: order of reads and pulls": Difference(
        STANDARD, ["start", "pull", "read 1", "pull", "read 2"]
    ),
    "search_params: iterators": Difference(
        STANDARD,
        [
            ["a", "b"],
            ["1", "2"],
            [["a", "1"], ["b", "2"]],
            {"value": "a", "done": False},
            "[object URLSearchParams Iterator]",
        ],
    ),
    "search_params: new URLSearchParams('a=1').toString.call({})": Difference(
        "the text is the engine's; `remedy` says what it means",
        throws("TypeError: private class field '#list' does not exist"),
    ),
    "search_params: iteration is entries": Difference(STANDARD, True),
    "transform: FixedLengthStream, too many bytes": Difference(
        "the platform tells the readable side alone; workernb also tells who writes", "TypeError"
    ),
    "transform: pipeTo with a signal": Difference(STANDARD, "stop"),
    "websockets: a long reason": Difference(
        LATER_DATE,
        [
            "SyntaxError",
            "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.",
        ],
    ),
    "websockets: surrogates": Difference(STANDARD, "%uFFFDx%00"),
    "websockets: the closer is told too": Difference(LATER_DATE, [4001, 3]),
    "writable: an exception of start": Difference(STANDARD, throws("Error: s")),
    "writable: ready and desiredSize": Difference(STANDARD, [2, 1, 0, 2]),
}

"""Text as the web standards have it: no lone surrogates, and numbers as in JavaScript."""

from __future__ import annotations

import math


def to_text(value: object) -> str:
    """Return a value as a USVString (https://webidl.spec.whatwg.org/#idl-USVString).

    A lone surrogate becomes U+FFFD; numbers and booleans become what JavaScript's `String(value)`
    gives. Raises TypeError for values of other types.
    """
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    raise TypeError(f"Expected a str, a number or a bool, not {type(value).__name__}")


def scalar(text: str) -> str:
    """Return a text with U+FFFD for each lone surrogate."""
    if text.isascii():
        return str(text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    from decimal import Decimal

    text = repr(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f").removesuffix(".0").replace("-0", "0", value == 0)
    return text.replace("e-0", "e-").replace(".0e", "e")

"""Text as the web standards have it: no lone surrogates, and numbers as in JavaScript."""

from __future__ import annotations

import math


def scalar(text: str) -> str:
    """Return a text with U+FFFD for each lone surrogate: a USVString.

    https://webidl.spec.whatwg.org/#idl-USVString
    """
    if text.isascii():
        return str(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return str(text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def to_text(value: object) -> str:
    """Return a value as a USVString; numbers and booleans as JavaScript's `String(value)`.

    Raises TypeError for values of other types.
    """
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_as_text(value)
    raise TypeError(f"Expected a str, a number or a bool, not {type(value).__name__}")


def number_as_text(number: float) -> str:
    """Return a number as JavaScript writes it (ECMAScript, Number::toString)."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if 1e-6 <= abs(number) < 1e21:
        # Python's shortest digits, which are JavaScript's too, but without an exponent.
        from decimal import Decimal  # Here, because its import takes long.

        text = format(Decimal(repr(number)), "f")
        return text.removesuffix(".0")
    digits, _, exponent = repr(number).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+d}"

"""Text for display: untrusted text made visible and escaped, and formatted figures."""

from __future__ import annotations

import re
from typing import Any

import markupsafe

_invisible = re.compile(
    # Control characters except tab and line feed; zero-width and bidirectional format characters;
    # lone surrogates and noncharacters.
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069"
    "\\ufeff\\ud800-\\udfff\\ufffe\\uffff]"
)


class Markup(markupsafe.Markup):
    """HTML. Text that is formatted into it or joined by it is escaped and made visible.

    `Markup("<b>{}</b>").format(name)`. An argument that is Markup already is left as it is. Only
    literals are passed to the constructor, which escapes nothing.
    """

    __slots__ = ()

    @classmethod
    def escape(cls, text: Any, /) -> Markup:
        """Return text as markup: control and direction characters visible, the rest escaped."""
        if hasattr(text, "__html__"):
            return cls(text)
        return cls(markupsafe.escape(visible(str(text))))


def visible(text: str, limit: int | None = None) -> str:
    """Return text with control and direction characters made visible.

    limit: the length (characters) to which it is shortened, the last one being a …
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _invisible.sub(_symbol, text)


def _symbol(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else f"⟨{code:04X}⟩"


def one_line(text: str, limit: int = 120) -> str:
    """Return text on one line, with visible characters, shortened to `limit` characters."""
    return visible(text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " "), limit)


def share(part: float, whole: float) -> str:
    """Format a part of a whole in per cent."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def count(number: int) -> str:
    """Format a number in few characters: `9,999`, `12.3k`, `4.5M`."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.1f}k" if number < 999_950 else f"{number / 1e6:.1f}M"

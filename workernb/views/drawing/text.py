"""Text from users and Workers, made fit to be shown: nothing in it acts on what shows it."""

from __future__ import annotations

import html
import re

_unseen = re.compile(
    # Controls but tab and line feed; marks without width or that turn the direction of writing;
    # lone surrogates and what is no character.
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069"
    "\\ufeff\\ud800-\\udfff\\ufffe\\uffff]"
)

_harmless = re.compile(r"[\w .,:;/#%@=+*()·→×-]*").fullmatch
"""Most of what is drawn: there is nothing in it to escape."""


def visible(text: str, most: int | None = None) -> str:
    """Return text with control and direction characters made visible, cut at `most` with a …"""
    if most is not None and len(text) > most:
        text = text[: most - 1] + "…"
    return _unseen.sub(_name, text)


def _name(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else f"⟨{code:04X}⟩"


def one_line(text: str, most: int = 120) -> str:
    """Return text on one line, visible and not longer than `most`."""
    return visible(text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " "), most)


def escaped(text: str, most: int | None = None) -> str:
    """Return text for HTML and SVG: visible, and with markup escaped."""
    if most is None and _harmless(text):
        return text
    return html.escape(visible(text, most))


def ms(value: float) -> str:
    """Return a time in ms with three figures: `0.012 ms`, `3.40 ms`, `1,203 ms`."""
    if value >= 100:
        return f"{value:,.0f} ms"
    if value >= 10:
        return f"{value:.1f} ms"
    return f"{value:.2f} ms" if value >= 1 else f"{value:.3f} ms"


def share(part: float, whole: float) -> str:
    """Return a share in per cent."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def count(number: int) -> str:
    """Return a number that takes little room: `9,999`, `12.3k`, `4.5M`."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.1f}k" if number < 999_950 else f"{number / 1e6:.1f}M"

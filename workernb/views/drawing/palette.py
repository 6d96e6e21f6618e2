"""Colours: each Worker keeps its own in all pictures, in a light and a dark theme.

The Workers' colours are those of Okabe and Ito, which colour-blind people can tell apart. No text
stands on them: they fill bars and edge boxes, and the text beside them is ink on the card. Pictures
bring their card, an opaque ground, so they are as readable in a dark notebook as in a light one,
whether or not the browser says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping

ROLES: Mapping[str, tuple[str, str]] = {
    "card": ("#ffffff", "#1d2126"),
    "box": ("#f4f6f8", "#2a3037"),
    "ink": ("#16191d", "#f0f2f4"),
    "muted": ("#4d555e", "#bfc7cf"),
    "line": ("#69727c", "#98a2ad"),
    "faint": ("#c9cfd6", "#4a525b"),
    "alarm": ("#b3261e", "#ff9a8f"),
    "glow": ("#b8500a", "#ffc04d"),
}
"""What a colour is for: in the light theme and in the dark one."""

WORKERS: tuple[tuple[str, str], ...] = (
    ("#0072b2", "#4aa8e0"),
    ("#e69f00", "#f0b840"),
    ("#009e73", "#2fc79b"),
    ("#cc79a7", "#e09cc4"),
    ("#56b4e9", "#86cdf5"),
    ("#d55e00", "#f5853a"),
    ("#7a6a00", "#d8c84a"),
    ("#5b5b5b", "#a8a8a8"),
)

_given: dict[str, int] = {}


def role_of(worker: str) -> str:
    """Return the colour role of a Worker: given once, in the order in which they are first seen."""
    return f"worker{_given.setdefault(worker, len(_given)) % len(WORKERS)}"


def tint_of(worker: str) -> str:
    """Return the colour role of a Worker's tint, on which text can stand."""
    return role_of(worker).replace("worker", "tint")


def colors(theme: int) -> dict[str, str]:
    """Return every role's colour, in the light theme (0) or the dark one (1)."""
    roles = {role: pair[theme] for role, pair in ROLES.items()}
    for number, pair in enumerate(WORKERS):
        roles[f"worker{number}"] = pair[theme]
        roles[f"tint{number}"] = _mixed(roles["box"], pair[theme], _TINT[theme])
    return roles


_TINT = (0.3, 0.22)
"""How much of a Worker's colour is in its tint: what `muted` text can still be read on."""


def _mixed(ground: str, color: str, part: float) -> str:
    pairs = [(int(ground[at : at + 2], 16), int(color[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)

"""Colours by role, for a light and a dark theme. A Worker has the same colour in all pictures.

The first eight of the Workers' colours are those of Okabe and Ito, which colour-blind people can
tell apart; the others are far from them and from each other, and a name stands beside each. They
fill bars and outline boxes; text is never placed on them. Every picture has an opaque background,
the card, so it is readable in a dark notebook even where the browser does not report the theme.
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
"""The colour of each role in the light and in the dark theme."""

WORKERS: tuple[tuple[str, str], ...] = (
    ("#0072b2", "#4aa8e0"),
    ("#e69f00", "#f0b840"),
    ("#009e73", "#2fc79b"),
    ("#cc79a7", "#e09cc4"),
    ("#56b4e9", "#86cdf5"),
    ("#d55e00", "#f5853a"),
    ("#7a6a00", "#d8c84a"),
    ("#5b5b5b", "#a8a8a8"),
    ("#882255", "#c2527f"),
    ("#332288", "#8f84f0"),
    ("#8a5a2b", "#b98a5e"),
    ("#6fb52c", "#9fe05a"),
    ("#9b3fc4", "#bd78e8"),
    ("#e4576b", "#ff7f8f"),
    ("#1f6b3a", "#4fa46c"),
    ("#2aa7a7", "#5fe0e0"),
)
_TINT = (0.3, 0.22)
"""The part of a Worker's colour in its tint, such that `muted` text on it is readable."""
_DARK_TINT = 0.18
"""The same for the darker colours after the first eight."""

_numbers: dict[str, int] = {}


def role_of(worker: str) -> str:
    """Return the colour role of a Worker. Colours are assigned in the order of first use."""
    return f"worker{_numbers.setdefault(worker, len(_numbers)) % len(WORKERS)}"


def tint_of(worker: str) -> str:
    """Return the colour role of a Worker's tint, which text may be placed on."""
    return role_of(worker).replace("worker", "tint")


def colors(theme: int) -> dict[str, str]:
    """Return the colour of every role in the light theme (0) or the dark one (1)."""
    roles = {role: pair[theme] for role, pair in ROLES.items()}
    for number, pair in enumerate(WORKERS):
        roles[f"worker{number}"] = pair[theme]
        part = _TINT[theme] if number < 8 else _DARK_TINT
        roles[f"tint{number}"] = _mix(roles["box"], pair[theme], part)
    return roles


def _mix(background: str, color: str, part: float) -> str:
    pairs = [(int(background[i : i + 2], 16), int(color[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)

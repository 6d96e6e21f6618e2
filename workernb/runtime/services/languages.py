"""Languages: what a Worker's source can be written in."""

from __future__ import annotations

import re

from workernb.errors import UsageError, did_you_mean, with_notes

PYTHON = "python"
JAVASCRIPT = "javascript"
LANGUAGES = (PYTHON, JAVASCRIPT)

MODULE_SUFFIXES = {
    PYTHON: (".py",),
    JAVASCRIPT: (".js", ".mjs", ".json", ".txt", ".html", ".sql"),
}
"""What the path of a module ends with, by the language of its Worker."""

_looks_like_javascript = re.compile(
    r"^\s*(export\s+(default|const|class|function|async)\b"
    r"|import\s+[^#\n]*\bfrom\s+[\"'][^\n]*[\"'];?\s*$|(const|let|function|//)\s)",
    re.MULTILINE,
).search


def check_language(language: object) -> None:
    """Raise UsageError for what is no language."""
    if language not in LANGUAGES:
        raise with_notes(
            UsageError(f"A Worker's language is python or javascript, not {language!r}."),
            did_you_mean(str(language), LANGUAGES),
        )


def language_of(path: str) -> str:
    """Return the language of the Worker that a module belongs to, by the module's path."""
    return JAVASCRIPT if path.endswith(MODULE_SUFFIXES[JAVASCRIPT]) else PYTHON


def looks_like_javascript(source: str) -> bool:
    """Return whether a source that is no Python reads like a module of JavaScript's."""
    return _looks_like_javascript(source) is not None

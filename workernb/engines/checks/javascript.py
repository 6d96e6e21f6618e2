"""Handlers that are misspelt in a JavaScript module, by its text: there is no syntax tree of it."""

from __future__ import annotations

import re

from workernb.runtime.services.engine import HANDLERS

from .findings import Finding
from .functions import near

_method = re.compile(r"^(?:.*[{,]\s*|\s*)(?:async\s+)?([A-Za-z_$][\w$]*)\s*\([^()]*\)\s*\{")
_default = re.compile(r"^\s*export\s+default\b", re.MULTILINE)


_handler = re.compile(rf"\b({'|'.join(HANDLERS)})\b")


def check_javascript(source: str) -> list[Finding]:
    """Return what is probably a misspelt handler, where a module with a default export has none."""
    if _default.search(source) is None or _handler.search(source) is not None:
        return []
    findings = []
    for number, line in enumerate(source.splitlines(), 1):
        match = _method.match(line)
        meant = None if match is None else near(match[1], HANDLERS)
        if match is not None and meant is not None:
            text = f"{match[1]} is no handler, so no event calls it. Did you mean {meant}?"
            findings.append(Finding(number, text))
    return findings

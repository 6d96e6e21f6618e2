"""Handlers that are misspelt in a JavaScript module, by its text: there is no syntax tree of it."""

from __future__ import annotations

import difflib
import re

from workernb.runtime.services.engine import HANDLERS

from .findings import Finding

_method = re.compile(r"^(?:.*[{,]\s*|\s*)(?:async\s+)?([A-Za-z_$][\w$]*)\s*\([^()]*\)\s*\{")
_default = re.compile(r"^\s*export\s+default\b", re.MULTILINE)


def check_javascript(source: str) -> list[Finding]:
    """Return what is probably a misspelt handler, where the default export has none at all."""
    if _default.search(source) is None:
        return []
    found = [
        (number, match[1])
        for number, line in enumerate(source.splitlines(), 1)
        if (match := _method.match(line)) is not None
    ]
    if any(name in HANDLERS for _, name in found) or re.search(
        rf"\b({'|'.join(HANDLERS)})\b", source
    ):
        return []
    findings = []
    for number, name in found:
        near = difflib.get_close_matches(name.lower(), HANDLERS, n=1, cutoff=0.75)
        if near:
            text = f"{name} is no handler, so no event calls it. Did you mean {near[0]}?"
            findings.append(Finding(number, text))
    return findings

"""Differences between two definitions of a service, in words. No values of secrets."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .service import Definition

MOST = 80
"""How many characters of a var's value are told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs. before, after: as text, None where it is not there."""

    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.name}: {self.after} is new"
        if self.after is None:
            return f"{self.name}: {self.before} is removed"
        return f"{self.name}: {self.before} → {self.after}"


def settings_that_differ(before: Definition, after: Definition) -> list[Difference]:
    """Return what differs in the settings: bindings, vars, secrets, then the rest."""
    found = _of("{}", before.services, after.services, str)
    found += _of("{}", before.vars, after.vars, _told)
    found += _of("secret {}", before.secrets, after.secrets, lambda _: "a value")
    found += _of("{}", _facts(before), _facts(after), str)
    return found


def _of(
    named: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    told: Callable[[Any], str],
) -> list[Difference]:
    found = []
    for name in {**before, **after}:
        if name in before and name in after:
            if before[name] == after[name]:
                continue
            old, new = told(before[name]), told(after[name])
            found.append(
                Difference(named.format(name), old, f"another {new[2:]}" if old == new else new)
            )
        elif name in before:
            found.append(Difference(named.format(name), told(before[name]), None))
        else:
            found.append(Difference(named.format(name), None, told(after[name])))
    return found


def _told(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST else text[: MOST - 1] + "…"


def _facts(definition: Definition) -> dict[str, str]:
    facts = {
        "routes": ", ".join(route.pattern for route in definition.routes),
        "limits": "" if definition.limits is None else repr(definition.limits),
        "compatibility date": definition.compatibility_date or "",
        "version metadata": definition.version_metadata or "",
        "tag": definition.tag or "",
    }
    return {name: value for name, value in facts.items() if value}


def code_that_differs(before: Definition, after: Definition) -> list[str]:
    """Return the lines of the code that differ, with three around them, as `diff -u` has them."""
    return list(
        difflib.unified_diff(
            before.source.splitlines(), after.source.splitlines(), lineterm="", n=3
        )
    )[2:]


def describe_change(before: Definition | None, after: Definition) -> str:
    """Return on one line what a new definition changed."""
    if before is None:
        return "defined"
    words = [str(difference) for difference in settings_that_differ(before, after)]
    if before.source != after.source:
        lines = code_that_differs(before, after)
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        words.insert(0, f"code (+{added} −{removed} lines)")
    return "; ".join(words) or "nothing changed"

"""Diffs: the differences of two definitions, as text without the values of secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .definitions import Definition
from .kinds import kinds


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs. before, after: its values as text; None where it is absent."""

    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.name}: {self.after} is new"
        if self.after is None:
            return f"{self.name}: {self.before} is removed"
        return f"{self.name}: {self.before} → {self.after}"


def settings_that_differ(
    before: Definition, after: Definition, redact: Callable[[str], str] = str
) -> list[Difference]:
    """Return what differs in the settings: bindings kind by kind, then the rest.

    redact: applied to each value's text before it is shortened.
    """
    found: list[Difference] = []
    for kind in kinds():
        describe = partial(kind.summarize, redact=redact)
        found += _differences(before.of_kind(kind), after.of_kind(kind), kind.label, describe)
    found += _differences(_other_settings(before), _other_settings(after), str, redact)
    return found


def _differences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    label: Callable[[str], str],
    describe: Callable[[Any], str],
) -> list[Difference]:
    found = []
    for name in {**before, **after}:
        if name in before and name in after:
            if before[name] == after[name]:
                continue
            old, new = describe(before[name]), describe(after[name])
            if old == new:
                # Two secrets read alike, and so do texts that differ where they are shortened.
                new = f"another {new.removeprefix('a ')}"
            found.append(Difference(label(name), old, new))
        elif name in before:
            found.append(Difference(label(name), describe(before[name]), None))
        else:
            found.append(Difference(label(name), None, describe(after[name])))
    return found


def _other_settings(definition: Definition) -> dict[str, str]:
    settings = {
        "routes": ", ".join(route.pattern for route in definition.routes),
        "limits": "" if definition.limits is None else repr(definition.limits),
        "compatibility date": definition.compatibility_date or "",
        "tag": definition.tag or "",
    }
    return {name: value for name, value in settings.items() if value}


def code_that_differs(before: Definition, after: Definition) -> list[str]:
    """Return the differences in the code, as `diff -u` prints them."""
    import difflib

    return list(
        difflib.unified_diff(
            before.source.splitlines(), after.source.splitlines(), lineterm="", n=3
        )
    )[2:]


def describe_change(
    before: Definition | None, after: Definition, redact: Callable[[str], str] = str
) -> str:
    """Return on one line what a new definition changed. redact: as for `settings_that_differ`."""
    if before is None:
        return "defined"
    changes = [str(difference) for difference in settings_that_differ(before, after, redact)]
    if before.source != after.source:
        lines = code_that_differs(before, after)
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        changes.insert(0, f"code (+{added} −{removed} lines)")
    return "; ".join(changes) or "nothing changed"

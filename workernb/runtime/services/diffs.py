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
        "language": definition.language,
        "routes": ", ".join(route.pattern for route in definition.routes),
        "limits": "" if definition.limits is None else repr(definition.limits),
        "compatibility date": definition.compatibility_date or "",
        "tag": definition.tag or "",
        "main module": definition.main or "",
        "crons": ", ".join(definition.crons),
        "tails": ", ".join(definition.tails),
        "migrations": ", ".join(migration["tag"] for migration in definition.migrations),
        "origin": "" if definition.origin is None else str(definition.origin),
    }
    return {name: value for name, value in settings.items() if value}


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """One module whose source differs.

    module: its path, None for the main module. lines: as `diff -u` prints them. state: `is new` or
    `is removed`, empty for a module that both definitions have.
    """

    module: str | None
    lines: list[str]
    state: str = ""

    def __str__(self) -> str:
        added, removed = (sum(line.startswith(sign) for line in self.lines) for sign in "+-")
        if self.state:
            return f"module {self.module} {self.state} ({added or removed} lines)"
        return f"{self.module or 'code'} (+{added} −{removed} lines)"


def code_that_differs(before: Definition, after: Definition) -> list[CodeDifference]:
    """Return the differences in the code, module by module, the main one first."""
    found = []
    if before.source != after.source:
        found.append(CodeDifference(None, _diff(before.source, after.source)))
    for path in sorted({*before.modules, *after.modules}):
        old, new = before.modules.get(path), after.modules.get(path)
        if old != new:
            state = "is new" if old is None else "is removed" if new is None else ""
            found.append(CodeDifference(path, _diff(old or "", new or ""), state))
    return found


def _diff(before: str, after: str) -> list[str]:
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return list(lines)[2:]


def describe_change(
    before: Definition | None, after: Definition, redact: Callable[[str], str] = str
) -> str:
    """Return on one line what a new definition changed. redact: as for `settings_that_differ`."""
    if before is None:
        return "defined"
    changes = [
        *map(str, code_that_differs(before, after)),
        *map(str, settings_that_differ(before, after, redact)),
    ]
    return "; ".join(changes) or "nothing changed"

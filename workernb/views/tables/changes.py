"""What was changed, how two versions differ, and who depends on whom, as tables."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.dependents import all_dependents
from workernb.runtime.services.diffs import code_that_differs, settings_that_differ
from workernb.runtime.services.service import Service
from workernb.runtime.services.versions import Version
from workernb.views.drawing.text import Markup, visible

from .table import Page, Row, Table, time_of_day


class HistoryTable(Table):
    """What `%workers --history` shows: all that was done to a service, or to all, oldest first."""

    def __init__(self, runtime: Runtime, name: str | None = None) -> None:
        """Take the history as it is now; UsageError for a service that never was."""
        changes = [one for one in runtime.history if name in (None, one.service)]
        if name is not None and not changes:
            runtime[name]  # Raises why there is none.
        rows: list[Row] = [
            (
                time_of_day(one.at),
                one.service,
                "" if one.version is None else f"v{one.version.number}",
                one.words,
                one.reason,
            )
            for one in changes
        ]
        title = "History" if name is None else f"History of {name}"
        super().__init__(title, ("at", "Worker", "version", "what", "by"), rows, "nothing yet")


class UsedByPage(Page):
    """What `%workers NAME --used-by` shows: who depends on a service, in each environment."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        """Take the dependents of a service, which may be bound to without being defined."""
        if name not in runtime.services:
            runtime[name]  # Raises why there is none.
        names = _in_all_environments(runtime, name)
        super().__init__([_used_by(runtime, name) for name in names])


def _in_all_environments(runtime: Runtime, name: str) -> list[str]:
    others = [
        service.name
        for service in runtime.defined()
        if service.definition.environment is not None and service.definition.worker == name
    ]
    return list(dict.fromkeys([name, *others]))


def _used_by(runtime: Runtime, name: str) -> Table:
    rows: list[Row] = [
        (
            one.caller,
            f"env.{one.binding}",
            str(one.target),
            f"through {' and '.join(one.through)}" if one.through else "directly",
            f"{one.binding} would lead nowhere" if not one.through else "what calls on would fail",
        )
        for one in all_dependents(runtime.defined(), name)
        if one.caller != name
    ]
    headings = ("who", "calls", "bound to", "how", f"without {name}")
    return Table(f"{name} is used by", headings, rows, "nobody; removing it breaks no other Worker")


class VersionDiff:
    """What `%diff` shows: the settings that differ, then the lines of the code that do."""

    def __init__(self, runtime: Runtime, before: Version, after: Version) -> None:
        """Take the differences of two versions."""
        redact = runtime.redactor.redact
        settings = settings_that_differ(before.definition, after.definition)
        code = code_that_differs(before.definition, after.definition)
        self._lines = [f"{before} ({before.id}) → {after} ({after.id})"]
        self._lines += [f"~ {redact(str(one))}" for one in settings]
        self._lines += [redact(line) for line in code]
        if not settings and not code:
            self._lines.append("Nothing differs.")

    @classmethod
    def of(cls, runtime: Runtime, name: str, numbers: list[int]) -> VersionDiff:
        """Compare two versions; one with what serves; or the last two."""
        runtime[name]
        service: Service = runtime.services[name]
        if not numbers:
            numbers = [version.number for version in service.versions[-2:]]
        if len(numbers) == 1:
            numbers = [*numbers, service.deployment.main]
        before, after = (service[number] for number in numbers)
        return cls(runtime, before, after)

    def __repr__(self) -> str:
        return "\n".join(visible(line) for line in self._lines)

    def _repr_html_(self) -> str:
        line = Markup('<span style="color:{}">{}</span>')
        colored = [line.format(_COLORS.get(text[:1], "inherit"), text) for text in self._lines]
        return str(_PRE.format(Markup("\n").join(colored)))


_COLORS = {"+": "#1a7f37", "-": "#c02020", "~": "#b35900"}
_PRE = Markup(
    '<pre style="white-space:pre-wrap;line-height:1.45;'
    'color:var(--jp-ui-font-color1,inherit)">{}</pre>'
)

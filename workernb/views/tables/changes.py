"""The history of changes, the dependents of a service, and the differences of two versions."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.dependents import all_dependents
from workernb.runtime.services.diffs import code_that_differs, settings_that_differ
from workernb.runtime.services.service import Service
from workernb.runtime.services.versions import Version
from workernb.views.drawing.text import Markup, visible

from .table import Page, Row, Table, time_of_day


class HistoryTable(Table):
    """The changes of one service, or of all services, oldest first: `%workers --history`."""

    def __init__(self, runtime: Runtime, name: str | None = None) -> None:
        """Take the history as it is now. Raises UsageError for an unknown service."""
        changes = [change for change in runtime.history if name in (None, change.service)]
        if name is not None and not changes:
            runtime[name]  # Raises UsageError unless the service is defined.
        rows: list[Row] = [
            (
                time_of_day(change.at),
                change.service,
                "" if change.version is None else f"v{change.version.number}",
                change.summary,
                change.reason,
            )
            for change in changes
        ]
        title = "History" if name is None else f"History of {name}"
        super().__init__(title, ("at", "Worker", "version", "what", "by"), rows, "nothing yet")


class UsedByPage(Page):
    """The dependents of a service, in each environment: `%workers NAME --used-by`."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        """Take the dependents of a service, which need not be defined. Raises UsageError."""
        if name not in runtime.services:
            runtime[name]  # Raises UsageError.
        names = _environments(runtime, name)
        super().__init__([_used_by(runtime, name) for name in names])


def _environments(runtime: Runtime, name: str) -> list[str]:
    """Return the services of a Worker in all environments."""
    others = [
        service.name
        for service in runtime.defined()
        if service.definition.environment is not None and service.definition.worker == name
    ]
    return list(dict.fromkeys([name, *others]))


def _used_by(runtime: Runtime, name: str) -> Table:
    rows: list[Row] = [
        (
            dependent.caller,
            f"env.{dependent.binding}",
            str(dependent.target),
            f"through {' and '.join(dependent.through)}" if dependent.through else "directly",
            "what calls on would fail"
            if dependent.through
            else f"{dependent.binding} would lead nowhere",
        )
        for dependent in all_dependents(runtime.defined(), name)
        if dependent.caller != name
    ]
    headings = ("who", "calls", "bound to", "how", f"without {name}")
    return Table(f"{name} is used by", headings, rows, "nobody; removing it breaks no other Worker")


class VersionDiff:
    """The differences of two versions: settings first, then lines of code, as `%diff` shows."""

    def __init__(self, runtime: Runtime, before: Version, after: Version) -> None:
        """Compare two versions."""
        redact = runtime.redactor.redact
        settings = settings_that_differ(before.definition, after.definition, redact)
        code = code_that_differs(before.definition, after.definition)
        self._lines = [f"{before} ({before.id}) → {after} ({after.id})"]
        self._lines += [f"~ {setting}" for setting in settings]
        for module in code:
            if module.module is not None:
                self._lines.append(f"~ {' '.join(filter(None, [module.module, module.state]))}")
            self._lines += [redact(line) for line in module.lines]
        if not settings and not code:
            self._lines.append("Nothing differs.")

    @classmethod
    def of(cls, runtime: Runtime, name: str, numbers: list[int]) -> VersionDiff:
        """Compare two versions; one version with the one that serves; or the last two.

        Raises UsageError for an unknown service or version.
        """
        runtime[name]  # Raises UsageError.
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

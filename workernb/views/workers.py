"""The Workers as a table, and one Worker's page. Secrets count; their values are nowhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workernb.runtime.dependents import dependents
from workernb.runtime.runtime import Runtime
from workernb.runtime.services import Definition, Service

from .text import escaped, one_line

Row = Sequence[str]

_VERSIONS = ("version", "id", "at", "serves", "tag", "made by")


def clock(at: float) -> str:
    """Return a time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at))


class Table:
    """Rows under headings, as text and as HTML."""

    def __init__(self, title: str, headings: Row, rows: Sequence[Row], empty: str) -> None:
        """Keep the cells, which may be any text."""
        self._title = title
        self._headings = headings
        self._rows = [[one_line(cell, 200) for cell in row] for row in rows]
        self._empty = empty

    def __repr__(self) -> str:
        if not self._rows:
            return f"{self._title}: {self._empty}"
        table = [list(self._headings), *self._rows]
        widths = [max(len(row[at]) for row in table) for at in range(len(self._headings))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table]
        return "\n".join([self._title, *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p><b>{escaped(self._title)}</b>: {escaped(self._empty)}</p>"
        head = "".join(f'<th style="text-align:left">{escaped(h)}</th>' for h in self._headings)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{escaped(c)}</td>' for c in row)
            + "</tr>"
            for row in self._rows
        )
        return (
            f'<table><caption style="text-align:left"><b>{escaped(self._title)}</b></caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


class WorkersTable(Table):
    """What `%workers` shows. requests: in the traces that are kept."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the services of a runtime as they are now."""
        super().__init__(
            "Workers",
            ("name", "version", "reached by", "bindings", "bound by", "requests"),
            [_row(runtime, service) for service in runtime.defined()],
            "none yet; define one in a cell that starts with %%worker NAME",
        )


def _row(runtime: Runtime, service: Service) -> Row:
    definition = service.definition
    bindings = [f"{name}={target}" for name, target in definition.services.items()]
    bindings += [f"{name}=…" for name in definition.vars]
    bindings += [f"{name} (secret)" for name in definition.secrets]
    return (
        service.name,
        " · ".join(f"v{version.number} {version.id}" for version in service.serving),
        ", ".join(route.pattern for route in definition.routes) or "bindings only",
        ", ".join(bindings) or "–",
        ", ".join(bound_services(runtime, service.name)) or "–",
        str(_requests(runtime, service.name)[0]),
    )


def bound_services(runtime: Runtime, name: str) -> list[str]:
    """Return what is bound to a service, as `gateway.AUTH`."""
    return list(dict.fromkeys(str(one) for one in dependents(runtime.defined(), name)))


def _requests(runtime: Runtime, name: str) -> tuple[int, int]:
    """Return how many invocations of a service the kept traces have, and how many failed."""
    calls = [call for trace in runtime.traces for call in trace.invocations if call.service == name]
    return len(calls), sum(call.outcome != "ok" for call in calls)


def settings_rows(definition: Definition) -> list[Row]:
    """Return what a Worker finds in its environment: the name of each, and its kind."""
    rows: list[Row] = [(key, f"service {to}") for key, to in definition.services.items()]
    rows += [(key, "var") for key in definition.vars]
    rows += [(key, "secret") for key in definition.secrets]
    if definition.version_metadata is not None:
        rows.append((definition.version_metadata, "version metadata"))
    return rows


class WorkerPage:
    """What `%workers NAME` shows: bindings out and in, routes, versions, limits, counters."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        """Take the page of a service; UsageError when it is not defined."""
        service = runtime.services[runtime[name].name]
        definition = service.definition
        limits = runtime.limits_of(service.version)
        requests, errors = _requests(runtime, name)
        out = settings_rows(definition)
        facts: list[Row] = [
            ("reached by", ", ".join(r.pattern for r in definition.routes) or "bindings only"),
            ("CPU budget", f"{limits.cpu_ms:,.0f} ms" if limits.cpu_ms else "no limit"),
            ("subrequests", f"{limits.subrequests:,}"),
            ("requests in the kept traces", f"{requests:,}, of which {errors:,} failed"),
        ]
        bound: list[Row] = [(one,) for one in bound_services(runtime, name)]
        shares = dict(service.deployment.shares)
        versions: list[Row] = [
            (
                f"v{version.number}",
                version.id,
                clock(version.created),
                f"{shares[version.number]:g} %" if version.number in shares else "–",
                version.definition.tag or "–",
                runtime.redactor.redact(version.reason),
            )
            for version in reversed(service.versions)
        ]
        self._tables = [
            Table(name, ("what", "value"), facts, ""),
            Table("Bindings", ("name", "kind"), out, "none"),
            Table("Bound Services", ("who calls it",), bound, "none; nobody is bound to it"),
            Table("Versions", _VERSIONS, versions, "none"),
        ]

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self._tables))

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self._tables)

"""The Workers as a table, and one Worker's page. Secrets count; their values are nowhere."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.dependents import dependents
from workernb.runtime.services.limits import SHARED
from workernb.runtime.services.service import Service
from workernb.views.drawing.text import ms
from workernb.views.pictures.system import Key
from workernb.views.pictures.traffic import Flow, Traffic

from .table import Page, Row, Table, time_of_day

_BINDINGS = ("name", "kind", "requests", "failed", "note")
_BOUND = ("who calls it", "bound to", "requests", "failed")
_VERSIONS = ("version", "id", "at", "serves", "tag", "made by")


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


def _facts(runtime: Runtime, service: Service) -> list[Row]:
    definition, limits = service.definition, runtime.limits_of(service.version)
    requests, errors = _requests(runtime, service.name)
    used = sum(trace.cpu_by_service().get(service.name, 0.0) for trace in runtime.traces)
    whose = "of a request, with all that it calls" if limits.budget == SHARED else "of each call"
    environment = definition.environment
    return [
        ("reached by", ", ".join(r.pattern for r in definition.routes) or "bindings only"),
        ("environment", f"{environment}, of {definition.worker}" if environment else "–"),
        ("entrypoints", ", ".join(service.entrypoints) or "none: its code exports no class"),
        ("compatibility date", definition.compatibility_date or "–"),
        ("CPU budget", f"{_ms_or_none(limits.cpu_ms)} {whose}" if limits.cpu_ms else "no limit"),
        ("wall clock", _ms_or_none(limits.wall_ms)),
        ("subrequests", f"{limits.subrequests:,}"),
        ("invocations", f"{limits.invocations:,}, the first included"),
        ("memory", f"{limits.memory_mb:,g} MB"),
        ("requests in the kept traces", f"{requests:,}, of which {errors:,} failed"),
        ("CPU in them", ms(used)),
    ]


def _ms_or_none(value: float | None) -> str:
    return "no limit" if value is None else f"{value:,.0f} ms"


def _passed(traffic: Traffic, key: Key) -> tuple[str, str]:
    """Return how many requests went over an arrow, and how many of them failed."""
    flow = traffic.arrows.get(key) or Flow()
    return f"{flow.requests:,}", f"{flow.failed:,}"


def _called(
    runtime: Runtime, traffic: Traffic, name: str, definition: Definition, key: str
) -> tuple[str, str, str]:
    """Return what went over a binding, and what is wrong with it; nothing for a var or a secret."""
    target = definition.services.get(key)
    if target is None:
        return "", "", ""
    known = runtime.services.get(target.service)
    note = ""
    if known is None or not known.versions:
        note = "not defined"
    elif target.entrypoint not in known.entrypoints:
        note = "no such entrypoint"
    return *_passed(traffic, (name, key, target.service)), note


def settings_rows(definition: Definition) -> list[tuple[str, str]]:
    """Return what a Worker finds in its environment: the name of each, and its kind."""
    rows = [(key, f"service {to}") for key, to in definition.services.items()]
    rows += [(key, "var") for key in definition.vars]
    rows += [(key, "secret") for key in definition.secrets]
    if definition.version_metadata is not None:
        rows.append((definition.version_metadata, "version metadata"))
    return rows


class WorkerPage(Page):
    """What `%workers NAME` shows: facts and limits, bindings out and in, versions, counters."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        """Take the page of a service; UsageError when it is not defined."""
        service = runtime.services[runtime[name].name]
        definition = service.definition
        traffic = Traffic.of(runtime)
        bound = [
            (str(one), str(one.target), *_passed(traffic, (one.caller, one.binding, service.name)))
            for one in dependents(runtime.defined(), service.name)
        ]
        out = [
            (key, kind, *_called(runtime, traffic, service.name, definition, key))
            for key, kind in settings_rows(definition)
        ]
        shares = dict(service.deployment.shares)
        versions: list[Row] = [
            (
                f"v{version.number}",
                version.id,
                time_of_day(version.created),
                f"{shares[version.number]:g} %" if version.number in shares else "–",
                version.definition.tag or "–",
                runtime.redactor.redact(version.reason),
            )
            for version in reversed(service.versions)
        ]
        super().__init__(
            [
                Table(service.name, ("what", "value"), _facts(runtime, service), ""),
                Table("Bindings", _BINDINGS, out, "none"),
                Table("Bound Services", _BOUND, bound, "none; nobody is bound to it"),
                Table("Versions", _VERSIONS, versions, "none"),
            ]
        )

"""The table of all Workers, and the page of one. No values of secrets are shown."""

from __future__ import annotations

from collections.abc import Callable

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.dependents import dependents
from workernb.runtime.services.limits import SHARED
from workernb.runtime.services.service import Service
from workernb.runtime.tracing.metering import ms
from workernb.views.pictures.system import Key
from workernb.views.pictures.traffic import Flow, Traffic

from .table import Page, Row, Table, time_of_day

_BINDINGS = ("name", "kind", "requests", "failed", "note")
_BOUND_SERVICES = ("who calls it", "bound to", "requests", "failed")
_VERSIONS = ("version", "id", "at", "serves", "tag", "made by")


class WorkersTable(Table):
    """All Workers, as `%workers` shows them. The requests of the kept traces are counted."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the services as they are now."""
        super().__init__(
            "Workers",
            ("name", "version", "reached by", "bindings", "bound by", "requests"),
            [_row(runtime, service) for service in runtime.defined()],
            "none yet; define one in a cell that starts with %%worker NAME",
        )


def _row(runtime: Runtime, service: Service) -> Row:
    definition = service.definition
    entries = (kind.entry(name, value) for kind, name, value in definition.each_binding())
    return (
        service.name,
        " · ".join(f"v{version.number} {version.id}" for version in service.serving),
        ", ".join(route.pattern for route in definition.routes) or "bindings only",
        ", ".join(filter(None, entries)) or "–",
        ", ".join(bound_services(runtime, service.name)) or "–",
        str(_requests(runtime, service.name)[0]),
    )


def bound_services(runtime: Runtime, name: str) -> list[str]:
    """Return the bindings to a service, each as `gateway.AUTH`."""
    return list(dict.fromkeys(map(str, dependents(runtime.defined(), name))))


def _requests(runtime: Runtime, name: str) -> tuple[int, int]:
    """Return the numbers of invocations and of failures of a service in the kept traces."""
    outcomes = [
        invocation.outcome
        for trace in runtime.traces
        for invocation in trace.invocations
        if invocation.service == name and invocation.began_ns
    ]
    return len(outcomes), sum(outcome != "ok" for outcome in outcomes)


def _classes(service: Service) -> list[str]:
    """Return the names of the classes of Durable Objects of a service."""
    return sorted({name for isolate in service.isolates.values() for name in isolate.objects})


def _facts(runtime: Runtime, service: Service) -> list[Row]:
    definition, limits = service.definition, runtime.limits_of(service.version)
    requests, failed = _requests(runtime, service.name)
    cpu_ms = sum(trace.cpu_by_service().get(service.name, 0.0) for trace in runtime.traces)
    scope = "of a request, with all that it calls" if limits.budget == SHARED else "of each call"
    environment = definition.environment
    return [
        ("reached by", ", ".join(r.pattern for r in definition.routes) or "bindings only"),
        ("environment", f"{environment}, of {definition.worker}" if environment else "–"),
        ("entrypoints", ", ".join(service.entrypoints) or "none: its code exports no class"),
        ("classes of objects", ", ".join(_classes(service)) or "–"),
        ("modules", ", ".join(definition.modules) or "–"),
        ("schedules", ", ".join(definition.crons) or "–"),
        ("tails", ", ".join(definition.tails) or "–"),
        ("compatibility date", definition.compatibility_date or "–"),
        ("CPU budget", f"{_ms_or_none(limits.cpu_ms)} {scope}" if limits.cpu_ms else "no limit"),
        ("wall clock", _ms_or_none(limits.wall_ms)),
        ("subrequests", f"{limits.subrequests:,}"),
        ("invocations", f"{limits.invocations:,}, the first included"),
        ("memory", f"{limits.memory_mb:,g} MB"),
        ("requests in the kept traces", f"{requests:,}, of which {failed:,} failed"),
        ("CPU in them", ms(cpu_ms)),
    ]


def _ms_or_none(value: float | None) -> str:
    return "no limit" if value is None else f"{value:,.0f} ms"


def _flow_cells(traffic: Traffic, key: Key) -> tuple[str, str]:
    """Return the numbers of requests and of failures over an arrow."""
    flow = traffic.arrows.get(key) or Flow()
    return f"{flow.requests:,}", f"{flow.failed:,}"


def _binding_cells(
    runtime: Runtime, traffic: Traffic, name: str, definition: Definition, binding: str
) -> tuple[str, str, str]:
    """Return the requests over a service binding, the failures and a note; else empty cells."""
    target = dict(definition.targets()).get(binding)
    if target is None:
        return "", "", ""
    service = runtime.services.get(target.service)
    note = ""
    if service is None or not service.versions:
        note = "not defined"
    elif target.entrypoint not in service.entrypoints:
        note = "no such entrypoint"
    return *_flow_cells(traffic, (name, binding, target.service)), note


def settings_rows(definition: Definition, redact: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return the name and the kind of each property of a Worker's env, and the values of vars."""
    return [(name, kind.row(value, redact)) for kind, name, value in definition.each_binding()]


class WorkerPage(Page):
    """One Worker: its limits and counters, its bindings, the bindings to it, its versions."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        """Take a service as it is now. Raises UsageError if it is not defined."""
        service = runtime.services[runtime[name].name]
        definition = service.definition
        traffic = Traffic.of(runtime)
        callers = [
            (
                str(dependent),
                str(dependent.target),
                *_flow_cells(traffic, (dependent.caller, dependent.binding, service.name)),
            )
            for dependent in dependents(runtime.defined(), service.name)
        ]
        bindings = [
            (binding, kind, *_binding_cells(runtime, traffic, service.name, definition, binding))
            for binding, kind in settings_rows(definition, runtime.redactor.redact)
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
                Table("Bindings", _BINDINGS, bindings, "none"),
                Table("Bound Services", _BOUND_SERVICES, callers, "none; nobody is bound to it"),
                Table("Versions", _VERSIONS, versions, "none"),
            ]
        )

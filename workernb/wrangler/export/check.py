"""The check before an export: what would fail or differ on the platform, on which plan.

https://developers.cloudflare.com/workers/platform/limits/
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workernb.errors import did_you_mean
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace

from .guide import left_out
from .order import deployment_order
from .packages import packages
from .project import COMPATIBILITY_DATE
from .pyodide import BUILT

FAILS, DIFFERS = "fails", "differs"


class Plan(NamedTuple):
    """A plan of the platform. cpu_ms: per invocation. subrequests: per request. vars: at most."""

    name: str
    cpu_ms: float
    subrequests: int
    vars: int


FREE = Plan("free", 10, 50, 64)
PAID = Plan("paid", 30_000, 10_000, 128)
STARTUP_MS = 1_000
MAX_VAR_BYTES = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that would fail or differ on the platform.

    level: `fails` or `differs`. plan: `free`, `paid` or `both`. line: of the cell, or None.
    """

    level: str
    plan: str
    service: str
    place: str
    line: int | None
    text: str
    remedy: str

    @property
    def where(self) -> str:
        """The cell and its line."""
        return self.place if self.line is None else f"{self.place}, line {self.line}"


def findings(runtime: Runtime) -> list[Finding]:
    """Return what would fail or differ of a runtime's services, in the order of their names.

    Of CPU and subrequests it is what was seen: the most that one of the kept traces has.
    """
    seen = _Seen(runtime)
    found: list[Finding] = []
    for service in sorted(runtime.defined(), key=lambda each: each.name):
        check = _Check(service, runtime, seen)
        found += check.all()
    return found


def order_text(definitions: Sequence[Definition]) -> str:
    """Return the order of deployment on one line."""
    order = deployment_order(definitions)
    stubs = f", as stubs before: {', '.join(order.stubs)}" if order.stubs else ""
    return f"order of deployment: {', '.join(order.services)}{stubs}"


class _Seen:
    """What the kept traces say of each service: the most CPU (ms), and the most subrequests."""

    def __init__(self, runtime: Runtime) -> None:
        self.cpu_ms: dict[str, float] = {}
        self.subrequests: dict[str, int] = {}
        self.called: dict[str, set[str]] = {}  # By service: the events that it handled.
        for trace in runtime.traces:
            for invocation in trace.invocations:
                name = invocation.service
                self.cpu_ms[name] = max(self.cpu_ms.get(name, 0.0), invocation.cpu_ms)
                self.called.setdefault(name, set()).add(invocation.event)
            for invocation, count in _calls(trace).items():
                name = invocation.service
                self.subrequests[name] = max(self.subrequests.get(name, 0), count)


def _calls(trace: Trace) -> Counter[Invocation]:
    """Return how many subrequests each invocation of a trace made."""
    callers = [
        *(each.caller for each in trace.invocations),
        *(each.caller for each in trace.operations),
        *(each.invocation for each in trace.fetches),
    ]
    return Counter(caller for caller in callers if caller is not None)


class _Check:
    """The check of one service."""

    def __init__(self, service: Service, runtime: Runtime, seen: _Seen) -> None:
        self._service = service
        self._definition = service.definition
        self._runtime = runtime
        self._seen = seen

    def all(self) -> Iterator[Finding]:
        """Yield what is found, what fails first."""
        found = [
            *self._targets(), *self._startup(), *self._cpu(), *self._subrequests(),
            *self._packages(), *self._vars(), *self._dates(), *self._own_names(),
            *self._routes(), *self._left_out(),
        ]  # fmt: skip
        yield from sorted(found, key=lambda each: each.level != FAILS)

    def _finding(
        self, level: str, plan: str, text: str, remedy: str, line: int | None = None
    ) -> Finding:
        place = self._service.version.reason if self._service.version is not None else ""
        return Finding(level, plan, self._definition.name, place, line, text, remedy)

    def _targets(self) -> Iterator[Finding]:
        """Yield what is bound to a service or an entrypoint that is not there."""
        services = self._runtime.services
        for binding, target in self._definition.targets():
            service = services.get(target.service)
            if service is None or service.version is None:
                yield self._finding(
                    FAILS, "both", f"{binding} leads to {target.service}, which no Worker here is.",
                    did_you_mean(target.service, self._runtime) or "Deploy it before this one.",
                )  # fmt: skip
            elif target.entrypoint != DEFAULT and target.entrypoint not in service.entrypoints:
                known = ", ".join(service.entrypoints)
                yield self._finding(
                    FAILS, "both", f"{binding} leads to {target}, an entrypoint that it lacks.",
                    did_you_mean(target.entrypoint, service.entrypoints) or f"It has {known}.",
                )  # fmt: skip
        for tail in self._definition.tails:
            if tail not in self._runtime:
                yield self._finding(
                    FAILS, "both", f"The tail {tail} is no Worker here.",
                    did_you_mean(tail, self._runtime) or "Deploy it before this one.",
                )  # fmt: skip

    def _startup(self) -> Iterator[Finding]:
        version = self._service.version
        if version is not None and version.startup_ms > STARTUP_MS:
            yield self._finding(
                FAILS, "both",
                f"The module takes {version.startup_ms:,.0f} ms of CPU to load; the limit is "
                f"{STARTUP_MS:,} ms.",
                "Do the work at the first request, or keep its result in a store.",
            )  # fmt: skip

    def _cpu(self) -> Iterator[Finding]:
        used = self._seen.cpu_ms.get(self._definition.name, 0.0)
        for plan in (FREE, PAID):
            if used > plan.cpu_ms:
                yield self._finding(
                    FAILS, plan.name,
                    f"An invocation used {used:,.1f} ms of CPU; the {plan.name} plan has "
                    f"{plan.cpu_ms:,g} ms.",
                    "Find what it does with %cpu."
                    if plan is FREE
                    else "Raise limits.cpu_ms, to 300,000 ms at most.",
                )  # fmt: skip

    def _subrequests(self) -> Iterator[Finding]:
        made = self._seen.subrequests.get(self._definition.name, 0)
        for plan in (FREE, PAID):
            if made > plan.subrequests:
                yield self._finding(
                    FAILS, plan.name,
                    f"An invocation made {made:,} subrequests; the {plan.name} plan has "
                    f"{plan.subrequests:,}.",
                    "Ask for several things in one call.",
                )  # fmt: skip

    def _packages(self) -> Iterator[Finding]:
        for name in packages(self._definition):
            if name not in BUILT and _is_compiled(name):
                yield self._finding(
                    FAILS, "both",
                    f"The package {name} has compiled code and no build for Python Workers.",
                    "Use another one, or call a service that has it.",
                    self._line_of_import(name),
                )  # fmt: skip

    def _vars(self) -> Iterator[Finding]:
        texts = {name: kind.describe(value) for kind, name, value in self._definition.each_binding()
                 if kind.keyword == "vars"}  # fmt: skip
        texts |= self._definition.secrets
        for plan in (FREE, PAID):
            if len(texts) > plan.vars:
                yield self._finding(
                    FAILS, plan.name,
                    f"There are {len(texts)} vars and secrets; the {plan.name} plan has "
                    f"{plan.vars}.", "Put several into one JSON var.",
                )  # fmt: skip
        for name, text in texts.items():
            if len(text.encode()) > MAX_VAR_BYTES:
                yield self._finding(
                    FAILS, "both", f"{name} has more than {MAX_VAR_BYTES:,} bytes.",
                    "Keep it in KV.",
                )  # fmt: skip

    def _dates(self) -> Iterator[Finding]:
        """Yield what is used and was not there yet on the compatibility date."""
        date = self._definition.compatibility_date or COMPATIBILITY_DATE
        if date > COMPATIBILITY_DATE:
            yield self._finding(
                DIFFERS, "both",
                f"The compatibility date is {date}; behaviour is simulated as of "
                f"{COMPATIBILITY_DATE}.", "Try it with wrangler dev.",
            )  # fmt: skip
        uses = {name: line for path, line in self._attributes() for name in _SINCE if path == name}
        if "rpc" in self._seen.called.get(self._definition.name, ()):
            uses["rpc"] = 0
        for name, line in uses.items():
            since, what = _SINCE[name]
            if date < since:
                yield self._finding(
                    FAILS, "both",
                    f"{what} needs a compatibility date from {since} on, not {date}.",
                    f"Set --compatibility-date {since} or later.", line or None,
                )  # fmt: skip

    def _own_names(self) -> Iterator[Finding]:
        for path, line in self._attributes():
            if path in _OURS_ALONE:
                yield self._finding(
                    DIFFERS, "both", f"self.{path} is of workernb alone.", _OURS_ALONE[path], line
                )

    def _routes(self) -> Iterator[Finding]:
        for route in self._definition.routes:
            if route.port is not None:
                yield self._finding(
                    FAILS, "both", f"The route {route.pattern} has a port.",
                    "Leave the port out.",
                )  # fmt: skip

    def _left_out(self) -> Iterator[Finding]:
        for text in left_out(self._definition):
            yield self._finding(
                DIFFERS, "both", f"The setting {text} stays in the notebook.",
                "Wrangler's configuration has no place for it.",
            )  # fmt: skip

    def _attributes(self) -> Iterator[tuple[str, int]]:
        """Yield each attribute of `self` that the source reads, as `ctx.exports`, with its line."""
        try:
            tree = ast.parse(self._definition.source)
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                path = ast.unparse(node)
                if path.startswith("self."):
                    yield path.removeprefix("self."), node.lineno

    def _line_of_import(self, name: str) -> int | None:
        for number, line in enumerate(self._definition.source.splitlines(), 1):
            if line.strip().startswith(("import ", "from ")) and name.replace("-", "_") in line:
                return number
        return None


_SINCE: Mapping[str, tuple[str, str]] = {
    "rpc": ("2024-04-03", "RPC"),
    "ctx.exports": ("2025-11-17", "ctx.exports"),
}

_OURS_ALONE: Mapping[str, str] = {
    "ctx.limits": "The platform does not tell a Worker what is left: read it from the trace here.",
}


def _is_compiled(package: str) -> bool:
    """Return whether an installed package has compiled code; False for one that is not there."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = files(package) or []
    except PackageNotFoundError:
        return False
    return any(file.suffix in (".so", ".pyd", ".dylib") for file in found)

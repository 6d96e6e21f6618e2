"""Limits: what a top-level request may use.

https://developers.cloudflare.com/workers/platform/limits/
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from workernb.errors import UsageError, did_you_mean, with_notes

SHARED = "shared"
BUDGETS = (SHARED, "per-invocation")
"""What a CPU budget applies to: the whole top-level request, or each invocation."""


WARN_AT = 0.8
"""The share of a limit from which a trace has a warning."""

MIN_WARNED = 5
"""With a smaller limit of calls, there is no warning before it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a top-level request, shared by all its invocations. None means no limit.

    cpu_ms: thread CPU, in ms. wall_ms: duration of the request, in ms of wall clock. subrequests:
    number of calls over bindings. invocations: number of invocations, including the first. depth:
    number of nested invocations, including the first. budget: `shared` if the first Worker's
    `cpu_ms` covers all invocations, or `per-invocation` if each Worker's `cpu_ms` applies to each
    of its invocations. memory_mb: size of a Worker's globals, in MB of 10**6 bytes. startup_ms:
    thread CPU, in ms, of a Worker's module as it loads, without imports; also of all imports in a
    request.
    """

    cpu_ms: float | None = 1_000
    wall_ms: float | None = 60_000
    subrequests: int = 1_000
    invocations: int = 32
    depth: int = 32
    budget: str = "shared"
    memory_mb: float = 128
    startup_ms: float = 1_000
    # Derived values, computed once instead of per request.
    budget_ns: float = field(init=False, repr=False, compare=False)
    calls: int = field(init=False, repr=False, compare=False)
    calls_before_warning: int = field(init=False, repr=False, compare=False)
    warn_cpu_ns: float = field(init=False, repr=False, compare=False)
    warn_wall_ns: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the values and derive the others; UsageError for an invalid one."""
        if self.budget not in BUDGETS:
            raise with_notes(
                UsageError(f"budget must be {' or '.join(BUDGETS)}, not {self.budget!r}."),
                did_you_mean(str(self.budget), BUDGETS),
            )
        for name in names():
            value = getattr(self, name)
            if name == "budget":
                continue
            if value is None and name.endswith("_ms"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise UsageError(f"{name} must be a number above 0, not {value!r}.")
        shared = self.cpu_ms if self.budget == SHARED else None
        budget_ns = math.inf if shared is None else shared * 1e6
        object.__setattr__(self, "budget_ns", budget_ns)
        object.__setattr__(self, "warn_cpu_ns", WARN_AT * budget_ns)
        wall_ns = math.inf if self.wall_ms is None else self.wall_ms * 1e6
        object.__setattr__(self, "warn_wall_ns", WARN_AT * wall_ns)
        calls = min(self.invocations - 1, self.subrequests)
        object.__setattr__(self, "calls", calls)
        before = math.ceil(calls * WARN_AT) if calls >= MIN_WARNED else calls
        object.__setattr__(self, "calls_before_warning", before)

    @property
    def of_budget(self) -> str:
        """The text that follows the CPU used, about the budget: ` of 50 ms`; empty without one."""
        if self.cpu_ms is None:
            return ""
        return (
            f" of {self.cpu_ms:,g} ms" if self.budget == SHARED else f", {self.cpu_ms:,g} ms each"
        )

    def but(self, **changes: Any) -> Limits:
        """Return a copy with some limits changed; UsageError for an unknown or invalid one."""
        known = names()
        for name in changes:
            if name not in known:
                raise with_notes(
                    UsageError(f"There is no limit {name!r}; there are {', '.join(known)}."),
                    did_you_mean(name, known),
                )
        return replace(self, **changes)


class LimitText(NamedTuple):
    """What `%limits` says about a limit.

    name: the attribute of `Limits`. help: of its option. unit: empty for a plain number. scope:
    what is limited.
    """

    name: str
    help: str
    unit: str
    scope: str

    @property
    def option(self) -> str:
        """The option of `%limits` that sets it."""
        return f"--{self.name.replace('_', '-')}"


TEXTS = (
    LimitText("cpu_ms", "thread CPU, in ms; or none", "ms", "thread CPU"),
    LimitText("wall_ms", "wall clock, in ms; or none", "ms", "wall clock of the request"),
    LimitText("subrequests", "calls that a request may make", "", "calls of the request"),
    LimitText("invocations", "invocations, the first included", "",
        "invocations, the first included"),
    LimitText("depth", "invocations nested in one another", "",
        "invocations nested in one another"),
    LimitText("memory_mb", "what a Worker's globals may take, in MB", "MB",
        "a Worker's globals: a warning"),
    LimitText("startup_ms", "CPU of a module that loads, in ms", "ms",
        "CPU of a module that loads"),
)  # fmt: skip
"""The limits that are numbers, in the order in which they are shown."""


def names() -> list[str]:
    """Return the names of all limits."""
    return [limit.name for limit in fields(Limits) if limit.init]


PRESETS: Mapping[str, Limits] = MappingProxyType(
    {
        "notebook": Limits(),
        "free": Limits(cpu_ms=10, wall_ms=None, subrequests=50),
        "standard": Limits(cpu_ms=30_000, wall_ms=None, subrequests=10_000),
    }
)

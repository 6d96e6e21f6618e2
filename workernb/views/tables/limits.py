"""The limits of a request, as a table."""

from __future__ import annotations

from workernb.runtime.services.limits import PRESETS, SHARED, Limits

from .table import Table


class LimitsTable(Table):
    """The limits, as `%limits` shows them."""

    def __init__(self, limits: Limits) -> None:
        """Take the limits as they are now."""
        shared = limits.budget == SHARED
        scope = "of the request, with all that it calls" if shared else "of each invocation"
        super().__init__(
            f"Limits{_preset_suffix(limits)}",
            ("limit", "value", "of what"),
            [
                ("--cpu-ms", _or_none(limits.cpu_ms, "ms"), f"thread CPU {scope}"),
                ("--wall-ms", _or_none(limits.wall_ms, "ms"), "wall clock of the request"),
                ("--subrequests", f"{limits.subrequests:,}", "calls of the request"),
                ("--invocations", f"{limits.invocations:,}", "invocations, the first included"),
                ("--depth", f"{limits.depth:,}", "invocations nested in one another"),
                ("--memory-mb", f"{limits.memory_mb:,g} MB", "a Worker's globals: a warning"),
                ("--startup-ms", f"{limits.startup_ms:,g} ms", "CPU of a module that loads"),
            ],
            "",
        )


def _preset_suffix(limits: Limits) -> str:
    return next((f": {name}" for name, preset in PRESETS.items() if preset == limits), "")


def _or_none(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{value:,g} {unit}"

"""The limits of a request, as a table."""

from __future__ import annotations

from workernb.runtime.services.limits import PRESETS, SHARED, TEXTS, Limits

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
                (
                    limit.option,
                    _value(getattr(limits, limit.name), limit.unit),
                    f"{limit.scope} {scope}" if limit.name == "cpu_ms" else limit.scope,
                )
                for limit in TEXTS
            ],
            "",
        )


def _preset_suffix(limits: Limits) -> str:
    return next((f": {name}" for name, preset in PRESETS.items() if preset == limits), "")


def _value(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{value:,g} {unit}".rstrip()

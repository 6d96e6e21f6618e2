"""The table of limits."""

from __future__ import annotations

import workernb
from workernb.views.tables.limits import LimitsTable


def test_the_preset_is_named():
    assert repr(LimitsTable(workernb.PRESETS["notebook"])).startswith("Limits: notebook\n")
    assert repr(LimitsTable(workernb.Limits(subrequests=7))).startswith("Limits\n")


def test_no_limit_is_none_and_the_budget_has_its_scope():
    rows = {
        line.split()[0]: line
        for line in repr(LimitsTable(workernb.Limits(cpu_ms=None))).split("\n")
    }
    assert rows["--cpu-ms"].split()[1] == "none"
    assert rows["--cpu-ms"].endswith("of the request, with all that it calls")
    separate = repr(LimitsTable(workernb.Limits(budget="per-invocation")))
    assert "thread CPU of each invocation" in separate

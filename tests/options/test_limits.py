"""The options of `%limits`."""

from __future__ import annotations

import pytest

from workernb.errors import OptionError, UsageError
from workernb.options.limits import limits_parser, read_limits
from workernb.runtime.services.limits import PRESETS, Limits, names


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("", Limits(cpu_ms=7)),
        ("free", PRESETS["free"]),
        ("--wall-ms 5", Limits(cpu_ms=7, wall_ms=5)),
        ("standard --cpu-ms 20 # less", PRESETS["standard"].but(cpu_ms=20)),
        ("--cpu-ms none --depth 3", Limits(cpu_ms=None, depth=3)),
        (
            "--budget per-invocation --memory-mb 1.5",
            Limits(7, budget="per-invocation", memory_mb=1.5),
        ),
        (
            "--subrequests 2 --invocations 3 --startup-ms 4",
            Limits(7, subrequests=2, invocations=3, startup_ms=4),
        ),
    ],
)
def test_options_change_the_limits_or_a_preset(line, limits):
    assert read_limits(line, Limits(cpu_ms=7)) == limits


def test_each_limit_has_an_option():
    options = {f"--{name.replace('_', '-')}" for name in names()}
    assert set(limits_parser().options()) == options


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("fre", OptionError, "%limits has no preset 'fre'. Did you mean free?"),
        ("cpu_ms=3", OptionError, "There are notebook, free, standard. A limit is an option"),
        ("--cpu-ms ten", OptionError, "'ten' is no number"),
        ("--subrequests none", OptionError, "invalid int value: 'none'"),
        ("--depth 0", UsageError, "depth must be a number above 0, not 0"),
        ("--budget mine", OptionError, "invalid choice: 'mine'"),
    ],
)
def test_refusals(line, error, said):
    with pytest.raises(error) as caught:
        read_limits(line, Limits())
    assert said in " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])

"""%limits: what a request may use, shown and set."""

from __future__ import annotations

import pytest

from ..conftest import worker


async def test_limits_are_shown_and_set(shell):
    shown = await shell.ok("%limits")
    assert "Limits: notebook" in shown.text
    assert "1,000 ms" in shown.text
    shown = await shell.ok("%limits free --cpu-ms 20  # a small budget")
    assert "20 ms" in shown.text
    assert "none" in shown.text
    outcome = await shell.run(worker("busy", "while True: pass") + "\n")
    assert outcome.error is None
    outcome = await shell.run("await busy.fetch()")
    assert "CpuLimitError: Worker exceeded CPU time limit." in outcome.text
    assert "was 20 ms" in outcome.text


async def test_a_workers_own_limits_stay_over_those_of_all(shell):
    await shell.ok(worker("busy", "while True: pass", "--cpu-ms 15"))
    await shell.ok("%limits standard")
    outcome = await shell.run("await busy.fetch()")
    assert "The CPU budget of the request to Worker 'busy' was 15 ms" in outcome.text
    await shell.ok("%limits --budget per-invocation")
    outcome = await shell.run("await busy.fetch()")
    assert "The CPU budget of an invocation of Worker 'busy' is 15 ms" in outcome.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%limits fre", "%limits has no preset 'fre'. Did you mean free?"),
        ("%limits cpu_ms=3", "A limit is an option: %limits --cpu-ms 50"),
        ("%limits --cpu-ms ten", "'ten' is no number"),
        ("%limits --cpu 3", "%limits has no option --cpu. Did you mean --cpu-ms?"),
        ("%limits --depth 0", "depth must be a number above 0, not 0"),
        ("%limits --cpu-ms nan", "cpu_ms must be a number above 0"),
        ("%limits --budget mine", "invalid choice: 'mine'"),
    ],
)
async def test_what_is_no_limit_is_refused_and_changes_nothing(shell, typed, said):
    assert said in await shell.refused(typed)
    assert "Limits: notebook" in (await shell.ok("%limits")).text

"""Exception groups that requests have failed with, as errors of cells: in a real kernel."""

from __future__ import annotations

from .conftest import Kernel, worker

GROUP = """
async with asyncio.TaskGroup() as group:
    group.create_task(bad.fetch())
    group.create_task(bad.fetch())
"""


def test_a_group_is_the_cells_error_and_shows_the_workers_lines(kernel: Kernel):
    kernel.ok("import asyncio", worker("bad", "raise ValueError('boom')"))
    outcome = kernel.run(GROUP)
    assert outcome.status == "error"
    assert outcome.stderr == ""
    assert "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)" in outcome.traceback
    assert outcome.traceback.count("<worker bad v1>") == 2
    assert outcome.traceback.count("ValueError: boom") == 2
    assert "steppable" not in outcome.traceback
    assert "interactiveshell" not in outcome.traceback


def test_a_group_of_the_notebooks_own_is_left_to_ipython(kernel: Kernel):
    kernel.ok("import workernb")
    outcome = kernel.run("raise ExceptionGroup('plain', [ValueError(1)])")
    assert outcome.status == "error"
    assert "ExceptionGroup: plain (1 sub-exception)" in outcome.stderr


def test_a_groups_secret_is_not_shown(kernel: Kernel):
    kernel.ok(
        "import asyncio",
        worker("bad", "raise ValueError(self.env.KEY)", "--secret KEY=k3y-0f-t3st"),
    )
    outcome = kernel.run(GROUP)
    assert "ValueError" in outcome.traceback
    assert "k3y-0f-t3st" not in outcome.everything


def test_what_an_exception_followed_shows_no_frames_of_ours(kernel: Kernel):
    kernel.ok("import asyncio", worker("waits", "await asyncio.sleep(60)"))
    outcome = kernel.run("await asyncio.wait_for(waits.fetch(), 0.05)")
    assert outcome.error == "TimeoutError"
    assert "<worker waits v1>" in outcome.traceback
    assert "steppable" not in outcome.traceback


def test_a_task_that_nobody_awaits_shows_the_workers_lines(kernel: Kernel):
    kernel.ok("import asyncio, gc", worker("bad", "raise ValueError('boom')"))
    outcome = kernel.ok(
        "task = asyncio.ensure_future(bad.fetch())\nawait asyncio.sleep(0.3)\n"
        "del task\ngc.collect()"
    )
    assert "never retrieved" in outcome.stderr
    assert "<worker bad v1>" in outcome.stderr
    assert "steppable" not in outcome.stderr


def test_after_unloading_groups_are_ipythons(kernel: Kernel):
    kernel.ok("import asyncio", worker("bad", "raise ValueError('boom')"), "%unload_ext workernb")
    outcome = kernel.run(GROUP)
    assert "ExceptionGroup" in outcome.stderr

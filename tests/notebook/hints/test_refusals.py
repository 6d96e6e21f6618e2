"""Names that are refused, sys.exit, and an interrupt, which is always a CanceledError."""

from __future__ import annotations

import re

import pytest

WORKER = """\
%%worker w -q
import asyncio, sys, time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("began", flush=True)
        sys.stdout.flush()
        await asyncio.sleep(60)

    async def busy(self):
        print("began", flush=True)
        while True:
            pass

    async def wait(self):
        print("began", flush=True)
        await asyncio.sleep(60)

    async def block(self):
        print("began", flush=True)
        time.sleep(60)

    async def scheduled(self, controller, env, ctx):
        print("began", flush=True)
        await asyncio.sleep(60)
"""
LEAVES = WORKER.replace("await asyncio.sleep(60)", "sys.exit(3)", 1)


@pytest.fixture(scope="module")
def interrupted(shared_kernel):
    shared_kernel.ok(WORKER, "import asyncio", "%limits --cpu-ms 60000")
    return shared_kernel


@pytest.mark.parametrize(
    "cell",
    [
        "await w.fetch()",
        "w.fetch_sync()",
        "await asyncio.create_task(w.fetch())",
        "await asyncio.gather(w.fetch(), w.wait())",
        "await w.busy()",
        "await w.block()",
        "w.call_sync('busy')",
        "w.call_sync('wait')",
        "%call w.wait",
        "%trigger w",
    ],
)
def test_an_interrupt_is_a_canceled_error(interrupted, cell):
    running = interrupted.send(f"import workernb\n{cell}")
    interrupted.wait_for("began")
    outcome, _ = interrupted.interrupt(running)
    assert outcome.error == "CanceledError", outcome.text
    assert len(outcome.traceback.splitlines()) == 1
    assert "The execution context responding to this call was canceled." in outcome.traceback


def test_it_can_be_caught_by_its_public_name(interrupted):
    running = interrupted.send(
        "import workernb\ntry: await w.fetch()\nexcept workernb.CanceledError: print('caught')"
    )
    interrupted.wait_for("began")
    outcome, _ = interrupted.interrupt(running)
    assert outcome.status == "ok"
    assert "caught" in outcome.stdout


def test_a_cancellation_of_the_notebooks_own_stays_one(interrupted):
    done = interrupted.ok(
        "task = asyncio.create_task(w.fetch())\nawait asyncio.sleep(0.01)\ntask.cancel()\n"
        "try: await task\nexcept asyncio.CancelledError as error: print(type(error).__name__)"
    )
    assert done.stdout.endswith("CancelledError\n")


@pytest.mark.parametrize("cell", ["await w.fetch()", "w.fetch_sync()", "%fetch w"])
async def test_sys_exit_shows_the_workers_frames_only(shell, cell):
    await shell.ok(LEAVES)
    shown = (await shell.run(cell)).text
    assert "RuntimeError: The Worker called sys.exit(3)." in shown
    assert re.search(r'<worker w v1( \(\d\))?>(", line |:)9', shown)
    assert "SystemExit" not in shown
    assert "hop.py" not in shown


async def test_sys_exit_as_a_module_loads(shell):
    failed = await shell.run("%%worker leaves -q\nimport sys\nsys.exit(1)\n")
    assert "RuntimeError: The Worker called sys.exit(1)." in failed.traceback
    assert "engines" not in failed.traceback


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("café", "Try 'cafe'."), ("Größe", "Try 'grosse'."), ("My.Auth", "Try 'my-auth'.")],
)
async def test_a_name_that_is_refused(shell, name, remedy):
    assert (await shell.refused(f"%%worker {name}\npass\n")).endswith(remedy)


async def test_an_underscore_is_allowed_as_the_help_says(shell):
    assert "underscores" in (await shell.ok("%%worker --help")).stdout
    await shell.ok("%%worker my_auth -q\npass\n")

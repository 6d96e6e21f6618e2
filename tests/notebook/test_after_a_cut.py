"""After a cut or an interrupt the kernel is as it was: in a real kernel, for each kind, many times.

WORKERNB_TIMES says how often; 20 is what the project promises.
"""

from __future__ import annotations

import os
import statistics
import textwrap
import time

import pytest

from tests.runtime.enforcement.busy import BUSY

from .conftest import Kernel, worker

TIMES = int(os.environ.get("WORKERNB_TIMES", "3"))
AFTER = """\
import logging, sys
import numpy
assert numpy.arange(3).sum() == 3
logging.getLogger("after").warning("heard")
assert (await echo.fetch()).status == 200
print("alive", sys.gettrace(), len(asyncio.all_tasks()))
"""


@pytest.fixture(scope="module")
def cutting_kernel():
    kernel = Kernel()
    try:
        kernel.ok("%load_ext workernb", "import asyncio")
        kernel.ok(worker("echo", "return Response('x')"), worker("busy", "while True: pass"))
        yield kernel
    finally:
        kernel.close()


def define(kernel: Kernel, body: str, options: str) -> None:
    body = textwrap.dedent(body).strip("\n") + "\nreturn Response('x')"
    kernel.ok(worker("victim", body, f"--bind ECHO=echo --bind BUSY=busy {options}"))


def check_after(kernel: Kernel) -> float:
    """Run a cell; returns the seconds that it took."""
    began = time.perf_counter()
    after = kernel.ok(AFTER)
    took = time.perf_counter() - began
    assert after.stdout.startswith("alive None ")
    assert "heard" in after.stderr
    assert len(after.stderr.strip().splitlines()) == 1, after.stderr
    return took


def check_times(seconds: list[float], promised: float) -> None:
    """Most are as quick as promised, and none is far from it: a machine may be busy."""
    assert statistics.median(seconds) < promised
    assert max(seconds) < 5 * promised


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in BUSY if kind != "hops"])
def test_after_a_cut_the_kernel_is_as_it_was(cutting_kernel, kind):
    kernel = cutting_kernel
    kernel.ok("import numpy, logging")
    define(kernel, BUSY[kind], "--cpu-ms 30")
    answered = []
    for _ in range(TIMES):
        outcome = kernel.run("%fetch victim")
        assert outcome.status == "ok", outcome.text
        assert "error code: 1102" in outcome.text
        assert "never retrieved" not in outcome.everything
        assert not outcome.stderr
        answered.append(check_after(kernel))
    check_times(answered, 1)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["await victim.fetch()", "victim.fetch_sync()", "%fetch victim"])
@pytest.mark.parametrize(
    "kind", ["loop", "swallowing", "regular expression", "child task", "callee", "waiting"]
)
def test_after_an_interrupt_the_kernel_is_as_it_was(cutting_kernel, tmp_path, kind, how):
    kernel = cutting_kernel
    body = "await asyncio.sleep(60)" if kind == "waiting" else BUSY[kind]
    # By a file: what it prints is sent by another thread, which a regular expression holds up.
    started = tmp_path / "started"
    begin = f"open({str(started)!r}, 'w').close()\n"
    define(kernel, begin + textwrap.dedent(body).strip("\n"), "--cpu-ms 30000")
    ended, answered = [], []
    for _ in range(TIMES):
        running = kernel.send(how)
        while not started.exists():
            time.sleep(0.005)
        started.unlink()
        time.sleep(0.05)  # So that it is in the middle; before that is another test.
        outcome, took = kernel.interrupt(running)
        assert outcome.status == "error", outcome.text
        assert "never retrieved" not in outcome.everything
        ended.append(took)
        answered.append(check_after(kernel))
    check_times(ended, 0.3)
    check_times(answered, 1)

"""Many requests at once and in a row, each in a process of its own whose memory is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MB = 1024 * 1024

SOAK = int(os.environ.get("WORKERNB_SOAK", "1000000"))
"""How many requests the soak makes. With fewer, memory is not level after the first tenth."""


def run(script: str, number: int, timeout: float, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / script), str(number), *more],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
def test_a_thousand_requests_in_flight_are_kept_apart():
    assert run("in_flight.py", 1_000, 100)["most"] == 1_000


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
def test_a_thousand_calls_with_callbacks_in_flight_are_kept_apart():
    assert run("callbacks.py", 1_000, 100)["most"] == 1_000


def test_a_gigabyte_is_streamed_through_three_workers_in_50_mb():
    result = run("stream.py", 16 * 1024, 100)
    assert result["size"] == 1024 * MB
    assert result["grown"] < 50 * MB
    assert result["slices"] <= 10_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
def test_ten_thousand_requests_in_flight_are_kept_apart_in_a_gigabyte():
    result = run("in_flight.py", 10_000, 110)
    assert result["most"] == 10_000
    assert result["grown"] < 1024 * MB


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
def test_messages_are_delivered_once_all_of_them():
    result = run("queued.py", 3_000, 100)
    assert (result["seen"], result["twice"], result["left"]) == (3_000, 0, 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
@pytest.mark.parametrize(("held", "most_mb"), [(False, 40), (True, 120)])
def test_a_hundred_thousand_messages_in_bounded_memory(held, most_mb):
    result = run("queued.py", 100_000, 110, *(["held"] if held else []))
    assert (result["seen"], result["twice"], result["left"]) == (100_000, 0, 0)
    assert result["waiting"] == 100_000 if held else result["waiting"] < 20_000
    assert result["grown"] < most_mb * MB, result


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_short_soak_leaves_no_stubs_and_nothing_installed():
    result = run("soak.py", 2_000, 100)
    assert result["left"] == []
    assert result["after"]["stubs"] == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_soak_leaves_nothing_behind():
    result = run("soak.py", SOAK, 3500)
    assert result["left"] == []
    before, after = result["before"], result["after"]
    assert after["workers"] == 2
    assert after["stubs"] == before["stubs"] == 0
    for kind in ("modules", "files"):
        assert after[kind] == before[kind], (kind, result)
    assert after["threads"] <= 2, (
        result
    )  # The main thread, and the watchdog's, which comes and goes.
    # Twenty versions of auth are kept; ten were there after the first tenth.
    assert after["sources"] == before["sources"] + 10
    assert after["objects"] < before["objects"] * 1.05, result
    assert after["bytes"] < before["bytes"] + 5 * MB, result

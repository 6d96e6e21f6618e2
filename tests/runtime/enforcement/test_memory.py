"""A Worker whose globals exceed the memory limit is named in a warning."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys

import pytest

from workernb import Limits
from workernb.runtime.enforcement import memory
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.memory import MemoryLimitWarning, _modules_of, held_mb


async def test_a_worker_that_exceeds_its_limit_is_named_once(define, runtime, until, monkeypatch):
    monkeypatch.setattr(memory, "PAUSE", 0)  # A measurement that was preempted is no long one.
    runtime.limits = Limits(memory_mb=40)
    define("modest")
    handle = define(
        "hoard",
        """
        global hoard
        await self.env.MODEST.fetch(request)
        await asyncio.sleep(0.25)
        hoard = [bytes([n % 256]) * 1_000_000 for n in range(60)]
        return Response('x')
        """,
        MODEST="modest",
    )

    async def fetch():
        response = await handle.fetch()
        await until(lambda: guard.idle)
        return response

    with pytest.warns(MemoryLimitWarning, match="The globals of Worker 'hoard' hold about 60 MB"):
        response = await fetch()
    (log,) = response.trace.logs
    assert log.level == "warn"
    assert log.text.startswith("Worker has exceeded memory limit. The globals of Worker 'hoard'")
    # Each version is warned about once.
    assert not (await fetch()).trace.logs


async def test_a_tick_before_the_heartbeat_leaves_the_measurement_to_it(
    define, runtime, until, monkeypatch
):
    monkeypatch.setattr(memory, "PAUSE", 0)
    runtime.limits = Limits(memory_mb=40)
    handle = define("hoard", "global hoard; hoard = bytes(60_000_000); return Response('x')")
    await handle.fetch()
    signal.raise_signal(signal.SIGPROF)
    with pytest.warns(MemoryLimitWarning, match="The globals of Worker 'hoard' hold about 60 MB"):
        await until(lambda: guard.idle)


async def test_a_module_that_holds_too_much_is_named_as_it_is_loaded(runtime):
    # Zeros take no resident memory before they are written.
    source = "big = bytearray(300_000_000)"
    text = "The globals of Worker 'big' hold about 300 MB; its limit is 128 MB"
    runtime.limits = Limits(startup_ms=60_000)  # A busy machine may take seconds for the memory.
    with pytest.warns(MemoryLimitWarning, match=text):
        runtime.define("big", source)
    with pytest.warns(MemoryLimitWarning, match="its limit is 50 MB"):
        runtime.define("big", source, limits={"memory_mb": 50})
    runtime.define("big", source, limits={"memory_mb": 301})


STORE = """
from workers import Response, WorkerEntrypoint
STORE = {{}}
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for _ in range({steps}):
            STORE[len(STORE)] = b"x" * 1_000_000
        return Response("x")
"""


async def test_a_dict_that_grows_by_small_steps_is_found(runtime, until):
    runtime.limits = Limits(memory_mb=100)
    handle = runtime.define("store", STORE.format(steps=2))

    async def grow():
        for _ in range(75):
            await handle.fetch()
            await until(lambda: guard.idle)

    with pytest.warns(MemoryLimitWarning, match="The globals of Worker 'store' hold about 1"):
        await grow()


GROWS_AT_ONCE = """
import asyncio, sys, warnings, workernb
from workernb.runtime.enforcement import memory
from workernb.runtime.enforcement.guard import guard

memory.PAUSE = 0  # What was measured half way would not be measured again so soon.

async def main():
    await runtime["store"].fetch()
    await runtime["other"].fetch()
    while not guard.idle:
        await asyncio.sleep(0.01)

runtime = workernb.Runtime(workernb.Limits(memory_mb=500, cpu_ms=None))
runtime.define("store", sys.argv[1])
runtime.define("other", sys.argv[2])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    asyncio.run(main())
print(*[warning.message for warning in caught])
print(*[len(trace.logs) for trace in runtime.traces])
"""


def test_what_grows_in_the_first_request_of_a_process_is_found_though_another_follows():
    sources = STORE.format(steps=600), STORE.format(steps=0)
    done = subprocess.run(
        [sys.executable, "-c", GROWS_AT_ONCE, *sources],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    warning, logs = done.stdout.splitlines()
    assert "The globals of Worker 'store' hold about 600 MB; its limit is 500 MB" in warning
    assert warning.count("Worker has exceeded") == 1
    assert logs == "1 0"


async def test_modules_and_classes_of_others_do_not_count(runtime):
    source = "import asyncio, json\nfrom workers import Response\nx = 'a' * 2_000_000"
    version = runtime.define("worker", source).version
    assert 1.9 < held_mb(sys.modules[version.filename]) < 2.5


def test_the_memory_of_modules_counts_too(runtime):
    modules = {"a.py": "held = [bytes(1_000_000)]", "b.py": "import a\nclass B:\n    pass"}
    handle = runtime.define("hoard", "import a, b", modules=modules)
    name = handle.version.filename
    alone = held_mb(sys.modules[name])
    assert alone < 0.1
    assert 0.9 < held_mb(*_modules_of(handle.version)) < 1.5


def test_no_code_of_a_worker_runs_as_it_is_measured(runtime):
    source = """
import os

class Meta(type):
    def __getattribute__(self, name):
        os._exit(7)

class Odd(metaclass=Meta):
    __slots__ = ("held",)
    def __getattribute__(self, name):
        os._exit(7)
    def __sizeof__(self):
        os._exit(7)

odd = [Odd, object.__new__(Odd), b"x" * 3_000_000]
"""
    version = runtime.define("odd", source).version
    assert 2.9 < held_mb(sys.modules[version.filename]) < 3.5


def test_modules_may_go_while_they_are_looked_for(runtime, monkeypatch):
    version = runtime.define("hoard", "held = 1").version
    for number in range(5_000):  # More than Python has tuples in reserve for.
        monkeypatch.setitem(sys.modules, f"one of {number}", sys)

    def drop_a_module(phase, info):
        if phase == "stop" and sys.modules.pop("another", None) is None:
            sys.modules["another"] = sys

    threshold = gc.get_threshold()
    gc.callbacks.append(drop_a_module)
    gc.set_threshold(1)
    try:
        for _ in range(20):
            assert [module.__name__ for module in _modules_of(version)] == [version.filename]
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(drop_a_module)
        sys.modules.pop("another", None)

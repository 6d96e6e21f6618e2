"""Threads: the record of each, and the CPU time that it has used."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from workernb.runtime.tracing.threads import cpu_of, this_thread


@pytest.fixture
def busy_thread():
    """Return a thread that has used 20 ms of CPU and waits, and its record."""
    records, used, may_end = [], threading.Event(), threading.Event()

    def run():
        records.append(this_thread())
        while time.thread_time() < 0.02:
            pass
        used.set()
        may_end.wait()

    thread = threading.Thread(target=run, name="busy")
    thread.start()
    used.wait()
    yield thread, records[0]
    may_end.set()
    thread.join()


def test_each_thread_has_one_record(busy_thread):
    thread, record = busy_thread
    assert this_thread() is this_thread() is not record
    assert (record.name, record.ident) == ("busy", thread.ident)
    assert this_thread().is_main
    assert not record.is_main


def test_the_cpu_time_of_another_thread(busy_thread):
    thread, record = busy_thread
    assert cpu_of(thread.ident) >= 20_000_000
    assert record.cpu_now() >= 20_000_000


def test_the_cpu_time_of_this_thread():
    before = time.thread_time_ns()
    cpu_ns = this_thread().cpu_now()
    assert before <= cpu_ns <= cpu_of(threading.get_ident()) <= time.thread_time_ns()


async def test_a_trace_names_its_thread(define):
    handle = define("echo")
    assert (await handle.fetch()).trace.thread_name == threading.current_thread().name


def test_a_finalizer_may_ask_for_the_frames_while_they_are_listed():
    """Python 3.11 would wait for a lock of its own, for ever; so in a process of its own."""
    source = """
import gc, threading
from workernb.runtime.tracing.threads import current_frames

class Asks:
    def __del__(self):
        current_frames()

def wait(depth):
    return wait(depth - 1) if depth else may_end.wait()

may_end = threading.Event()
threads = [threading.Thread(target=wait, args=(50,)) for _ in range(20)]
for thread in threads:
    thread.start()
gc.set_threshold(1, 1, 1)
for _ in range(50):
    asks = Asks()
    asks.itself = asks
    del asks
    current_frames()
may_end.set()
assert gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", source], check=True, timeout=60)

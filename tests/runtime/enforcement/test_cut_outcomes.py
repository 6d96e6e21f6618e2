"""A cut that other code turns into an exception of its own is still the end of the budget."""

from __future__ import annotations

import sys

import pytest

from workernb import CpuLimitError, Limits

SWALLOWED = {
    "sqlite function": """
        global connection
        import sqlite3
        def spin():
            while True: pass
        connection = sqlite3.connect(":memory:")
        connection.create_function("spin", 0, spin)
        connection.execute("select spin()")
    """,
    "sqlite aggregate": """
        global connection
        import sqlite3
        class Spin:
            def step(self):
                while True: pass
            def finalize(self): return 1
        connection = sqlite3.connect(":memory:")
        connection.create_aggregate("spin", 0, Spin)
        connection.execute("select spin()")
    """,
    "sqlite function in a context manager": """
        global connection
        import contextlib, sqlite3
        def spin():
            while True: pass
        connection = sqlite3.connect(":memory:")
        connection.create_function("spin", 0, spin)
        stack = contextlib.ExitStack()
        stack.callback(connection.execute, "select spin()")
        stack.close()
    """,
    "exit": """
        class Exit:
            def __enter__(self): pass
            def __exit__(self, *error): raise KeyError("exit")
        with Exit():
            while True: pass
    """,
    "raise from": """
        try:
            while True: pass
        except BaseException as error:
            raise RuntimeError("failed") from error
    """,
    "exception of a class of its own": """
        class Stop(BaseException): pass
        try:
            while True: pass
        except BaseException:
            raise Stop
    """,
}


@pytest.mark.parametrize("budget", ["shared", "per-invocation"])
@pytest.mark.parametrize("body", SWALLOWED.values(), ids=SWALLOWED)
async def test_the_outcome_of_a_cut_wins(define, runtime, body, budget):
    runtime.limits = Limits(cpu_ms=50, budget=budget)
    handle = define("worker", body)
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    assert trace.exception == "CpuLimitExceeded: Python Worker exceeded CPU time limit"
    if "connection" in body:
        sys.modules[handle.version.filename].connection.close()
    define("worker")
    assert (await handle.fetch()).status == 200

"""Recursions that catch their own RecursionError, and so stay where no frame is left."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from workernb import CpuLimitError, Limits
from workernb.runtime.enforcement.headroom import FRAMES, MOST, Headroom, is_deep

from .test_watchdog import in_a_thread

# A coverage tool's tracer fails where no frame is left, too, and leaves its lock locked.
pytestmark = pytest.mark.no_cover


@pytest.fixture(autouse=True)
def no_unraisable_hook(monkeypatch):
    """Ignore what is raised in callbacks of weak references, such as a RecursionError.

    pytest's own hook would have no frames either, or be cut.
    """
    monkeypatch.setattr(sys, "unraisablehook", id)


RECURSIONS = {
    "an except": """
def recur():
    try: recur()
    except RecursionError: recur()
recur()
""",
    "a loop": """
def recur():
    while True:
        try: recur()
        except RecursionError: pass
recur()
""",
    "a loop around": """
def recur():
    try: recur()
    except RecursionError: pass
while True: recur()
""",
    "a loop at the end": """
def recur():
    try: recur()
    except RecursionError:
        while True: pass
recur()
""",
    "calls in C": """
def recur(*_):
    try: list(map(recur, [1, 2]))
    except RecursionError: pass
recur()
""",
    "repr": """
class Nested:
    def __repr__(self):
        try: return repr([self, self])
        except RecursionError: return ""
repr(Nested())
""",
    "coroutines": """
async def recur():
    try: await recur()
    except RecursionError: await recur()
await recur()
""",
}

SWALLOW = {
    "a loop that swallows": """
def recur():
    while True:
        try: recur()
        except: pass
recur()
""",
    "a finally": """
def recur():
    try: recur()
    finally: recur()
recur()
""",
    "a bare except": """
def recur():
    try: recur()
    except: recur()
recur()
""",
}
"""Recursions that recur again whatever is raised: off the main thread they may not end."""


async def check_the_cut(handle: Any, runtime: Any) -> None:
    if sys.gettrace() is not None:
        pytest.skip("the code is traced")
    before = sys.getrecursionlimit()
    for _ in range(2):
        with pytest.raises(CpuLimitError) as caught:
            await handle.fetch()
        assert caught.value.__cause__ is caught.value.__context__ is None
        trace = runtime.traces[-1]
        assert trace.outcome == "exceededCpu"
        # A recursion of calls in C has a limit of its own from Python 3.12 on: only chance helps.
        assert 45 < trace.cpu_ms < 20_000
        assert sys.getrecursionlimit() == before
        assert (await runtime["echo"].fetch()).status == 200


@pytest.mark.parametrize("body", (RECURSIONS | SWALLOW).values(), ids=RECURSIONS | SWALLOW)
async def test_a_recursion_that_catches_its_overflow_is_cut(define_busy, runtime, body):
    await check_the_cut(define_busy(body, limits=Limits(cpu_ms=50)), runtime)


@pytest.mark.parametrize("body", RECURSIONS.values(), ids=RECURSIONS)
def test_off_the_main_thread_too(define_busy, runtime, body):
    handle = define_busy(body, limits=Limits(cpu_ms=50))
    in_a_thread(lambda: check_the_cut(handle, runtime))


async def test_with_a_budget_of_its_own(define_busy, runtime):
    runtime.limits = Limits(budget="per-invocation")
    handle = define_busy(RECURSIONS["a loop"], limits=Limits(cpu_ms=50, budget="per-invocation"))
    await check_the_cut(handle, runtime)


async def test_below_its_budget_a_recursion_has_the_frames_that_python_gives(define, runtime):
    body = """
def depth():
    try: return 1 + depth()
    except RecursionError: return 1
return Response(str(max(depth() for _ in range(300))))
"""
    handle = define("worker", body)
    response = await handle.fetch()
    assert runtime.traces[-1].cpu_ms > 10  # Long enough for ticks.
    assert int(await response.text()) < sys.getrecursionlimit()


def test_headroom_is_taken_back_once_it_can_be():
    before, headroom = sys.getrecursionlimit(), Headroom()

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        else:
            headroom.take_back()

    headroom.take_back()
    assert sys.getrecursionlimit() == before
    headroom.give()
    headroom.give()
    assert sys.getrecursionlimit() == before + FRAMES
    headroom.give_more()
    assert sys.getrecursionlimit() == before + 2 * FRAMES
    deep(before)
    assert sys.getrecursionlimit() == before + 2 * FRAMES
    headroom.take_back()
    assert sys.getrecursionlimit() == before


def test_headroom_is_bounded():
    before, headroom = sys.getrecursionlimit(), Headroom()
    for _ in range(50):
        headroom.give_more()
    assert sys.getrecursionlimit() == before + MOST
    headroom.take_back()
    assert sys.getrecursionlimit() == before


def test_deep_frames():
    def deep(left: int) -> bool:
        return deep(left - 1) if left else is_deep(sys._getframe())

    assert not is_deep(None)
    assert not is_deep(sys._getframe())
    assert deep(sys.getrecursionlimit() // 2)

"""Calls over RPC that tasks step themselves: they can be cut and found to hang as any other."""

from __future__ import annotations

import pytest

from workernb import CpuLimitError, HungError, Limits

from ..conftest import worker

CALLEE = (
    worker("return Response('x')")
    + """
    async def spin(self):
        while True: pass

    async def add(self, a, b):
        return a + b

    async def hang(self):
        await asyncio.get_running_loop().create_future()
"""
)

UNBOUNDED = Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)

BUSY = [
    "await asyncio.create_task(self.env.B.spin())",
    "await asyncio.gather(self.env.B.spin(), self.env.B.spin())",
    "call = asyncio.ensure_future(self.env.B.spin()); await asyncio.sleep(0); await call",
    "while True: await asyncio.gather(*[self.env.B.add(1, 2) for _ in range(10)])",
    "await asyncio.gather(*[self.env.B.spin() for _ in range(5)], return_exceptions=True)",
    "async with asyncio.TaskGroup() as group: group.create_task(self.env.B.spin())",
]


@pytest.fixture
def define_caller(runtime, define):
    """Define a Worker that calls another one, by the body of its handler."""
    runtime.define("b", CALLEE)
    define("echo")
    return lambda body: define("worker", body, B="b", limits=UNBOUNDED)


@pytest.mark.parametrize("body", BUSY)
async def test_calls_that_a_task_steps_are_cut(define_caller, runtime, body):
    with pytest.raises((CpuLimitError, ExceptionGroup)):
        await define_caller(body).fetch()
    assert runtime.traces[-1].outcome == "exceededCpu"
    assert (await runtime["echo"].fetch()).status == 200


@pytest.mark.parametrize("make", ["asyncio.create_task", "asyncio.gather", ""])
async def test_calls_that_a_task_steps_are_found_to_hang(define_caller, make):
    with pytest.raises(HungError):
        await define_caller(f"await {make}(self.env.B.hang())").fetch()


async def test_an_awaitable_is_not_asked_for_a_frame(define_caller, runtime):
    """To ask would run the Worker's `__getattr__`, outside of any slice."""
    body = """
class Steps:
    close = staticmethod(int)  # What Python calls at the end; without a line to be cut at.
    def __getattr__(self, name):
        raise (AttributeError if name in ("send", "throw") else KeyboardInterrupt)(name)
    def __iter__(self):
        return self
    def __next__(self):
        return None
class Waits:
    def __await__(self):
        return Steps()
await Waits()
"""
    with pytest.raises(CpuLimitError):
        await define_caller(body).fetch()
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_calls_that_nobody_awaits_are_in_the_figures(define, define_caller, runtime):
    limits = Limits(cpu_ms=600, invocations=10**9, subrequests=10**9)
    body = "burn(100)\nwhile True: self.env.B.add(1, 2)"
    handle = define("worker", body, B="b", limits=limits)
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    # What a trace keeps is summed up after 10,000 calls, in the middle of a slice.
    assert len(runtime.traces[-1].invocations) >= 10_000
    assert runtime.traces[-1].cpu_ms >= 599.5

"""`ctx`: what an invocation may still use, and how it ends itself."""

from __future__ import annotations

import pytest

import workernb

SOURCE = """\
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def limits(self, depth):
        if depth:
            return await self.env.SELF.limits(depth - 1)
        return self.ctx.limits._asdict()

    async def abort(self, *reason):
        try:
            self.ctx.abort(*reason)
        except Exception:
            return "caught"

    async def ask(self):
        try:
            await self.env.SELF.abort("enough")
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    async def calls(self, number):
        for _ in range(number):
            await self.env.SELF.nothing()

    async def nothing(self):
        pass
"""


@pytest.fixture
def worker(runtime):
    limits = {"cpu_ms": 100, "subrequests": 10}
    return runtime.define("worker", SOURCE, services={"SELF": "worker"}, limits=limits)


async def test_limits_say_what_is_left(worker):
    at_first = await worker.limits(0)
    assert 90 < at_first["cpu_ms"] <= 100
    assert 0 < at_first["wall_ms"] <= 60_000
    assert {k: at_first[k] for k in ("subrequests", "invocations", "depth")} == {
        "subrequests": 10, "invocations": 31, "depth": 31,
    }  # fmt: skip
    deep = await worker.limits(3)
    assert (deep["subrequests"], deep["invocations"], deep["depth"]) == (7, 28, 28)


async def test_abort_ends_the_invocation(worker, runtime):
    with pytest.raises(workernb.InvocationAbortedError) as caught:
        await worker.abort("no more")
    assert str(caught.value) == "no more"
    trace = runtime.traces[-1]
    assert (trace.outcome, trace.exception) == ("aborted", "InvocationAborted: no more")
    with pytest.raises(workernb.InvocationAbortedError, match=r"ctx.abort\(\) was called"):
        await worker.abort()


async def test_the_caller_of_an_aborted_invocation_goes_on(worker, runtime):
    assert await worker.ask() == "InvocationAbortedError: enough"
    assert [i.outcome for i in runtime.traces[-1].invocations] == ["ok", "aborted"]


@pytest.mark.parametrize(("number", "warned"), [(7, False), (8, False), (9, True), (10, True)])
async def test_most_of_the_calls_are_a_warning(worker, runtime, number, warned):
    await worker.calls(number)
    texts = [log.text for log in runtime.traces[-1].logs]
    expected = "This request has made 8 of 10 subrequests that its limits allow: worker"
    assert texts == ([expected] if warned else [])


async def test_the_limit_itself_still_holds(worker):
    with pytest.raises(workernb.LimitError, match="Too many subrequests"):
        await worker.calls(11)


async def test_a_limit_of_invocations_is_warned_of(runtime):
    handle = runtime.define("worker", SOURCE, services={"SELF": "worker"})
    await handle.calls(31)
    (log,) = runtime.traces[-1].logs
    assert log.text == "This request has made 26 of 32 invocations that its limits allow: worker"


async def test_most_of_the_cpu_or_of_the_time_is_a_warning(runtime):
    source = SOURCE + (
        "    async def work(self, cpu_ms, wall_s):\n"
        "        import time\n"
        "        end = time.thread_time_ns() + cpu_ms * 1e6\n"
        "        while time.thread_time_ns() < end: pass\n"
        "        await asyncio.sleep(wall_s)\n"
    )
    limits = {"cpu_ms": 1000, "wall_ms": 100_000}
    handle = runtime.define("worker", source, limits=limits)
    await handle.work(1, 0)
    assert runtime.traces[-1].logs == []
    await handle.work(810, 0)
    (log,) = runtime.traces[-1].logs
    assert log.text.startswith("This request has used 8")
    assert log.text.endswith(" of its 1,000 ms of CPU.")
    handle = runtime.define("worker", source, limits={"wall_ms": 1000})
    await handle.work(0, 0.85)
    assert any("of its 1,000 ms." in log.text for log in runtime.traces[-1].logs)

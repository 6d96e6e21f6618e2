"""An error, a log line and a count belong to the Worker whose code raised the error."""

from __future__ import annotations

import contextlib

import pytest

from workernb import CpuLimitError, Limits
from workernb.views.pictures.traffic import Traffic

from ..conftest import FORWARD

CAUGHT = """
try:
    await self.env.BAD.fetch(request)
except Exception:
    pass
"""

SHAPES = {
    # What the gateway does: the service to which the log of the error belongs.
    "return Response(self.env.N.fetch(request).status)": "gateway",
    "return self.env.N.fetch(request)": "gateway",
    "return Response(self.env.N.fetch(request))": "gateway",
    "text, status = self.env.N.fetch(request)": "gateway",
    "self.env.N.fetch(request); raise ValueError('x')": "gateway",
    "task = asyncio.create_task(self.env.N.fetch(request)); raise ValueError('x')": "gateway",
    "return await self.env.MISSING.fetch(request)": "gateway",
    "return await self.env.NO_ENTRYPOINT.fetch(request)": "gateway",
    "await self.env.N.fetch('no URL')": "gateway",
    "await self.env.N.missing()": "gateway",
    "await asyncio.gather(self.env.N.missing())": "gateway",
    "await asyncio.wait_for(self.env.BAD.missing(1), 5)": "gateway",
    "await self.env.CALLS.fetch(request)": "calls",
    CAUGHT + "raise ValueError('x')": "gateway",
    CAUGHT.replace("pass", "raise ValueError('x')"): "gateway",
    CAUGHT.replace("pass", "raise"): "bad",
    "return await self.env.BAD.fetch(request)": "bad",
    "return await self.env.MID.fetch(request)": "bad",
    "return await self.env.NOTHING.fetch(request)": "nothing",
    "await asyncio.gather(self.env.BAD.fetch(request), self.env.N.fetch(request))": "bad",
    "task = asyncio.create_task(self.env.MID.fetch(request)); await task": "bad",
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(self.env.BAD.fetch(request))
    """: "bad",
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(self.env.BAD.fetch(request))
        group.create_task(self.env.NOTHING.fetch(request))
    """: "gateway",
    """
    self.ctx.waitUntil(self.env.BAD.fetch(request))
    return Response("x")
    """: "bad",
}


@pytest.fixture
def blame(define, runtime, until):
    """Define a gateway by its body, fetch from it, and return the trace."""
    define("n")
    define("bad", "raise KeyError('x')")
    define("mid", FORWARD, AUTH="bad")
    define("nothing", "return None")
    define("calls", "await self.env.AUTH.missing()", AUTH="bad")

    async def blame(body):
        callees = {"N": "n", "BAD": "bad", "MID": "mid", "NOTHING": "nothing"}
        callees["CALLS"] = "calls"
        missing = {"MISSING": "missing", "NO_ENTRYPOINT": "n#Admin"}
        gateway = define("gateway", body, **callees, **missing)
        with contextlib.suppress(Exception):
            await gateway.fetch()
        await until(lambda: not runtime.in_flight)
        return runtime.traces[-1]

    return blame


@pytest.mark.parametrize(("body", "service"), SHAPES.items())
async def test_an_error_belongs_to_the_worker_that_raised_it(blame, body, service):
    trace = await blame(body)
    (log,) = (log for log in trace.logs if log.level == "error")
    assert log.invocation.service == service


async def test_the_exceptions_of_a_group_show_no_frames_of_ours(blame):
    trace = await blame(
        "async with asyncio.TaskGroup() as group:\n"
        "    group.create_task(self.env.BAD.fetch(request))\n"
    )
    (log,) = (log for log in trace.logs if log.level == "error")
    assert "<worker bad v1>" in log.text
    assert "hop.py" not in log.text


@pytest.mark.parametrize("body", ["return self.env.N.fetch(request)", "self.env.N.fetch(request)"])
async def test_a_call_that_never_began_counts_for_its_caller_alone(blame, runtime, body):
    await blame(body)
    traffic = Traffic.of(runtime)
    assert traffic.services["gateway"].failed == 1
    assert "n" not in traffic.services
    assert not traffic.arrows


@pytest.mark.parametrize("binding", ["MISSING", "NO_ENTRYPOINT"])
async def test_a_worker_that_never_ran_is_charged_no_cpu(blame, binding):
    trace = await blame(f"return await self.env.{binding}.fetch(request)")
    gateway, called = trace.invocations
    assert called.cpu_ms == 0
    assert gateway.cpu_ms == trace.cpu_ms > 0


WINDOW = """
burn(1)
try:
    await self.env.CATALOG.fetch(request)
except BaseException:
    burn(1)
    return Response("x")
return Response("x")
"""

OVERSPENDERS = {
    # What a Worker does that uses up the budget of 20 ms, and below: where the cut is caught.
    "in its code": "while True: pass",
    "in a call": "sum(range(3_000_000)); sum(range(3_000_000)); return Response('x')",
    "as it answers": "burn(30); return Response('x')",
    "with few calls": "sum(range(5_000_000)); return Response('x')",
    "suspending": "burn(15); await asyncio.sleep(0); burn(15); return Response('x')",
}


@pytest.mark.parametrize("overspends", OVERSPENDERS.values(), ids=OVERSPENDERS)
async def test_a_cut_that_is_caught_belongs_to_the_worker_that_caught_it(
    define, runtime, overspends
):
    define("prices", overspends)
    define("catalog", FORWARD, AUTH="prices")
    window = define("window", WINDOW, CATALOG="catalog", limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError):
        await window.fetch()
    (log,) = (log for log in runtime.traces[-1].logs if log.level == "error")
    assert log.invocation.service == "window"
    assert "The CPU budget of the request to Worker 'window' was 20 ms; cut in <worker " in log.text
    assert "cut in <worker window v1>:" in log.text


@pytest.mark.parametrize("overspends", OVERSPENDERS.values(), ids=OVERSPENDERS)
async def test_a_cut_names_where_it_fell_and_whose_budget_it_was(define, runtime, overspends):
    handle = define("prices", overspends, limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    assert note.startswith("The CPU budget of the request to Worker 'prices' was 20 ms; cut in ")
    assert "prices" in note
    (log,) = (log for log in runtime.traces[-1].logs if log.level == "error")
    assert log.invocation.service == "prices"
    assert note in log.text

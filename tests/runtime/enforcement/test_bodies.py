"""Limits hold in the producer of a stream too."""

from __future__ import annotations

import asyncio
import threading

import pytest

import workernb
from workernb import CpuLimitError, Limits

from ..conftest import COUNT, PASS, gone, outcomes, printed, worker


async def test_a_producer_is_cut(define, runtime):
    source = (
        'async def work():\n    yield b"x"\n    while True:\n        pass\nreturn Response(work())'
    )
    last = define("last", source, limits={"cpu_ms": 30})
    gateway = define("gateway", PASS, NEXT="last", limits={"cpu_ms": 30})
    for handle in (last, gateway):
        response = await handle.fetch()
        reader = response.body.get_reader()
        assert await reader.read() == (b"x", False)
        with pytest.raises(workernb.CpuLimitError) as caught:
            await reader.read()
        assert "<worker last v1>" in caught.value.__notes__[0]
        trace = await gone(runtime)
        assert trace.outcome == "exceededCpu"
        assert 30 <= trace.cpu_ms < 300


async def test_an_endless_body_is_cut_in_a_bounded_trace(define, runtime):
    source = 'async def work():\n    while True:\n        yield b"x"\nreturn Response(work())'
    define("last", source)
    gateway = define(
        "gateway",
        "async for _ in (await self.env.NEXT.fetch(request)).body:\n    pass",
        NEXT="last",
        limits={"cpu_ms": 300},
    )
    with pytest.raises(workernb.CpuLimitError):
        await gateway.fetch()
    trace = await gone(runtime)
    assert len(trace.slices) <= trace.KEPT
    assert len(trace.stamps) <= trace.fold_at + 100_000
    assert set(trace.cpu_by_service()) == {"gateway", "last"}


async def test_a_producer_that_waits_too_long(define, runtime):
    source = (
        'async def work():\n    yield b"x"\n    await asyncio.sleep(9)\nreturn Response(work())'
    )
    last = define("last", source, limits={"wall_ms": 50})
    response = await last.fetch()
    with pytest.raises(workernb.LimitError, match="wall time limit") as caught:
        await response.text()
    assert "<worker last v1>:" in caught.value.__notes__[0]
    assert (await gone(runtime)).outcome == "exceededWallTime"


async def test_a_producer_that_can_never_go_on(define, runtime):
    source = (
        'async def work():\n    yield b"x"\n    await asyncio.get_running_loop().create_future()\n'
        "return Response(work())"
    )
    define("last", source)
    gateway = define("gateway", PASS, NEXT="last")
    response = await gateway.fetch()
    with pytest.raises(workernb.HungError) as caught:
        await response.text()
    assert "<worker last v1>" in str(caught.value.__notes__)
    await gone(runtime)


async def test_a_body_that_nobody_reads_ends_at_the_wall_limit(define, runtime):
    last = define("last", COUNT, limits={"wall_ms": 60})
    response = await last.fetch()
    trace = await gone(runtime)
    assert (trace.outcome, printed(trace)) == ("exceededWallTime", [])
    with pytest.raises(workernb.LimitError, match="wall time limit"):
        await response.text()


async def test_a_reader_is_canceled_as_its_producer_waits(define, runtime, until):
    source = (
        'async def work():\n    yield b"x"\n    print("waits")\n    await asyncio.sleep(9)\n'
        "return Response(work())"
    )
    define("last", source)
    gateway = define("gateway", PASS, NEXT="last")
    response = await gateway.fetch()
    reading = asyncio.create_task(response.text())
    await until(lambda: bool(printed(response.trace)))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    trace = await gone(runtime)
    assert outcomes(trace) == {"gateway": "canceled", "last": "canceled"}


async def test_an_interrupt_ends_a_producer_that_is_busy(define, runtime):
    source = (
        "async def work():\n    signal.raise_signal(signal.SIGINT)\n    while True:\n        pass\n"
    )
    last = define("last", "import signal\n" + source + "    yield b''\nreturn Response(work())")
    with pytest.raises(workernb.CanceledError):
        await (await last.fetch()).text()
    assert (await gone(runtime)).outcome == "canceled"


async def test_a_budget_of_its_own(define, runtime):
    runtime.limits = workernb.Limits(cpu_ms=30, budget="per-invocation")
    define(
        "last",
        'async def work():\n    yield b"x"\n    while True:\n        pass\nreturn Response(work())',
    )
    gateway = define(
        "gateway",
        """
        response = await self.env.NEXT.fetch(request)
        async def work():
            try:
                async for chunk in response.body:
                    yield chunk
            except Exception as error:
                yield str(error).encode()
        return Response(work())
        """,
        NEXT="last",
    )
    assert await (await gateway.fetch()).text() == "xWorker exceeded CPU time limit."
    assert outcomes(await gone(runtime)) == {"gateway": "ok", "last": "exceededCpu"}


async def test_a_producer_that_swallows_its_cut(define, runtime):
    last = define(
        "last",
        """
        async def work():
            while True:
                try:
                    yield b"x"
                    while True:
                        pass
                except BaseException:
                    pass
        return Response(work())
        """,
        limits={"cpu_ms": 30},
    )
    with pytest.raises(workernb.CpuLimitError):
        await (await last.fetch()).text()
    assert (await gone(runtime)).outcome == "exceededCpu"


@pytest.mark.no_cover
def test_a_producer_in_another_thread_is_cut():
    source = worker(
        'async def work():\n    while True:\n        yield b"x"\nreturn Response(work())'
    )
    errors, cpu_ms = [], []

    async def read():
        runtime = workernb.Runtime(workernb.Limits(cpu_ms=30))
        try:
            await (await runtime.define("last", source).fetch()).text()
        except workernb.CpuLimitError as error:
            errors.append(error)
        cpu_ms.append(runtime.traces[-1].cpu_ms)
        runtime.close()

    thread = threading.Thread(target=asyncio.run, args=(read(),))
    thread.start()
    thread.join()
    assert "last" in "".join(errors[0].__notes__)
    assert cpu_ms[0] < 60  # As soon as the next chunk is asked for.


@pytest.mark.parametrize("chunk", ["yield b'x'", "sum(range(1000)); yield b'x'"])
async def test_the_budget_is_not_used_up_by_who_reads(define, runtime, chunk):
    """The notebook reads within the request's slices, and is charged to nobody."""
    body = f"""
async def chunks():
    while True:
        {chunk}
return Response(chunks())
"""
    response = await define("worker", body, limits=Limits(cpu_ms=50)).fetch()
    with pytest.raises(CpuLimitError):
        await response.bytes()
    assert runtime.traces[-1].outcome == "exceededCpu"
    assert 49.5 <= runtime.traces[-1].cpu_ms < 80

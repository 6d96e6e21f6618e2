"""Calls from any thread, also while the loop of the runtime waits for that thread."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workernb import CpuLimitError, Limits

SLOW = "await asyncio.sleep(0.01); return Response(str(request.url))"


def fetch(handle, number):
    return asyncio.run(handle.fetch_sync(f"http://x/{number}").text())


def fetch_on_own_loop(handle, number):
    async def fetch_text() -> str:
        return await (await handle.fetch(f"http://x/{number}")).text()

    return asyncio.run(fetch_text())


WAYS = pytest.mark.parametrize("fetch", [fetch, fetch_on_own_loop])


@WAYS
@pytest.mark.parametrize("first", [False, True], ids=["first", "after a request"])
async def test_a_pool_that_the_loop_waits_for(define, runtime, first, fetch):
    handle = define("slow", SLOW)
    if first:
        await handle.fetch()
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda number: fetch(handle, number), range(40)))
    assert texts == [f"http://x/{number}" for number in range(40)]
    await asyncio.sleep(0)
    assert not runtime.in_flight
    assert {trace.outcome for trace in runtime.traces} == {"ok"}
    assert (await handle.fetch()).status == 200


@WAYS
async def test_threads_that_the_loop_joins(define, runtime, fetch):
    define("auth", SLOW)
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    await handle.fetch()
    texts: dict[int, str] = {}

    def work(number: int) -> None:
        texts[number] = fetch(handle, number)

    for _ in range(5):
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == {number: f"http://x/{number}" for number in range(8)}
        texts.clear()
    assert len({trace.number for trace in runtime.traces}) == 41


async def test_a_call_on_another_loop_is_cut_while_the_home_loop_is_blocked(define, runtime):
    handle = define("busy", "while True: pass", limits=Limits(cpu_ms=20))
    await define("echo").fetch()
    with ThreadPoolExecutor(1) as pool, pytest.raises(CpuLimitError):
        pool.submit(fetch_on_own_loop, handle, 1).result()
    assert not runtime.in_flight


async def test_a_call_on_another_loop_runs_at_home_while_that_turns(define):
    handle = define("slow", "import threading\nreturn Response(threading.current_thread().name)")
    await handle.fetch()
    name = await asyncio.to_thread(fetch_on_own_loop, handle, 1)
    assert name == threading.main_thread().name


@pytest.mark.parametrize("first", [False, True], ids=["first", "after a request"])
async def test_threads_that_the_loop_awaits(define, runtime, first):
    handle = define("slow", "import threading\nreturn Response(threading.current_thread().name)")
    if first:
        await handle.fetch()
    answers = await asyncio.gather(*[asyncio.to_thread(handle.fetch_sync) for _ in range(40)])
    assert {answer.status for answer in answers} == {200}
    if first:  # The loop is free, so all requests run on it.
        here = threading.current_thread().name
        assert {await answer.text() for answer in answers} == {here}


@pytest.mark.no_cover
async def test_a_request_in_a_calling_thread_is_cut(define, runtime):
    handle = define("busy", "while True: pass", limits=Limits(cpu_ms=50))
    define("echo")
    await runtime["echo"].fetch()
    with ThreadPoolExecutor(1) as pool, pytest.raises(CpuLimitError):
        pool.submit(handle.fetch_sync).result()
    assert runtime.traces[-1].outcome == "exceededCpu"
    assert 45 < runtime.traces[-1].cpu_ms < 500
    assert (await runtime["echo"].fetch()).status == 200


async def test_what_a_calling_thread_leaves_to_wait_until_ends_with_the_call(define, runtime):
    handle = define(
        "later",
        """
        async def later():
            await asyncio.sleep(0.05)
            print("done")
        self.ctx.waitUntil(later())
        return Response("x")
        """,
    )
    define("echo")
    await runtime["echo"].fetch()
    with ThreadPoolExecutor(1) as pool:
        trace = pool.submit(handle.fetch_sync).result().trace
    assert trace.done
    assert [log.text for log in trace.logs] == ["done"]


async def test_a_worker_that_blocks_on_a_thread_which_calls(define, runtime):
    define("echo")
    handle = define(
        "outer",
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool:
            status = pool.submit(self.env.CALLS[0]).result().status
        return Response(str(status))
        """,
        vars={"CALLS": [None]},
    )
    handle.version.env.CALLS[0] = runtime["echo"].fetch_sync
    assert await (await handle.fetch()).text() == "200"

"""A request is ended when nothing is left that could end its wait."""

from __future__ import annotations

import asyncio
import builtins
import time

import pytest

from workernb import HungError
from workernb.runtime.enforcement import guard, hangs

HUNG = {
    "an event that is never set": "await asyncio.Event().wait()",
    "a future": "await asyncio.get_running_loop().create_future()",
    "gather": "await asyncio.gather(asyncio.Event().wait(), asyncio.sleep(0))",
    "a task": "await asyncio.create_task(asyncio.Event().wait())",
    "an empty queue": "await asyncio.Queue().get()",
    "wait": "await asyncio.wait([asyncio.create_task(asyncio.Event().wait())])",
    "shield": "await asyncio.shield(asyncio.Event().wait())",
    "a task group": """
async with asyncio.TaskGroup() as group:
    group.create_task(asyncio.Event().wait())
""",
    "two locks": """
a, b = asyncio.Lock(), asyncio.Lock()
async def both(first, second):
    async with first:
        await asyncio.sleep(0.001)
        async with second:
            pass
await asyncio.gather(both(a, b), both(b, a))
""",
    "a generator": """
async def numbers():
    await asyncio.Event().wait()
    yield 1
async for _ in numbers():
    pass
""",
    "a callee": "await self.env.NEVER.fetch(request)",
    "two callees": "await asyncio.gather(*[self.env.NEVER.fetch(request) for _ in range(2)])",
}

ENDING = {
    "a sleep": "await asyncio.sleep(0.5)",
    "a thread": "await asyncio.to_thread(time.sleep, 0.5)",
    "a sibling that sleeps": """
event = asyncio.Event()
async def later():
    await asyncio.sleep(0.5)
    event.set()
task = asyncio.create_task(later())
await event.wait()
await task
""",
    "a timeout": """
try:
    async with asyncio.timeout(0.5):
        await asyncio.Event().wait()
except TimeoutError:
    pass
""",
    "a queue with a producer": """
queue = asyncio.Queue()
async def produce():
    await asyncio.sleep(0.5)
    await queue.put(1)
async with asyncio.TaskGroup() as group:
    group.create_task(produce())
    await queue.get()
""",
    "a timer": """
loop = asyncio.get_running_loop()
future = loop.create_future()
loop.call_later(0.5, future.set_result, None)
await future
""",
    "a connection": """
async def serve(reader, writer):
    await asyncio.sleep(0.5)
    writer.write(b"x")
    writer.close()
    await writer.wait_closed()
server = await asyncio.start_server(serve, "127.0.0.1", 0)
async with server:
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.read(1)
    writer.close()
    await writer.wait_closed()
""",
    "a process": """
process = await asyncio.create_subprocess_exec("sleep", "0.5")
await process.wait()
""",
    "a callee": "await self.env.SLOW.fetch(request)",
    "a global that a timer sets": """
global event
event = asyncio.Event()
asyncio.get_running_loop().call_later(0.5, lambda: event.set())
await event.wait()
""",
}


@pytest.fixture(autouse=True)
def _hangs_are_looked_for_soon(monkeypatch):
    # No public setting: the two seconds are fixed, and would make each test last as long.
    monkeypatch.setattr(guard, "HANGS_AFTER_S", 0.15)


@pytest.mark.parametrize("kind", HUNG)
async def test_a_wait_that_cannot_end_raises(define, runtime, kind):
    define("never", "await asyncio.Event().wait()")
    handle = define("worker", HUNG[kind], NEVER="never")
    with pytest.raises(HungError, match="had hung and would never generate a response") as caught:
        await handle.fetch()
    assert caught.value.__notes__[0].startswith("It waits in <worker ")
    assert runtime.traces[-1].outcome == "exception"
    assert not runtime.in_flight
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


@pytest.mark.parametrize("kind", ENDING)
async def test_a_wait_that_may_end_goes_on(define, runtime, kind):
    define("slow", "await asyncio.sleep(0.5); return Response('x')")
    handle = define("worker", ENDING[kind] + "\nreturn Response('x')", SLOW="slow")
    assert (await handle.fetch()).status == 200


async def test_a_hang_is_found_in_a_large_heap_and_does_not_stop_the_loop(define, runtime):
    heap = [{"key": [number]} for number in range(500_000)]  # A million containers.
    handle = define(
        "worker", "await asyncio.gather(asyncio.Event().wait(), asyncio.Event().wait())"
    )
    began = time.thread_time()
    with pytest.raises(HungError):
        await handle.fetch()
    assert time.thread_time() - began < 3  # 0.2 s where nothing else uses the machine.
    assert len(heap) == 500_000


async def test_a_search_that_takes_long_is_given_up(define, monkeypatch):
    monkeypatch.setattr(hangs, "_BUDGET_S", 0)
    handle = define("worker", "await asyncio.Event().wait()")
    request = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0.5)  # More than three times as long as a hang takes to be found.
    assert not request.done()
    request.cancel()
    await asyncio.wait([request])


async def test_a_wait_for_an_object_that_the_notebook_holds_goes_on(define, runtime, until):
    handle = define(
        "worker",
        """
        import builtins
        event = asyncio.Event()
        builtins.workernb_test_event = event
        await event.wait()
        return Response('x')
        """,
    )
    request = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0.5)  # More than three times as long as a hang takes to be found.
    assert not request.done()
    builtins.workernb_test_event.set()  # type: ignore[attr-defined]
    del builtins.workernb_test_event  # type: ignore[attr-defined]
    assert (await request).status == 200


@pytest.mark.slow
async def test_a_thousand_that_wait_for_long_leave_the_loop_its_time(define):
    handle = define("waits", "await asyncio.sleep(2.5); return Response('x')")
    began = time.perf_counter()
    answers = await asyncio.gather(*[handle.fetch() for _ in range(1_000)])
    assert {answer.status for answer in answers} == {200}
    assert time.perf_counter() - began < 5  # 2.9 s here; each alone was searched for before.

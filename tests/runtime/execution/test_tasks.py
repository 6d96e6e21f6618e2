"""The tasks that an invocation starts: calls, waitUntil, and what is never awaited."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from workernb import CpuLimitError, Limits

WAYS = {
    "gather": "answers = await asyncio.gather(*calls)",
    "tasks": "answers = [await task for task in [asyncio.create_task(c) for c in calls]]",
    "group": (
        "async with asyncio.TaskGroup() as group:\n"
        "    tasks = [group.create_task(call) for call in calls]\n"
        "answers = [task.result() for task in tasks]"
    ),
    "wait_for": "answers = [await asyncio.wait_for(call, 5) for call in calls]",
    "wait": (
        "tasks = [asyncio.ensure_future(call) for call in calls]\n"
        "await asyncio.wait(tasks)\n"
        "answers = [task.result() for task in tasks]"
    ),
    "shield": "answers = [await asyncio.shield(call) for call in calls]",
    "timeout": "async with asyncio.timeout(5):\n    answers = [await call for call in calls]",
    "as_completed": (
        "answers = [await call for call in asyncio.as_completed(calls)]\n"
        "answers.sort(key=lambda answer: answer.url)"
    ),
    "backwards": "answers = [await call for call in reversed(calls)][::-1]",
}


@pytest.mark.parametrize("way", WAYS)
async def test_calls_can_be_awaited_in_each_way_of_asyncio(define, auth, way):
    body = (
        "calls = [self.env.AUTH.fetch(f'http://x/{i}') for i in range(3)]\n"
        f"{WAYS[way]}\n"
        "return Response.from_json([await answer.text() for answer in answers])"
    )
    handle = define("gateway", body, AUTH="auth")
    response = await handle.fetch()
    assert await response.json() == ["http://x/0", "http://x/1", "http://x/2"]
    gateway, *calls = response.trace.invocations
    assert (gateway.service, gateway.outcome) == ("gateway", "ok")
    assert [(call.service, call.outcome) for call in calls] == [("auth", "ok")] * 3
    assert all(call.caller is gateway for call in calls)
    assert response.trace.logs == []


async def test_a_call_begins_when_its_caller_suspends(define):
    define("auth", "print('auth'); return Response('x')")
    handle = define(
        "gateway",
        """
        call = self.env.AUTH.fetch(request)
        print("made")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        print("suspended")
        await call
        return Response("done")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert [log.text for log in response.trace.logs] == ["made", "auth", "suspended"]


@pytest.mark.parametrize("suspend", ["", "await asyncio.sleep(0)"])
async def test_a_call_that_is_not_awaited_is_cancelled_with_a_warning(define, suspend):
    define("auth", "await asyncio.Event().wait()")
    handle = define(
        "gateway",
        f"""
        self.env.AUTH.fetch("http://auth/audit")
        {suspend}
        return Response("x")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    (log,) = response.trace.logs
    assert log.level == "warn"
    assert log.text.startswith("env.AUTH.fetch('http://auth/audit') was cancelled")
    assert "hand it to ctx.waitUntil" in log.text
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert response.trace.invocations[1].outcome == "canceled"


async def test_a_call_made_by_a_callback_begins_with_the_next_slice(define):
    define("auth")
    handle = define(
        "gateway",
        """
        fetch, calls = self.env.AUTH.fetch, []
        asyncio.get_running_loop().call_soon(lambda: calls.append(fetch("http://a/")))
        for _ in range(3):
            await asyncio.sleep(0)
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    gateway, auth = trace.invocations
    assert (auth.caller, auth.outcome) == (gateway, "ok")


async def test_a_call_that_a_wait_until_task_does_not_await_still_begins(define, until):
    define("auth")
    handle = define(
        "gateway",
        """
        async def later():
            await asyncio.sleep(0)
            self.env.AUTH.fetch("http://a/")
            await asyncio.sleep(0.01)
        self.ctx.waitUntil(later())
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    await until(lambda: trace.done)
    gateway, auth = trace.invocations
    assert gateway.outcome == auth.outcome == "ok"
    assert trace.logs == []


async def test_a_wait_until_task_awaits_a_call_of_the_handler(define, until):
    define("auth")
    handle = define(
        "gateway",
        """
        call = self.env.AUTH.fetch("http://a/")
        self.env.AUTH.fetch("http://b/")
        async def later():
            print((await call).status)
        self.ctx.waitUntil(later())
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    await until(lambda: trace.done)
    assert [invocation.outcome for invocation in trace.invocations] == ["ok", "ok", "canceled"]
    printed, warned = trace.logs
    assert printed.text == "200"
    assert warned.text.startswith("env.AUTH.fetch('http://b/') was cancelled: ")


def frames_of(error: BaseException) -> int:
    return sum(1 for _ in traceback.walk_tb(error.__traceback__))


async def test_an_exception_that_many_tasks_raise_has_the_frames_of_few(define):
    """Those of all would take the square of their number to look through."""
    handle = define(
        "worker",
        """
        import traceback
        error = ValueError("one")
        async def task():
            await asyncio.sleep(0)
            raise error
        await asyncio.gather(*[task() for _ in range(1_000)], return_exceptions=True)
        return Response(str(len(traceback.extract_tb(error.__traceback__))))
        """,
    )
    assert 1 <= int(await (await handle.fetch()).text()) < 200


async def test_an_exception_has_the_lines_of_all_tasks_that_await_each_other(define):
    handle = define(
        "worker",
        """
        import traceback
        async def task(n):
            if not n:
                raise ValueError("one")
            await asyncio.create_task(task(n - 1))
        try:
            await asyncio.create_task(task(5))
        except ValueError as error:
            lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
        return Response.from_json(lines)
        """,
    )
    lines = await (await handle.fetch()).json()
    assert lines.count("await asyncio.create_task(task(n - 1))") == 5
    assert lines[-1] == 'raise ValueError("one")'


async def test_a_cut_that_ends_many_tasks_is_logged_once_and_has_the_frames_of_few(
    define, runtime, until
):
    handle = define(
        "worker",
        """
        for _ in range(1_000):
            self.ctx.waitUntil(asyncio.sleep(9))
        while True: pass
        """,
        limits=Limits(cpu_ms=30),
    )
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    trace = next(iter(runtime.in_flight))
    await until(lambda: trace.done)
    assert 1 <= frames_of(trace.aborted) < 200
    assert 1 <= frames_of(caught.value) < 20
    by_handler, by_tasks = trace.logs
    assert by_handler.text.startswith("Traceback")
    assert by_tasks.text.endswith("(in a waitUntil task)")


async def test_a_task_that_is_not_awaited_is_cancelled_with_a_warning(define):
    handle = define(
        "gateway",
        """
        self.task = asyncio.create_task(asyncio.sleep(1000), name="poller")
        await asyncio.sleep(0)
        return Response("x")
        """,
    )
    response = await handle.fetch()
    (log,) = response.trace.logs
    assert log.text.startswith("The task poller was cancelled")


async def test_wait_until_outlives_the_response(define, runtime, until):
    define("audit", "await asyncio.sleep(0.01); print('audited'); return Response('x')")
    handle = define(
        "gateway",
        """
        self.ctx.waitUntil(self.env.AUDIT.fetch(request))
        return Response("x")
        """,
        AUDIT="audit",
    )
    response = await handle.fetch()
    assert not response.trace.done
    assert response.trace in runtime.in_flight
    await until(lambda: response.trace.done)
    assert [log.text for log in response.trace.logs] == ["audited"]
    assert response.trace.outcome == "ok"
    assert runtime.traces[-1] is response.trace


async def test_a_failed_wait_until_task_sets_the_outcome(define, until):
    handle = define(
        "gateway",
        """
        async def fail():
            await asyncio.sleep(0)
            raise ValueError("late")
        self.ctx.wait_until(fail())
        return Response("x")
        """,
    )
    response = await handle.fetch()
    await until(lambda: response.trace.done)
    assert response.status == 200
    assert response.trace.outcome == "exception"
    assert response.trace.exception == "ValueError: late"


async def test_wait_until_ends_after_30_seconds(define, monkeypatch, until):
    handle = define(
        "gateway",
        """
        self.ctx.waitUntil(asyncio.sleep(1000))
        return Response("x")
        """,
    )
    response = await handle.fetch()
    loop = asyncio.get_running_loop()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + 29)
    await asyncio.sleep(0)
    assert not response.trace.done
    monkeypatch.setattr(loop, "time", lambda: now() + 31)
    await until(lambda: response.trace.done)
    assert "waitUntil() tasks did not complete" in response.trace.logs[0].text


async def test_cancelling_a_call_does_not_cancel_its_caller(define):
    define("slow", "await asyncio.Event().wait()")
    handle = define(
        "gateway",
        """
        try:
            async with asyncio.timeout(0.01):
                await self.env.SLOW.fetch(request)
        except TimeoutError:
            return Response("timed out")
        """,
        SLOW="slow",
    )
    response = await handle.fetch()
    assert await response.text() == "timed out"
    gateway, slow = response.trace.invocations
    assert (gateway.outcome, slow.outcome) == ("ok", "canceled")


async def test_a_task_in_a_new_context_keeps_its_invocation(define):
    handle = define(
        "worker",
        """
        import contextvars
        async def say():
            print("from the task")
        await asyncio.create_task(say(), context=contextvars.Context())
        return Response("x")
        """,
    )
    trace = (await handle.fetch()).trace
    assert [log.invocation.service for log in trace.logs] == ["worker"]


async def test_a_call_that_is_cancelled_before_it_begins(define):
    define("auth", "print('never'); return Response('x')")
    handle = define(
        "gateway",
        """
        task = asyncio.create_task(self.env.AUTH.fetch(request))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return Response("cancelled")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert await response.text() == "cancelled"
    assert response.trace.logs == []
    assert response.trace.invocations[1].outcome == "canceled"


async def test_a_call_that_is_cancelled_after_it_has_begun(define):
    define("auth", "await asyncio.sleep(1000)")
    handle = define(
        "gateway",
        """
        task = asyncio.create_task(self.env.AUTH.fetch(request))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    assert trace.invocations[1].outcome == "canceled"


async def test_wait_until_takes_coroutines_and_tasks(define, until):
    handle = define(
        "worker",
        """
        from workers import wait_until
        async def later():
            print("later")
        wait_until(later())
        self.ctx.waitUntil(asyncio.create_task(later()))
        cancelled = asyncio.create_task(asyncio.sleep(1000))
        self.ctx.waitUntil(cancelled)
        asyncio.get_running_loop().call_soon(cancelled.cancel)
        return Response("x")
        """,
    )
    response = await handle.fetch()
    await until(lambda: response.trace.done)
    assert [log.text for log in response.trace.logs] == ["later", "later"]
    assert response.trace.outcome == "ok"

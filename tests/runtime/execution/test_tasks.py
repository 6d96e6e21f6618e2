"""Calls over bindings: when they begin, who awaits them, what becomes of them."""

from __future__ import annotations

import asyncio

import pytest

GATHERERS = {
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
        "answers = [await next_one for next_one in asyncio.as_completed(calls)]\n"
        "answers.sort(key=lambda answer: answer.url)"
    ),
    "backwards": "answers = [await call for call in reversed(calls)][::-1]",
}


@pytest.mark.parametrize("way", GATHERERS)
async def test_calls_can_be_awaited_in_every_way_of_asyncio(define, auth, way):
    body = (
        "calls = [self.env.AUTH.fetch(f'http://x/{i}') for i in range(3)]\n"
        f"{GATHERERS[way]}\n"
        "return Response.from_json([await answer.text() for answer in answers])"
    )
    handle = define("gateway", body, AUTH="auth")
    response = await handle.fetch()
    assert await response.json() == ["http://x/0", "http://x/1", "http://x/2"]
    trace = response.trace
    assert [invocation.service for invocation in trace.invocations] == [
        "gateway",
        "auth",
        "auth",
        "auth",
    ]
    assert {invocation.outcome for invocation in trace.invocations} == {"ok"}
    assert all(invocation.caller is trace.invocations[0] for invocation in trace.invocations[1:])
    assert not [log.text for log in trace.logs]


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
async def test_a_call_that_nobody_awaits_is_cancelled_and_named(define, suspend):
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
    assert "self.ctx.waitUntil" in log.text
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert response.trace.invocations[1].outcome == "canceled"


async def test_a_call_that_a_callback_makes_begins_with_the_next_slice(define):
    define("auth", "return Response('x')")
    handle = define(
        "gateway",
        """
        fetch, kept = self.env.AUTH.fetch, []
        asyncio.get_running_loop().call_soon(lambda: kept.append(fetch("http://a/")))
        for _ in range(3):
            await asyncio.sleep(0)
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    gateway, auth = trace.invocations
    assert (auth.caller, auth.outcome) == (gateway, "ok")


async def test_a_call_that_a_wait_until_task_does_not_await_begins(define, until):
    define("auth", "return Response('x')")
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
    assert [invocation.outcome for invocation in trace.invocations] == ["ok", "ok"]
    assert trace.logs == []


async def test_a_task_that_nobody_awaits_is_cancelled_and_named(define):
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


async def test_a_wait_until_that_fails_shows_in_the_outcome(define, until):
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


async def test_wait_until_is_cut_off(define, monkeypatch, until):
    monkeypatch.setattr("workernb.runtime.execution.dispatch.WAIT_UNTIL_S", 0.01)
    handle = define(
        "gateway",
        """
        self.ctx.waitUntil(asyncio.sleep(1000))
        return Response("x")
        """,
    )
    response = await handle.fetch()
    await until(lambda: response.trace.done)
    assert "waitUntil() tasks did not complete" in response.trace.logs[0].text


async def test_cancelling_one_call_leaves_its_caller_alone(define):
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
    assert [invocation.outcome for invocation in response.trace.invocations] == ["ok", "canceled"]


async def test_a_task_with_a_context_of_its_own_keeps_its_invocation(define):
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


async def test_a_call_that_is_cancelled_before_it_began(define):
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


async def test_a_call_that_begun_and_is_cancelled_is_canceled(define):
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


async def test_wait_until_takes_what_can_be_awaited(define, until):
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

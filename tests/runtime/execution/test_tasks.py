"""Calls over bindings: when they begin, who awaits them, what becomes of them."""

from __future__ import annotations

import asyncio

import pytest

from workernb import HandlerError


@pytest.fixture
def auth(define):
    return define(
        "auth",
        """
        await asyncio.sleep(0)
        return Response(request.url)
        """,
    )


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
    assert [call.service for call in trace.invocations] == ["gateway", "auth", "auth", "auth"]
    assert {call.outcome for call in trace.invocations} == {"ok"}
    assert all(call.caller is trace.invocations[0] for call in trace.invocations[1:])
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


async def test_a_plain_await_needs_no_task(define):
    define("auth", "return Response(asyncio.current_task().get_name())")
    handle = define(
        "gateway",
        """
        mine = asyncio.current_task().get_name()
        theirs = await (await self.env.AUTH.fetch(request)).text()
        return Response(str(mine == theirs))
        """,
        AUTH="auth",
    )
    assert await (await handle.fetch()).text() == "True"


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
    assert [call.outcome for call in trace.invocations] == ["ok", "ok"]
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


async def test_a_call_cannot_be_awaited_twice(define, auth):
    handle = define(
        "gateway",
        """
        call = self.env.AUTH.fetch(request)
        await call
        return await call
        """,
        AUTH="auth",
    )
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        await handle.fetch()


async def test_a_failed_call_fails_where_it_is_awaited(define, auth):
    handle = define(
        "gateway",
        """
        results = await asyncio.gather(
            self.env.AUTH.fetch("/rel"), self.env.AUTH.fetch(request), return_exceptions=True
        )
        return Response.from_json([str(getattr(r, "status", r)) for r in results])
        """,
        AUTH="auth",
    )
    assert await (await handle.fetch()).json() == ["Fetch API cannot load: /rel", "200"]


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
    assert [call.outcome for call in response.trace.invocations] == ["ok", "canceled"]


async def test_a_request_built_by_a_handler_goes_over_the_binding(define):
    define(
        "auth",
        "return Response(f'{request.method} {request.url} {request.headers[\"a\"]} '"
        " + await request.text())",
    )
    handle = define(
        "gateway",
        """
        one = await self.env.AUTH.fetch(
            "http://auth/x#part", method="POST", headers={"A": "b"}, body="c"
        )
        mine = Request("http://auth/x", method="POST", headers={"A": "b"}, body="c")
        mine.headers.set("a", "d")
        two = self.env.AUTH.fetch(mine)
        mine.headers.set("a", "too late")
        return Response(await one.text() + "; " + await (await two).text())
        """,
        AUTH="auth",
    )
    assert await (await handle.fetch()).text() == ("POST http://auth/x b c; POST http://auth/x d c")


async def test_fetch_takes_one_positional_argument(define, auth):
    handle = define("gateway", "return await self.env.AUTH.fetch(request, {})", AUTH="auth")
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "fetch() takes 1 positional argument but 2 were given"


async def test_generators_of_a_worker_keep_their_invocation(define, auth):
    handle = define(
        "gateway",
        """
        async def urls():
            for number in range(3):
                await asyncio.sleep(0)
                yield await (await self.env.AUTH.fetch(f"http://x/{number}")).text()
        return Response.from_json([url async for url in urls()])
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert await response.json() == ["http://x/0", "http://x/1", "http://x/2"]
    assert all(call.depth == 2 for call in response.trace.invocations[1:])


async def test_a_forgotten_await_is_said_to_be_one(define):
    define("auth", "return Response('x')")
    returned = define("returned", "return self.env.AUTH.fetch(request)", AUTH="auth")
    with pytest.raises(HandlerError) as caught:
        await returned.fetch()
    assert "gave back a coroutine, which wants an await" in caught.value.__notes__[0]
    define("used", "return Response(self.env.AUTH.fetch(request).status)", AUTH="auth")
    passed_on = define("passed_on", "return await self.env.USED.fetch(request)", USED="used")
    with pytest.raises(AttributeError) as caught:
        await passed_on.fetch()
    assert len(caught.value.__notes__) == 1
    assert "did you forget await?" in caught.value.__notes__[0]

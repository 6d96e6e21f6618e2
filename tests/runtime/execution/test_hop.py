"""Corners of calls, tasks and loops that everyday code does not turn."""

from __future__ import annotations

import asyncio

import pytest

from workernb import HandlerError


async def test_an_eager_task_factory_of_the_notebook_is_kept(define):
    made = []

    def factory(loop, coro, **options):
        made.append(coro)
        return asyncio.Task(coro, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)
    handle = define("worker", "await asyncio.create_task(asyncio.sleep(0)); return Response('x')")
    assert (await handle.fetch()).status == 200
    assert len(made) == 1
    assert loop.get_task_factory() is factory
    loop.set_task_factory(None)


async def test_what_is_received_refuses_to_be_changed(define):
    define("auth", "return Response('x', headers={'a': 'b'})")
    handle = define(
        "gateway",
        """
        refused = []
        for headers in (request.headers, (await self.env.AUTH.fetch(request)).headers):
            try:
                headers.set("x", "y")
            except TypeError as error:
                refused.append(str(error))
        return Response.from_json(refused)
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert await response.json() == ["Can't modify immutable headers."] * 2
    with pytest.raises(TypeError, match="Can't modify immutable headers"):
        response.headers.set("x", "y")


async def test_the_body_of_a_request_moves_with_it(define):
    define("auth", "return Response(await request.text())")
    twice = define(
        "gateway",
        """
        await self.env.AUTH.fetch(request)
        return await self.env.AUTH.fetch(request)
        """,
        AUTH="auth",
    )
    with pytest.raises(TypeError, match=r"^Cannot reconstruct a Request with a used body\."):
        await twice.fetch(method="POST", body="once")
    cloned = define(
        "cloned",
        """
        await self.env.AUTH.fetch(request.clone())
        return await self.env.AUTH.fetch(request)
        """,
        AUTH="auth",
    )
    assert await (await cloned.fetch(method="POST", body="once")).text() == "once"
    assert (await twice.fetch()).status == 200  # Without a body it may be sent twice.


async def test_a_response_that_is_kept_can_be_returned_once(runtime):
    handle = runtime.define(
        "kept",
        "from workers import Response, WorkerEntrypoint\n"
        "KEPT = Response('x')\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return KEPT\n",
    )
    assert await (await handle.fetch()).text() == "x"
    with pytest.raises(OSError, match="Body has already been used"):
        await handle.fetch()


async def test_a_caller_may_catch_what_its_callee_raised(define, runtime):
    define("auth", "raise KeyError('x')")
    handle = define(
        "gateway",
        """
        try:
            await self.env.AUTH.fetch(request)
        except KeyError:
            return Response("caught")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert await response.text() == "caught"
    assert [invocation.outcome for invocation in response.trace.invocations] == ["ok", "exception"]


@pytest.mark.parametrize("value", ["None", "'text'", "{'a': 1}", "200"])
async def test_a_handler_must_give_back_a_response(define, value):
    handle = define("wrong", f"return {value}")
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert str(caught.value) == (
        "Incorrect type for Promise: the Promise did not resolve to 'Response'."
    )
    assert "Worker 'wrong'" in caught.value.__notes__[0]


async def test_sys_exit_ends_the_request_and_not_the_kernel(define):
    handle = define("leaver", "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match=r"called sys\.exit"):
        await handle.fetch()


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
    assert all(invocation.depth == 2 for invocation in response.trace.invocations[1:])


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

"""How a handler is run, slice by slice, and what is made of its response."""

from __future__ import annotations

import asyncio

import pytest

from workernb import HandlerError

from ..conftest import FORWARD, fetch_text, worker


async def test_the_notebooks_task_factory_makes_the_tasks_of_workers(define):
    coroutines = []

    def factory(loop, coro, **options):
        coroutines.append(coro)
        return asyncio.Task(coro, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)
    handle = define("worker", "await asyncio.create_task(asyncio.sleep(0)); return Response('x')")
    assert (await handle.fetch()).status == 200
    assert len(coroutines) == 1
    assert loop.get_task_factory() is factory
    loop.set_task_factory(None)


async def test_received_headers_are_immutable(define):
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
    assert await fetch_text(cloned, method="POST", body="once") == "once"
    assert (await twice.fetch()).status == 200  # Without a body it may be sent twice.


async def test_a_kept_response_can_be_returned_once(runtime):
    source = worker("return KEPT") + "\nKEPT = Response('x')\n"
    handle = runtime.define("kept", source)
    assert await fetch_text(handle) == "x"
    with pytest.raises(OSError, match="Body has already been used"):
        await handle.fetch()


async def test_a_caller_can_catch_an_exception_of_its_callee(define, runtime):
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
    gateway, auth = response.trace.invocations
    assert (gateway.outcome, auth.outcome) == ("ok", "exception")


@pytest.mark.parametrize("value", ["None", "'text'", "{'a': 1}", "200"])
async def test_a_handler_must_return_a_response(define, value):
    handle = define("wrong", f"return {value}")
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert str(caught.value) == (
        "Incorrect type for Promise: the Promise did not resolve to 'Response'."
    )
    assert "Worker 'wrong'" in caught.value.__notes__[0]


async def test_sys_exit_ends_the_request_only(define):
    handle = define("leaver", "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match=r"called sys\.exit"):
        await handle.fetch()


async def test_an_awaited_call_runs_in_the_task_of_its_caller(define):
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
    assert await fetch_text(handle) == "True"


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


async def test_async_generators_keep_their_invocation(define, auth):
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


async def test_a_forgotten_await_is_named(define):
    define("auth")
    returned = define("returned", "return self.env.AUTH.fetch(request)", AUTH="auth")
    with pytest.raises(HandlerError) as caught:
        await returned.fetch()
    assert "gave back a coroutine, which wants an await" in caught.value.__notes__[0]
    define("used", "return Response(self.env.AUTH.fetch(request).status)", AUTH="auth")
    gateway = define("gateway", FORWARD, AUTH="used")
    with pytest.raises(AttributeError) as caught:
        await gateway.fetch()
    assert len(caught.value.__notes__) == 1
    assert "did you forget await?" in caught.value.__notes__[0]


async def test_a_loop_that_is_run_in_a_handler_has_a_remedy(define):
    # asyncio's own words; once nest_asyncio2 has patched a loop, it runs all of them again.
    gateway = define("gateway", "raise RuntimeError('This event loop is already running')")
    with pytest.raises(RuntimeError, match="This event loop is already running") as caught:
        await gateway.fetch()
    assert caught.value.__notes__[0].startswith("Write await instead")


async def test_a_response_of_a_subclass_arrives_as_a_plain_response(runtime):
    source = worker("return Special('x', status=201)") + "\nclass Special(Response): pass\n"
    answer = await runtime.define("special", source).fetch()
    assert (answer.status, await answer.text()) == (201, "x")
    assert "Special" not in type(answer).__name__

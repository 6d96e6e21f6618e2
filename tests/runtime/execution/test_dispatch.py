"""A fetch from the notebook, through Workers, and back."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import traceback

import pytest

from workernb.http import Request, Response

AUTH = """
if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
    return Response("Request allowed", status=200)
return Response("x-custom-token does not match, request not allowed", status=403)
"""

GATEWAY = """
response = await self.env.AUTH.fetch(request)
if response.status != 200:
    return response
return Response("data")
"""


@pytest.fixture
def gateway(define):
    define("auth", AUTH, secrets={"SECRET_TOKEN": "s3cret"})
    return define("gateway", GATEWAY, AUTH="auth")


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"x-custom-token": "s3cret"}, 200, "data"),
        ({"x-custom-token": "wrong"}, 403, "x-custom-token does not match, request not allowed"),
        ({}, 403, "x-custom-token does not match, request not allowed"),
    ],
)
async def test_a_gateway_asks_a_private_service(gateway, headers, status, text):
    response = await gateway.fetch("https://example.com/", headers=headers)
    assert (response.status, await response.text()) == (status, text)


async def test_the_answer_has_its_trace(gateway, runtime):
    response = await gateway.fetch("https://example.com/a?b=c", headers={"x-custom-token": "x"})
    trace = response.trace
    assert trace is runtime.traces[-1]
    assert (trace.method, trace.url, trace.status, trace.outcome) == (
        "GET",
        "https://example.com/a?b=c",
        403,
        "ok",
    )
    first, second = trace.invocations
    assert (first.service, first.binding, first.caller) == ("gateway", None, None)
    assert (second.service, second.binding, second.caller) == ("auth", "AUTH", first)
    assert (first.depth, second.depth) == (1, 2)
    assert first.children == [second]
    assert trace.thread_name == threading.current_thread().name
    assert trace.done
    assert not runtime.in_flight


async def test_one_thread_and_one_loop_serve_all(runtime, define):
    source = """
    import threading
    here = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"
    return Response(here + (await (await self.env.NEXT.fetch(request)).text()
                            if hasattr(self.env, "NEXT") else ""))
    """
    define("last", source)
    first = define("first", source, NEXT="last")
    here = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"
    assert await (await first.fetch()).text() == here * 2


async def test_without_a_url_it_is_the_services_own(define):
    handle = define("echo", "return Response(request.url)")
    assert await (await handle.fetch()).text() == "http://echo.localhost/"


async def test_a_request_can_be_handed_over(define):
    handle = define("echo", "return Response(request.method + ' ' + await request.text())")
    request = Request("http://x/", method="POST", body="hello")
    assert await (await handle.fetch(request)).text() == "POST hello"
    assert request.body_used
    with pytest.raises(TypeError, match="Cannot reconstruct a Request with a used body"):
        await handle.fetch(request)


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


async def test_an_exception_shows_the_workers_lines_and_not_ours(define):
    define("auth", "raise ValueError('no such user')")
    handle = define("gateway", GATEWAY, AUTH="auth")
    with pytest.raises(ValueError, match="no such user") as caught:
        await handle.fetch()
    frames = traceback.extract_tb(caught.value.__traceback__)[1:]
    assert [(frame.filename, frame.line) for frame in frames] == [
        ("<worker gateway v1>", "response = await self.env.AUTH.fetch(request)"),
        ("<worker auth v1>", "raise ValueError('no such user')"),
    ]
    assert caught.value.remote is True


async def test_an_exception_is_in_the_trace(define, runtime):
    define("auth", "raise ValueError('no such user')")
    handle = define("gateway", GATEWAY, AUTH="auth")
    with pytest.raises(ValueError, match="no such user"):
        await handle.fetch()
    trace = runtime.traces[-1]
    assert trace.outcome == "exception"
    assert [call.exception for call in trace.invocations] == ["ValueError: no such user"] * 2
    (log,) = trace.logs
    assert log.level == "error"
    assert log.invocation is trace.invocations[1]
    assert '"<worker auth v1>", line' in log.text


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
    assert [call.outcome for call in response.trace.invocations] == ["ok", "exception"]


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


async def test_cancelling_the_caller_cancels_the_workers(define, runtime, until):
    define("slow", "await asyncio.Event().wait()")
    handle = define("gateway", "return await self.env.SLOW.fetch(request)", SLOW="slow")
    task = asyncio.ensure_future(handle.fetch())
    await until(lambda: any(len(trace.invocations) == 2 for trace in runtime.in_flight))
    (trace,) = runtime.in_flight
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: trace.done)
    assert [call.outcome for call in trace.invocations] == ["canceled", "canceled"]


async def test_requests_that_wait_overlap_and_keep_to_themselves(define):
    define(
        "auth",
        """
        await asyncio.sleep(0.01)
        return Response(request.url)
        """,
    )
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    calls = [handle.fetch(f"http://x/{number}") for number in range(50)]
    began = asyncio.get_running_loop().time()
    responses = await asyncio.gather(*calls)
    assert asyncio.get_running_loop().time() - began < 0.4
    for number, response in enumerate(responses):
        assert await response.text() == f"http://x/{number}"
        assert [call.url for call in response.trace.invocations] == [f"http://x/{number}"] * 2


async def test_a_call_begins_when_it_is_made(define, runtime, until):
    handle = define("echo", "return Response('x')")
    call = handle.fetch()
    await until(lambda: runtime.traces)
    assert len(runtime.traces) == 1
    assert (await call).status == 200


@pytest.mark.parametrize("wrap", ["gather", "create_task", "wait_for", "TaskGroup", "shield"])
async def test_a_call_is_a_coroutine_for_asyncio(define, wrap):
    handle = define("echo", "return Response('x')")
    call = handle.fetch()
    if wrap == "TaskGroup":
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call)
        response = task.result()
    elif wrap == "create_task":
        response = await asyncio.create_task(call)
    elif wrap == "wait_for":
        response = await asyncio.wait_for(call, 5)
    elif wrap == "shield":
        response = await asyncio.shield(call)
    else:
        (response,) = await asyncio.gather(call)
    assert response.status == 200


def test_a_call_runs_where_no_loop_did(runtime, define):
    handle = define("echo", "return Response('x')")
    assert asyncio.run(handle.fetch()).status == 200


async def test_failures_that_nobody_looks_at_make_no_noise(define, runtime, until):
    handle = define("bad", "raise ValueError")
    noise = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))
    handle.fetch()
    await until(lambda: runtime.traces)
    gc.collect()
    assert noise == []
    assert runtime.traces[-1].outcome == "exception"


async def test_context_variables_of_the_cell_are_not_changed(define):
    variable = contextvars.ContextVar("variable", default="cell")
    handle = define("echo", "return Response('x')")
    before = contextvars.copy_context()
    await handle.fetch()
    assert dict(contextvars.copy_context()) == dict(before)
    assert variable.get() == "cell"


async def test_outsiders_are_told_apart(runtime, define):
    from workernb.runtime.services.targets import Target

    define("echo", "return Response('x')")
    response = await runtime.call(Target("echo"), Request("http://x/"), owner=False)
    assert response.trace.owner is False
    assert isinstance(response, Response)

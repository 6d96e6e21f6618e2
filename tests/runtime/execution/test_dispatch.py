"""A fetch from the notebook, through Workers, and back."""

from __future__ import annotations

import asyncio
import contextvars
import gc

import pytest

from workernb import BindingError
from workernb.http import Request, Response
from workernb.runtime.services.targets import Target

from ..conftest import FORWARD


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
    assert [invocation.outcome for invocation in trace.invocations] == ["canceled", "canceled"]


async def test_requests_that_wait_overlap_and_keep_to_themselves(define):
    define(
        "auth",
        """
        await asyncio.sleep(0.01)
        return Response(request.url)
        """,
    )
    handle = define("gateway", FORWARD, AUTH="auth")
    calls = [handle.fetch(f"http://x/{number}") for number in range(50)]
    began = asyncio.get_running_loop().time()
    responses = await asyncio.gather(*calls)
    assert asyncio.get_running_loop().time() - began < 0.4
    for number, response in enumerate(responses):
        assert await response.text() == f"http://x/{number}"
        assert [invocation.url for invocation in response.trace.invocations] == [
            f"http://x/{number}"
        ] * 2


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

    define("echo", "return Response('x')")
    response = await runtime.call(Target("echo"), Request("http://x/"), owner=False)
    assert response.trace.owner is False
    assert isinstance(response, Response)


async def test_a_thousand_waiting_requests_keep_apart(define):
    define("auth", "await asyncio.sleep(0.1)\nreturn Response(request.url)")
    handle = define("gateway", FORWARD, AUTH="auth")
    answers = await asyncio.gather(*(handle.fetch(f"http://x/{n}") for n in range(1000)))
    for number, answer in enumerate(answers):
        assert await answer.text() == f"http://x/{number}"
        assert [invocation.url for invocation in answer.trace.invocations] == [
            f"http://x/{number}"
        ] * 2


async def test_a_call_of_the_notebook_can_be_stepped_and_closed(define, runtime, until):
    handle = define("slow", "await asyncio.sleep(1000)")
    call = handle.fetch()
    call.close()
    await until(lambda: runtime.traces)
    assert runtime.traces[-1].outcome == "canceled"
    unused = handle.fetch()
    unused.close()


def test_a_call_that_never_began_can_be_closed(define):
    handle = define("echo", "return Response('x')")
    handle.fetch().close()


async def test_the_notebook_cancels_a_call_through_its_task(define, runtime, until):
    handle = define("slow", "await asyncio.sleep(1000)")
    task = asyncio.create_task(handle.fetch())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: runtime.traces)
    assert runtime.traces[-1].outcome == "canceled"


async def test_an_entrypoint_of_the_notebooks_choice(runtime, define):
    from workernb.http import Request
    from workernb.runtime.services.targets import Target

    define("echo", "return Response('x')")
    with pytest.raises(BindingError, match="has no such named entrypoint"):
        await runtime.call(Target("echo", "Admin"), Request("http://x/"))
    with pytest.raises(ValueError, match="There is no Worker 'ehco'"):
        runtime.call(Target("ehco"), Request("http://x/"))

"""Top-level requests: made, awaited and answered."""

from __future__ import annotations

import asyncio
import contextvars
import gc

import pytest

from workernb import BindingError, CpuLimitError, Limits
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


async def test_cancelling_the_awaiting_task_cancels_all_invocations(define, runtime, until):
    define("auth", "await asyncio.Event().wait()")
    handle = define("gateway", FORWARD, AUTH="auth")
    task = asyncio.ensure_future(handle.fetch())
    await until(lambda: any(len(trace.invocations) == 2 for trace in runtime.in_flight))
    (trace,) = runtime.in_flight
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: trace.done)
    gateway, auth = trace.invocations
    assert gateway.outcome == auth.outcome == "canceled"


async def test_a_call_begins_before_it_is_awaited(define, runtime, until):
    handle = define("echo")
    call = handle.fetch()
    await until(lambda: runtime.traces)
    assert len(runtime.traces) == 1
    assert (await call).status == 200


@pytest.mark.parametrize("wrap", ["gather", "create_task", "wait_for", "TaskGroup", "shield"])
async def test_a_call_is_a_coroutine_for_asyncio(define, wrap):
    handle = define("echo")
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


async def test_an_error_that_is_never_retrieved_is_not_reported(
    define, runtime, until, loop_errors
):
    define("bad", "raise ValueError").fetch()
    await until(lambda: runtime.traces)
    gc.collect()
    assert loop_errors == []
    assert runtime.traces[-1].outcome == "exception"


async def test_context_variables_of_the_awaiting_task_are_not_changed(define):
    variable = contextvars.ContextVar("variable", default="cell")
    handle = define("echo")
    before = contextvars.copy_context()
    await handle.fetch()
    assert dict(contextvars.copy_context()) == dict(before)
    assert variable.get() == "cell"


async def test_a_request_of_an_outsider_is_marked(runtime, define):
    define("echo")
    answer = await runtime.call(Target("echo"), Request("http://x/"), owner=False)
    assert answer.trace.owner is False
    assert isinstance(answer, Response)
    assert (await runtime["echo"].fetch()).trace.owner is True


def test_a_call_that_never_began_can_be_closed(define):
    handle = define("echo")
    handle.fetch().close()


async def test_cancelling_the_task_of_a_call_cancels_it(define, runtime, until):
    handle = define("slow", "await asyncio.sleep(1000)")
    task = asyncio.create_task(handle.fetch())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: runtime.traces)
    assert runtime.traces[-1].outcome == "canceled"


async def test_a_call_of_a_missing_service_or_entrypoint(runtime, define):
    define("echo")
    with pytest.raises(BindingError, match="has no such named entrypoint"):
        await runtime.call(Target("echo", "Admin"), Request("http://x/"))
    with pytest.raises(ValueError, match="There is no Worker 'ehco'"):
        runtime.call(Target("ehco"), Request("http://x/"))


@pytest.mark.parametrize("number", [50, 1000])
async def test_waiting_requests_overlap_and_are_kept_apart(define, number):
    define("auth", "await asyncio.sleep(0.1)\nreturn Response(request.url)")
    handle = define("gateway", FORWARD, AUTH="auth")
    urls = [f"http://x/{n}" for n in range(number)]
    answers = await asyncio.gather(*map(handle.fetch, urls))
    for url, answer in zip(urls, answers, strict=True):
        assert await answer.text() == url
        gateway, auth = answer.trace.invocations
        assert gateway.url == auth.url == url
    # They were all in flight at once: the last had begun before the first ended.
    first, last = answers[0].trace, answers[-1].trace
    assert last.invocations[1].began_ns < first.invocations[1].ended_ns


async def test_a_call_that_is_closed_at_once_is_canceled(define, runtime, until):
    handle = define("slow", "await asyncio.sleep(1000)")
    handle.fetch().close()
    await until(lambda: runtime.traces)
    assert runtime.traces[-1].outcome == "canceled"


async def test_a_call_shows_its_request(define):
    call = define("echo").fetch()
    assert repr(call) == "<fetch of GET http://echo.localhost/: await it for the answer>"
    await call


async def test_a_call_is_awaited_once(define):
    call = define("echo").fetch()
    await call
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        await call


async def test_a_call_that_has_begun_raises_where_it_is_awaited(define, runtime, until):
    call = define("bad", "raise ValueError('no such user')").fetch()
    await until(lambda: runtime.traces)
    with pytest.raises(ValueError, match="no such user"):
        await call


async def test_a_call_that_has_begun_can_be_closed(define, runtime, until):
    call = define("slow", "await asyncio.sleep(1000)").fetch()
    await until(lambda: any(trace.waits_at for trace in runtime.in_flight))
    call.close()
    await until(lambda: runtime.traces)
    assert runtime.traces[-1].outcome == "canceled"


async def test_an_exception_thrown_into_a_new_call_cancels_it(define, runtime):
    call = define("echo").fetch()
    with pytest.raises(KeyError):
        call.throw(KeyError())
    assert runtime.traces[-1].outcome == "canceled"


async def test_a_call_that_uses_up_its_budget_in_its_last_slice_fails(define, runtime):
    handle = define("busy", "burn(20); return Response('x')", limits=Limits(cpu_ms=5))
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert runtime.traces[-1].outcome == "exceededCpu"

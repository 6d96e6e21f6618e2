"""Corners of calls, tasks and loops that everyday code does not turn."""

from __future__ import annotations

import asyncio
import logging

import pytest

from workernb.runtime.tracing.invocations import FailedCall, outcome_of


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


async def test_a_call_can_be_closed(define):
    define("auth", "return Response('x')")
    handle = define(
        "gateway",
        """
        self.env.AUTH.fetch(request).close()
        stepped = self.env.AUTH.fetch("http://x/")
        stepped.throw  # A coroutine has one.
        stepped.close()
        return Response("x")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert response.trace.logs == []


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


def test_a_failed_call_is_a_coroutine_that_raises():
    call = FailedCall(ValueError("why"))
    for step in (lambda: call.send(None), lambda: call.throw(KeyError)):
        with pytest.raises(ValueError, match="why"):
            step()
    call.close()


def test_outcomes_are_the_platforms_words():
    assert outcome_of(KeyboardInterrupt()) == "canceled"
    assert outcome_of(GeneratorExit()) == "canceled"
    assert outcome_of(ValueError()) == "exception"


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


async def test_wait_until_in_the_global_scope_is_refused(runtime):
    source = "from workers import waitUntil\nasync def later(): pass\nwaitUntil(later())"
    with pytest.raises(RuntimeError, match="Disallowed operation called within global scope"):
        runtime.define("worker", source)


async def test_an_invocation_that_runs_has_no_outcome_yet(define, runtime):
    handle = define("worker", "await asyncio.sleep(0); return Response('x')")
    call = handle.fetch()
    await asyncio.sleep(0)
    (trace,) = runtime.in_flight
    (invocation,) = trace.invocations
    assert (trace.done, trace.outcome, trace.exception, invocation.outcome) == (
        False,
        None,
        None,
        None,
    )
    assert "…" in repr(invocation)
    assert "running" in repr(trace)
    await call
    assert repr(invocation) == "<Invocation of worker by GET http://worker.localhost/: ok>"


async def test_handlers_of_the_notebooks_loggers_still_get_what_workers_log(define):
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(record.getMessage())

    logger = logging.getLogger("shared.library")
    logger.addHandler(keep := Keep())
    handle = define(
        "worker",
        "import logging; logging.getLogger('shared.library').warning('x'); return Response('x')",
    )
    trace = (await handle.fetch()).trace
    logger.removeHandler(keep)
    assert records == ["x"]
    assert [log.text for log in trace.logs] == ["x"]


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
    from workernb import BindingError
    from workernb.http import Request
    from workernb.runtime.services.targets import Target

    define("echo", "return Response('x')")
    with pytest.raises(BindingError, match="has no such named entrypoint"):
        await runtime.call(Target("echo", "Admin"), Request("http://x/"))
    with pytest.raises(ValueError, match="There is no Worker 'ehco'"):
        runtime.call(Target("ehco"), Request("http://x/"))

"""Workers that fetch over real HTTP, from servers on loopback."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

import workernb
from workernb import NetworkError

HEAD = """\
import asyncio, time
from workers import Request, Response, WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    runtime = workernb.Runtime(outbound="internet")
    yield runtime
    runtime.close()


@pytest.fixture
def define(runtime: workernb.Runtime) -> Callable[..., workernb.Handle]:
    def define(name: str, body: str, **settings: Any) -> workernb.Handle:
        indented = textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)
        return runtime.define(name, HEAD + indented, **settings)

    return define


async def endless(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 1_000)
        await asyncio.sleep(0)


async def test_a_proxy_of_one_line(define, server):
    proxy = define("proxy", "return await fetch(request)")
    answer = await proxy.fetch(server.url + "/a?b", method="POST", body="hi", headers={"x-a": "1"})
    echoed = await answer.json()
    assert (echoed["method"], echoed["path"], echoed["body"]) == ("POST", "/a?b", "hi")
    assert ["x-a", "1"] in echoed["headers"]
    assert [fetch.status for fetch in answer.trace.fetches] == [200]


async def test_a_gigantic_body_passes_through_in_chunks(define, server):
    size = 30_000_000

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(30):
            await response.write(bytes(1_000_000))
        return response

    server.paths["/"] = large
    proxy = define("proxy", "return await fetch(request)")
    answer = await proxy.fetch(server.url)
    received = 0
    async for chunk in answer.body:
        received += len(chunk)
        assert len(chunk) < 5_000_000
    assert received == size


async def test_a_worker_reads_an_answer_in_chunks(define, server):
    count = define(
        "count",
        """
        response = await fetch(request.url)
        size = 0
        async for chunk in response.body:
            size += len(chunk)
            if size > 100_000:
                break
        return Response(str(size > 100_000))
        """,
    )
    server.paths["/"] = endless
    assert await (await count.fetch(server.url)).text() == "True"


async def test_a_worker_sends_a_stream_and_is_charged_for_it(define, server):
    sender = define(
        "sender",
        """
        async def chunks():
            for number in range(3):
                began = time.thread_time_ns()
                while time.thread_time_ns() - began < 10e6: pass
                yield str(number).encode()
                await asyncio.sleep(0)
        return await fetch(request.url, method="POST", body=chunks())
        """,
    )
    answer = await sender.fetch(server.url)
    assert (await answer.json())["body"] == "012"
    assert answer.trace.cpu_ms >= 30
    assert answer.trace.outcome == "ok"


async def test_a_stream_that_fails_on_its_way_raises_its_own_error(define, server, runtime):
    sender = define(
        "sender",
        """
        async def chunks():
            yield b"one"
            raise ValueError("no more")
        return await fetch(request.url, method="POST", body=chunks())
        """,
    )
    with pytest.raises(ValueError, match="no more"):
        await sender.fetch(server.url)
    assert runtime.traces[-1].fetches[0].exception == "ValueError: no more"
    assert "<worker sender v1>" in runtime.traces[-1].logs[-1].text


async def test_a_worker_may_catch_what_its_stream_raises(define, server):
    sender = define(
        "sender",
        """
        async def chunks():
            yield b"one"
            raise ValueError("no more")
        try:
            await fetch(request.url, method="POST", body=chunks())
        except ValueError as error:
            return Response(str(error))
        """,
    )
    answer = await sender.fetch(server.url)
    assert await answer.text() == "no more"
    (log,) = answer.trace.logs  # It is caught, and told: the producer's line is in no traceback.
    assert log.text == (
        "The stream that it sends has failed: ValueError: no more (<worker sender v1>:8, in chunks)"
    )


async def test_a_stream_of_the_caller_is_sent_on(define, server):
    define("proxy", "return await fetch(request)")
    sender = define(
        "sender",
        """
        async def chunks():
            yield b"one "
            await asyncio.sleep(0)
            yield b"two"
        return await self.env.PROXY.fetch(request.url, method="POST", body=chunks())
        """,
        services={"PROXY": "proxy"},
    )
    assert (await (await sender.fetch(server.url)).json())["body"] == "one two"


async def test_a_stream_cannot_be_sent_again(define, server):
    url = server.answer("/", b"", 307, location="/next")
    sender = define(
        "sender",
        """
        async def chunks():
            yield b"one"
        return await fetch(request.url, method="POST", body=chunks())
        """,
    )
    with pytest.raises(TypeError, match="one-time-use body"):
        await sender.fetch(url)


async def test_the_budget_holds_for_a_stream_on_its_way(define, server, runtime):
    sender = define(
        "sender",
        """
        async def chunks():
            yield b"one"
            while True: pass
        return await fetch(request.url, method="POST", body=chunks())
        """,
        limits={"cpu_ms": 30},
    )
    with pytest.raises(workernb.CpuLimitError):
        await sender.fetch(server.url)
    while runtime.in_flight:  # noqa: ASYNC110 - the stream that is sent ends a little later
        await asyncio.sleep(0.001)
    assert runtime.traces[-1].outcome == "exceededCpu"


@pytest.mark.parametrize("how", ["headers", "body", "upload"])
async def test_what_never_ends_is_ended_by_the_wall_limit(define, server, runtime, how):
    async def never(request: web.BaseRequest) -> web.StreamResponse:
        while request.transport is not None:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        raise ConnectionError

    server.paths["/headers"] = server.paths["/upload"] = never
    server.paths["/body"] = endless
    worker = define(
        "worker",
        """
        async def chunks():
            yield b"one"
            await asyncio.sleep(1_000)
        if request.url.endswith("upload"):
            return await fetch(request.url, method="POST", body=chunks())
        response = await fetch(request.url)
        async for chunk in response.body:
            await asyncio.sleep(0)
        """,
        limits={"wall_ms": 200},
    )
    with pytest.raises(workernb.LimitError, match="wall time limit"):
        await worker.fetch(f"{server.url}/{how}")
    while runtime.in_flight:  # noqa: ASYNC110 - the stream that is sent ends a little later
        await asyncio.sleep(0.001)
    assert runtime.traces[-1].outcome == "exceededWallTime"


async def test_waiting_for_a_server_is_no_hang(define, server, monkeypatch):
    monkeypatch.setattr("workernb.runtime.enforcement.guard.HANGS_AFTER_S", 0.02)

    async def late(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(0.3)
        return web.Response(text="late")

    server.paths["/"] = late
    proxy = define("proxy", "return await fetch(request)")
    assert await (await proxy.fetch(server.url)).text() == "late"


async def test_a_server_that_goes_away_in_the_middle(define, says):
    worker = define(
        "worker",
        """
        response = await fetch(request.url)
        try:
            await response.text()
        except OSError as error:
            return Response(f"{type(error).__name__}: {error}")
        """,
    )
    url = await says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    answer = await worker.fetch(url)
    assert await answer.text() == "NetworkError: Network connection lost."


async def test_an_error_shows_only_the_workers_frames(define, says, runtime):
    worker = define("worker", "return await fetch(request)")
    with pytest.raises(NetworkError):
        await worker.fetch(await says(b"nonsense\r\n\r\n"))
    (log,) = runtime.traces[-1].logs
    assert "aiohttp" not in log.text
    assert "<worker worker v1>" in log.text
    assert "is not HTTP" in log.text


async def test_six_connections_wait_for_headers(define, server):
    waiting = most = 0

    async def count(request: web.BaseRequest) -> web.Response:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await asyncio.sleep(0.002)
        waiting -= 1
        return web.Response()

    server.paths["/"] = count
    worker = define(
        "worker",
        """
        await asyncio.gather(*[fetch(request.url) for _ in range(20)])
        return Response("done")
        """,
    )
    await worker.fetch(server.url)
    assert most == 6


async def test_an_abort_signal_ends_a_fetch(define, server):
    server.paths["/"] = endless
    worker = define(
        "worker",
        """
        from workers import AbortController
        controller = AbortController()
        response = await fetch(request.url, signal=controller.signal)
        try:
            async for chunk in response.body:
                controller.abort()
        except Exception as error:
            return Response(type(error).__name__)
        """,
    )
    assert await (await worker.fetch(server.url)).text() == "AbortError"


def test_fetch_sync_without_a_loop(define):
    # In a loop of its own, which is closed with the connections that it has kept.
    with pytest.raises(NetworkError):
        define("worker", "return await fetch('http://127.0.0.1:1/')").fetch_sync()


async def test_a_body_that_nobody_reads_ends_with_the_request(define, server):
    left = asyncio.Event()

    async def endless_until_left(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await endless(request)
        finally:
            left.set()

    server.paths["/"] = endless_until_left
    worker = define(
        "worker",
        """
        self.__class__.kept = await fetch(request.url)
        return Response("done")
        """,
    )
    await worker.fetch(server.url)
    await left.wait()


async def test_a_body_can_be_read_by_what_the_worker_waits_for(define, server):
    url = server.gzipped("/", b"x" * 1_000)
    worker = define(
        "worker",
        """
        async def count(response):
            print(len(await response.text()))
        self.ctx.waitUntil(count(await fetch(request.url)))
        return Response("done")
        """,
    )
    answer = await worker.fetch(url)
    while not answer.trace.done:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.001)
    assert [log.text for log in answer.trace.logs] == ["1000"]

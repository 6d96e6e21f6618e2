"""`from workers import fetch`: where it leads, redirects, what it counts and costs, failures."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import workernb
from workernb import Limits, NetworkError
from workernb.http import Response

HEAD = """\
import asyncio, time
from workers import FetchKwargs, FetchResponse, Request, Response, WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""

ASK = "return await fetch(request.headers['x-url'])"
"""The body of a handler that fetches the URL in a header of its request."""

Define = Callable[..., workernb.Handle]


def worker(body: str) -> str:
    return HEAD + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)


class World:
    """An outbound service. seen: method, URL and body of each request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.locations: dict[str, tuple[int, str]] = {}

    async def __call__(self, request: Any) -> Response:
        self.seen.append((request.method.value, request.url, await request.text()))
        if request.url in self.locations:
            status, location = self.locations[request.url]
            return Response(None, status, headers={"location": location})
        return Response(f"world: {request.url}")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def runtime(world: World) -> Iterator[workernb.Runtime]:
    runtime = workernb.Runtime(outbound=world)
    yield runtime
    runtime.close()


@pytest.fixture
def define(runtime: workernb.Runtime) -> Define:
    def define(name: str, body: str = ASK, **settings: Any) -> workernb.Handle:
        return runtime.define(name, worker(body), **settings)

    return define


async def ask(handle: workernb.Handle, url: str) -> workernb.Answer:
    return await handle.fetch(headers={"x-url": url})


# Where it leads


async def test_a_url_without_a_route_leads_outside(define, world):
    answer = await ask(define("shop"), "https://example.com/a?b#c")
    assert await answer.text() == "world: https://example.com/a?b"
    assert world.seen == [("GET", "https://example.com/a?b", "")]


async def test_a_public_worker_answers_its_own_url(define, world):
    define("prices", "return Response(f'{request.method.value} {request.url}')", public=True)
    answer = await ask(define("shop"), "http://prices.localhost/list")
    assert await answer.text() == "GET http://prices.localhost/list"
    assert [(i.service, i.binding, i.depth) for i in answer.trace.invocations] == [
        ("shop", None, 1),
        ("prices", None, 2),
    ]
    assert world.seen == []
    assert answer.trace.fetches == ()


async def test_a_private_worker_has_no_url(define, world):
    define("prices", "return Response('prices')")
    await ask(define("shop"), "http://prices.localhost/")
    assert [url for _, url, _ in world.seen] == ["http://prices.localhost/"]


async def test_the_most_specific_route_wins(define):
    for name, route in {"all": "*.test/*", "one": "a.test/*", "path": "a.test/x/*"}.items():
        define(name, f"return Response({name!r})", routes=[route])
    shop = define("shop")
    urls = ["http://b.test/", "http://a.test/", "http://a.test/x/y"]
    assert [await (await ask(shop, url)).text() for url in urls] == ["all", "one", "path"]


async def test_the_options_of_a_request(define, world):
    shop = define(
        "shop",
        """
        options: FetchKwargs = {"method": "put", "headers": {"x-a": "1"}, "body": b"bytes"}
        response = await fetch("http://a.test/", **options)
        assert isinstance(response, FetchResponse), response
        again = await fetch(Request("http://b.test/", method="POST", body="moved"))
        return Response(await response.text() + await again.text())
        """,
    )
    assert await (await shop.fetch()).text() == "world: http://a.test/world: http://b.test/"
    assert world.seen == [("PUT", "http://a.test/", "bytes"), ("POST", "http://b.test/", "moved")]


async def test_the_body_of_a_request_moves(define):
    shop = define(
        "shop",
        """
        await fetch(request)
        try:
            await request.text()
        except OSError as error:
            return Response(str(error))
        """,
    )
    answer = await shop.fetch("http://a.test/", method="POST", body="x")
    assert await answer.text() == "Body already used"


async def test_a_fetcher_sends_the_request_instead(define, world):
    define("prices", "return Response(request.url)")
    shop = define(
        "shop",
        "return await fetch('http://any/', fetcher=self.env.PRICES.fetch)",
        services={"PRICES": "prices"},
    )
    assert await (await shop.fetch()).text() == "http://any/"
    assert world.seen == []


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("/relative", "Fetch API cannot load: /relative"),
        ("file:///etc/passwd", "Fetch API cannot load: file:///etc/passwd"),
    ],
)
async def test_a_url_that_cannot_be_fetched(define, url, text):
    with pytest.raises(TypeError) as caught:
        await ask(define("shop"), url)
    assert str(caught.value) == text


async def test_fetches_overlap(define, runtime):
    both = asyncio.Barrier(2)

    async def meet(request):
        await both.wait()
        return Response(request.url)

    runtime.outbound = meet
    shop = define(
        "shop",
        """
        answers = await asyncio.gather(fetch("http://a.test/"), fetch("http://b.test/"))
        return Response(" ".join([await answer.text() for answer in answers]))
        """,
    )
    assert await (await shop.fetch()).text() == "http://a.test/ http://b.test/"


# Outbound services


async def test_outbound_off_fails_with_what_says_so(define, runtime):
    runtime.outbound = None
    with pytest.raises(NetworkError) as caught:
        await ask(define("shop"), "https://example.com/")
    assert str(caught.value) == "Network connection lost."
    assert caught.value.__notes__ == [
        "fetch('https://example.com/'): no Worker has a route for this URL, and outbound is off. "
        "%outbound internet lets it out."
    ]
    assert runtime.traces[-1].fetches[0].result == "NetworkError: Network connection lost."


async def test_a_worker_can_stand_for_the_world(define, runtime, world):
    runtime.outbound = define("internet", "return Response(f'for {request.url}')")
    answer = await ask(define("shop"), "https://example.com/")
    assert await answer.text() == "for https://example.com/"
    assert [i.service for i in answer.trace.invocations] == ["shop", "internet"]
    assert world.seen == []


async def test_the_outbound_workers_own_fetch_leads_to_the_internet(define, runtime, monkeypatch):
    async def internet(client, request):
        return Response(f"internet: {request.url}")

    monkeypatch.setattr("workernb.outbound.client.Internet.__call__", internet)
    runtime.outbound = define("proxy", "return await fetch(request)")
    answer = await ask(define("shop"), "https://example.com/")
    assert await answer.text() == "internet: https://example.com/"
    assert [i.service for i in answer.trace.invocations] == ["shop", "proxy"]
    assert [(f.invocation.service, f.url) for f in answer.trace.fetches] == [
        ("proxy", "https://example.com/")
    ]


async def test_a_handle_of_another_runtime(define, runtime):
    other = workernb.Runtime()
    runtime.outbound = other.define("there", worker("return Response('other runtime')"))
    assert await (await ask(define("shop"), "http://x.test/")).text() == "other runtime"
    assert len(other.traces) == 1
    other.close()


async def test_an_outbound_worker_that_is_removed(define, runtime):
    runtime.outbound = define("world")
    runtime.remove("world")
    answer = await ask(define("shop"), "http://x.test/")
    assert answer.status == 500
    assert answer.trace.invocations[1].outcome == "scriptNotFound"


@pytest.mark.parametrize("value", ["internett", "off", 3])
def test_what_cannot_be_an_outbound_service(value):
    with pytest.raises(workernb.UsageError, match="outbound is"):
        workernb.Runtime(outbound=value)


async def test_an_outbound_service_that_returns_no_response(define, runtime):
    async def wrong(request):
        return "text"

    runtime.outbound = wrong
    with pytest.raises(workernb.HandlerError) as caught:
        await ask(define("shop"), "http://x.test/")
    assert "The outbound service wrong gave back str" in caught.value.__notes__[0]


async def test_what_an_outbound_service_raises_is_raised(define, runtime):
    async def fails(request):
        raise ValueError("no such mock")

    runtime.outbound = fails
    with pytest.raises(ValueError, match="no such mock"):
        await ask(define("shop"), "http://x.test/")
    assert runtime.traces[-1].fetches[0].exception == "ValueError: no such mock"


@pytest.mark.parametrize(("text", "outbound"), [("internet", "internet"), ("off", None)])
def test_the_default_is_the_environments(monkeypatch, text, outbound):
    monkeypatch.setenv("WORKERNB_OUTBOUND", text)
    assert workernb.Runtime().outbound == outbound
    assert workernb.Runtime(outbound="internet").outbound == "internet"


def test_the_default_is_the_internet(monkeypatch):
    monkeypatch.delenv("WORKERNB_OUTBOUND")
    assert workernb.Runtime().outbound == "internet"


def test_an_environment_that_is_wrong(monkeypatch):
    monkeypatch.setenv("WORKERNB_OUTBOUND", "of")
    with pytest.raises(workernb.UsageError) as caught:
        workernb.Runtime()
    assert str(caught.value) == "WORKERNB_OUTBOUND is internet or off, not 'of'."
    assert caught.value.__notes__ == ["Did you mean off?"]


# Failures of the Worker that a URL leads to


async def test_an_exception_is_an_answer_as_between_servers(define):
    define("prices", "raise ValueError('broken')", public=True)
    answer = await ask(define("shop"), "http://prices.localhost/")
    assert (answer.status, await answer.text()) == (500, "Internal Server Error")
    assert answer.trace.outcome == "ok"
    assert answer.trace.invocations[1].exception == "ValueError: broken"
    (log,) = answer.trace.logs
    assert log.level == "error"
    assert log.text == "ValueError: broken (<worker prices v1>:6, in fetch)"


async def test_the_shared_budget_ends_both(define, runtime):
    define("busy", "while True: pass", public=True)
    with pytest.raises(workernb.CpuLimitError):
        await ask(define("shop", limits={"cpu_ms": 20}), "http://busy.localhost/")
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_a_budget_per_invocation_ends_only_the_callee(define, runtime):
    runtime.limits = Limits(budget="per-invocation")
    define("busy", "while True: pass", public=True, limits={"cpu_ms": 20})
    answer = await ask(define("shop"), "http://busy.localhost/")
    assert (answer.status, await answer.text()) == (503, "error code: 1102")


async def test_a_worker_that_fetches_its_own_url_meets_the_loop_limit(define):
    shop = define("shop", "return await fetch(request.url)", public=True)
    answer = await shop.fetch("http://shop.localhost/")
    assert (answer.status, await answer.text()) == (500, "error code: 1019")
    assert len(answer.trace.invocations) == 17
    (log,) = answer.trace.logs
    assert log.text == "16 Workers have fetched one another by URL: a loop?"


async def test_a_fetch_that_nobody_awaits_is_named(define):
    shop = define("shop", """fetch("http://a.test/")\nreturn Response("done")""")
    with pytest.warns(RuntimeWarning, match="coroutine 'fetch' was never awaited"):
        await shop.fetch()


# Redirects


async def test_redirects_are_followed(define, world):
    world.locations = {
        "http://a.test/": (302, "/next"),
        "http://a.test/next": (307, "http://b.test/"),
    }
    shop = define(
        "shop",
        """
        response = await fetch("http://a.test/", method="POST", body="x")
        return Response.from_json([response.url, response.redirected, await response.text()])
        """,
    )
    answer = await shop.fetch()
    assert await answer.json() == ["http://b.test/", True, "world: http://b.test/"]
    assert world.seen == [
        ("POST", "http://a.test/", "x"),
        ("GET", "http://a.test/next", ""),
        ("GET", "http://b.test/", ""),
    ]
    assert [fetch.status for fetch in answer.trace.fetches] == [302, 307, 200]


async def test_a_body_is_sent_again(define, world):
    world.locations = {"http://a.test/": (307, "/b")}
    shop = define("shop", "return await fetch('http://a.test/', method='POST', body='twice')")
    await shop.fetch()
    assert [body for _, _, body in world.seen] == ["twice", "twice"]


async def test_a_redirect_to_a_worker_and_from_one(define, world):
    world.locations = {"http://a.test/": (302, "http://prices.localhost/x")}
    define("prices", "return Response.redirect('http://b.test/' + request.url[-1])", public=True)
    answer = await ask(define("shop"), "http://a.test/")
    assert await answer.text() == "world: http://b.test/x"


@pytest.mark.parametrize("how", ["redirect='manual'", "redirect=request.redirect"])
async def test_manual_redirects_are_answers(define, world, how):
    world.locations = {"http://a.test/": (302, "/next")}
    shop = define(
        "shop",
        f"""
        response = await fetch("http://a.test/", {how})
        return Response.from_json([response.status, response.redirected])
        """,
    )
    assert await (await shop.fetch()).json() == [302, False]


async def test_a_request_that_is_passed_on_follows_no_redirect(define, world):
    world.locations = {"http://a.test/": (302, "/next")}
    answer = await define("shop", "return await fetch(request)").fetch("http://a.test/")
    assert (answer.status, answer.headers["location"]) == (302, "/next")


async def test_redirect_error_is_refused_as_on_the_platform(define):
    with pytest.raises(TypeError, match="Invalid redirect value"):
        await define("shop", "return await fetch('http://a.test/', redirect='error')").fetch()


async def test_twenty_redirects_are_followed(define, world):
    world.locations = {f"http://a.test/{n}": (302, f"/{n + 1}") for n in range(20)}
    assert await (await ask(define("shop"), "http://a.test/0")).text() == "world: http://a.test/20"


async def test_twenty_one_are_not(define, world):
    world.locations = {"http://a.test/": (302, "/")}
    with pytest.raises(TypeError, match=r"^Too many redirects\.\n"):
        await ask(define("shop"), "http://a.test/")
    assert len(world.seen) == 21


async def test_redirected_is_not_passed_on(define, world):
    world.locations = {"http://a.test/": (302, "/b")}
    shop = define("shop", "return await fetch('http://a.test/')")
    answer = await shop.fetch()
    assert await answer.text() == "world: http://a.test/b"
    assert not answer.redirected


async def test_a_clone_of_a_redirected_response_is_one(define, world):
    world.locations = {"http://a.test/": (302, "/b")}
    shop = define(
        "shop",
        """
        response = await fetch("http://a.test/")
        return Response.from_json([response.redirected, response.clone().redirected])
        """,
    )
    assert await (await shop.fetch()).json() == [True, True]


# Limits


async def test_each_hop_is_a_subrequest(define, world, runtime):
    runtime.limits = Limits(subrequests=3)
    world.locations = {"http://a.test/": (302, "/")}
    with pytest.raises(workernb.LimitError) as caught:
        await ask(define("shop"), "http://a.test/")
    assert str(caught.value) == "Too many subrequests by single Worker invocation."
    assert "3 subrequests, 3 of them to stores or outside" in caught.value.__notes__[0]
    assert len(world.seen) == 3


@pytest.mark.parametrize("calls", ["fcfc", "ccff", "ffcc"])
async def test_fetches_and_calls_over_bindings_count_together(define, runtime, calls):
    runtime.limits = Limits(subrequests=3)
    define("callee", "return Response('x')")
    shop = define(
        "shop",
        f"""
        made = 0
        for kind in {calls!r}:
            call = fetch if kind == "f" else self.env.CALLEE.fetch
            try:
                await call("http://a.test/")
            except Exception as error:
                return Response(f"{{made}} {{error}}")
            made += 1
        """,
        services={"CALLEE": "callee"},
    )
    text = await (await shop.fetch()).text()
    assert text == "3 Too many subrequests by single Worker invocation."


async def test_fetches_are_no_invocations(define, runtime):
    runtime.limits = Limits(subrequests=100, invocations=2)
    shop = define("shop", "for _ in range(50): await fetch('http://a.test/')\nreturn Response('x')")
    assert len((await shop.fetch()).trace.fetches) == 50


async def test_six_fetches_wait_at_once(define, runtime):
    waiting = most = 0

    async def count(request):
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        for _ in range(10):
            await asyncio.sleep(0)
        waiting -= 1
        return Response("x")

    runtime.outbound = count
    shop = define(
        "shop",
        """
        answers = await asyncio.gather(*[fetch(f"http://a.test/{n}") for n in range(20)])
        return Response(str(len(answers)))
        """,
    )
    assert await (await shop.fetch()).text() == "20"
    assert most == 6


async def test_the_cpu_of_an_outbound_service_is_not_the_workers(define, runtime):
    import time

    async def burn(request):
        began = time.thread_time_ns()
        while time.thread_time_ns() - began < 60e6:
            pass
        return Response("x")

    runtime.outbound = burn
    answer = await ask(define("shop", limits={"cpu_ms": 50}), "http://a.test/")
    assert answer.trace.outcome == "ok"
    assert answer.trace.fetches[0].wall_ms >= 60


async def test_an_answer_that_never_comes_ends_with_the_wall_limit(define, runtime):
    _, ended = never_answer(runtime)
    with pytest.raises(workernb.LimitError, match="wall time limit"):
        await ask(define("shop", limits={"wall_ms": 30}), "http://a.test/")
    await ended.wait()


async def test_an_outbound_service_that_refuses_to_end_is_left_behind(define, runtime):
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def stubborn(request):
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()
        return Response("x")

    runtime.outbound = stubborn
    with pytest.raises(workernb.LimitError, match="wall time limit"):
        await ask(define("shop", limits={"wall_ms": 30}), "http://a.test/")
    go_on.set()
    await ended.wait()


async def test_an_override_of_the_version_works_by_url(define, runtime):
    define("prices", "return Response('one')", public=True)
    define("prices", "return Response('two')", public=True)
    runtime.deploy("prices", {1: 0, 2: 100})
    shop = define(
        "shop",
        """
        headers = {"Cloudflare-Workers-Version-Overrides": 'prices="v1"'}
        return await fetch("http://prices.localhost/", headers=headers)
        """,
    )
    answer = await shop.fetch()
    assert await answer.text() == "one"
    assert answer.trace.invocations[1].override_ignored is None


async def test_long_texts_of_fetches_are_shortened(define, runtime):
    async def fails(request):
        raise ValueError("x" * 100_000)

    runtime.outbound = fails
    with pytest.raises(ValueError, match="xxx"):
        await ask(define("shop"), "http://a.test/" + "y" * 100_000)
    (fetch,) = runtime.traces[-1].fetches
    assert len(fetch.url) < 5_000
    assert len(fetch.exception) < 5_000


def never_answer(runtime):
    """Let what is outside never answer; return what is set as a fetch begins and as it ends."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never(request):
        begun.set()
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.set()

    runtime.outbound = never
    return begun, ended


async def test_cancelling_the_request_cancels_the_fetch(define, runtime):
    begun, ended = never_answer(runtime)
    task = asyncio.create_task(ask(define("shop"), "http://a.test/"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended.wait()


async def test_a_timeout_of_the_worker_cancels_the_fetch(define, runtime):
    _, ended = never_answer(runtime)
    shop = define(
        "shop",
        """
        try:
            async with asyncio.timeout(0.01):
                await fetch("http://a.test/")
        except TimeoutError:
            return Response("too slow")
        """,
    )
    assert await (await shop.fetch()).text() == "too slow"
    await ended.wait()


async def test_a_fetch_that_is_not_awaited_in_its_invocation_is_cancelled(define, runtime):
    _, ended = never_answer(runtime)
    shop = define(
        "shop",
        """
        task = asyncio.create_task(fetch("http://a.test/"))
        await asyncio.sleep(0.001)
        return Response("early")
        """,
    )
    answer = await shop.fetch()
    await ended.wait()
    assert "was cancelled" in answer.trace.logs[0].text


# Records


async def test_a_fetch_is_recorded(define, world):
    answer = await ask(define("shop"), "http://a.test/x")
    (fetch,) = answer.trace.fetches
    assert (fetch.invocation, fetch.method, fetch.url) == (
        answer.trace.invocations[0],
        "GET",
        "http://a.test/x",
    )
    assert (fetch.status, fetch.exception, fetch.result) == (200, None, "200")
    assert 0 < fetch.wall_ms <= answer.trace.wall_ms
    assert repr(fetch) == "<Fetch by shop: GET http://a.test/x: 200>"


async def test_secrets_are_redacted_in_a_record(define, runtime):
    async def fails(request):
        raise ValueError(f"cannot reach {request.url}")

    runtime.outbound = fails
    shop = define(
        "shop",
        "return await fetch('http://a.test/?key=' + self.env.KEY)",
        secrets={"KEY": "s3cret-key"},
    )
    with pytest.raises(ValueError, match="cannot reach"):
        await shop.fetch()
    (fetch,) = runtime.traces[-1].fetches
    assert "s3cret-key" not in fetch.url + fetch.exception + repr(fetch)
    assert fetch.url.startswith("http://a.test/?key=")


async def test_a_trace_keeps_a_thousand_fetches(define, runtime, monkeypatch):
    monkeypatch.setattr("workernb.runtime.tracing.traces.MAX_FETCHES", 3)
    shop = define("shop", "for _ in range(5): await fetch('http://a.test/')\nreturn Response('x')")
    trace = (await shop.fetch()).trace
    assert (len(trace.fetches), trace.fetches_not_kept) == (3, 2)


async def test_fetch_sync(define):
    shop = define("shop")
    answer = await asyncio.to_thread(lambda: shop.fetch_sync(headers={"x-url": "http://a.test/"}))
    assert answer.status == 200


def test_fetch_sync_without_a_loop(define):
    assert define("shop").fetch_sync(headers={"x-url": "http://a.test/"}).status == 200


async def test_outside_of_a_worker():
    from workernb.workers import fetch

    with pytest.raises(RuntimeError, match="No Worker is running here"):
        fetch("http://a.test/")


def test_while_a_module_loads(runtime):
    with pytest.raises(workernb.GlobalScopeError) as caught:
        runtime.define("shop", "from workers import fetch\nfetch('http://a.test/')")
    assert str(caught.value).startswith("Disallowed operation called within global scope.")
    assert "shop" not in runtime

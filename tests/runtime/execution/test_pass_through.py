"""`ctx.passThroughOnException`: the origin answers where a Worker has failed."""

from __future__ import annotations

import pytest

ORIGIN = "return Response('from the origin: ' + await request.text(), status=203)"
FAILING = """
self.ctx.passThroughOnException()
raise ValueError("broken")
"""


@pytest.fixture
def origin(define):
    return define("site", ORIGIN)


async def test_the_origin_answers_for_a_failed_handler(define, origin, runtime):
    handle = define("gateway", FAILING, origin="site")
    answer = await handle.fetch("http://x/", method="POST", body="body")
    assert (answer.status, await answer.text()) == (203, "from the origin: body")
    trace = runtime.traces[-1]
    assert answer.trace is trace
    assert (trace.outcome, trace.exception) == ("exception", "ValueError: broken")
    root, passed = trace.invocations
    assert (passed.service, passed.binding, passed.caller) == ("site", "origin", root)


async def test_without_the_call_the_error_is_raised(define, origin):
    handle = define("gateway", "raise ValueError('broken')", origin="site")
    with pytest.raises(ValueError, match="broken"):
        await handle.fetch()


async def test_without_a_failure_the_worker_answers(define, origin):
    body = "self.ctx.passThroughOnException()\nreturn Response('fine')"
    assert (await define("gateway", body, origin="site").fetch()).status == 200


@pytest.mark.parametrize(
    ("body", "settings", "note"),
    [
        (FAILING, {}, "has no origin: declare one with --origin NAME"),
        ("await request.text()" + FAILING, {"origin": "site"}, "did not help"),
        (FAILING, {"origin": "nobody"}, "no such service is defined"),
    ],
)
async def test_why_the_origin_does_not_answer(define, origin, body, settings, note):
    handle = define("gateway", body, **settings)
    with pytest.raises(ValueError, match="broken") as caught:
        await handle.fetch("http://x/", method="POST", body="body")
    assert any(note in line for line in caught.value.__notes__)


async def test_a_limit_is_not_passed_through(define, origin):
    body = "self.ctx.passThroughOnException()\nwhile True: pass"
    handle = define("gateway", body, origin="site", limits={"cpu_ms": 20})
    with pytest.raises(Exception, match="exceeded CPU time limit"):
        await handle.fetch()

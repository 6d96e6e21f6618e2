"""An AbortSignal cancels the call below, and its body."""

from __future__ import annotations

import asyncio

import pytest

from workernb.http import AbortController

from ..conftest import CLEANS_UP, gone, outcomes, printed

ABORTS = """
from workers import AbortController
controller = AbortController()
asyncio.get_running_loop().call_soon(controller.abort)
"""


async def test_an_abort_cancels_the_call_below(define, runtime):
    define("slow", "await asyncio.sleep(9)\nreturn Response('never')")
    gateway = define(
        "gateway",
        ABORTS
        + """
try:
    await self.env.SLOW.fetch("http://x/", signal=controller.signal)
except Exception as error:
    return Response(f"{type(error).__name__}: {error}")
""",
        SLOW="slow",
    )
    assert await (await gateway.fetch()).text() == "AbortError: The operation was aborted"
    assert outcomes(await gone(runtime)) == {"gateway": "ok", "slow": "canceled"}


async def test_an_abort_before_the_call_makes_none(define, runtime):
    define("slow")
    gateway = define(
        "gateway",
        """
        from workers import AbortSignal
        try:
            await self.env.SLOW.fetch("http://x/", signal=AbortSignal.abort("why"))
        except Exception as error:
            return Response(str(error))
        """,
        SLOW="slow",
    )
    assert await (await gateway.fetch()).text() == "why"
    assert outcomes(runtime.traces[-1]) == {"gateway": "ok"}


async def test_an_abort_ends_the_body(define, runtime):
    define("last", CLEANS_UP)
    gateway = define(
        "gateway",
        """
        from workers import AbortController
        controller = AbortController()
        response = await self.env.NEXT.fetch("http://x/", signal=controller.signal)
        try:
            async for chunk in response.body:
                controller.abort()
        except Exception as error:
            return Response(f"{chunk.decode()}: {error}")
        """,
        NEXT="last",
    )
    assert await (await gateway.fetch()).text() == "x: The operation was aborted"
    assert printed(await gone(runtime)) == ["cleaned up"]


async def test_the_notebook_aborts_a_request(define, runtime):
    slow = define("slow", "await asyncio.sleep(9)")
    controller = AbortController()
    asyncio.get_running_loop().call_soon(controller.abort, "enough")
    with pytest.raises(Exception, match="enough"):
        await slow.fetch(signal=controller.signal)
    assert (await gone(runtime)).outcome == "canceled"

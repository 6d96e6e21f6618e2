"""An AbortSignal over RPC: the receiver's is aborted as soon as the sender's is."""

from __future__ import annotations

import asyncio

import pytest

from workernb.http import AbortController, AbortSignal

from .conftest import RPC_HEAD

WAITS = (
    RPC_HEAD
    + """
from workers import AbortController, AbortSignal

class Default(WorkerEntrypoint):
    async def wait(self, signal):
        aborted = asyncio.Event()
        signal.add_event_listener("abort", lambda signal: aborted.set())
        if not signal.aborted:
            await aborted.wait()
        return f"{type(signal.reason).__name__}: {signal.reason}"

    async def work(self, options):
        await self.env.SLOW.fetch("http://x/", signal=options.signal)

    async def same(self, first, second):
        return first is second

    async def gone(self):
        return AbortSignal.abort("gone")

    async def later(self):
        controller = AbortController()
        self.ctx.waitUntil(self.abort(controller))
        return controller.signal

    async def abort(self, controller):
        await asyncio.sleep(0.01)
        controller.abort("later")
"""
)


@pytest.fixture
def waits(runtime):
    runtime.define(
        "slow",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        await asyncio.Event().wait()\n",
    )
    return runtime.define("waits", WAITS, services={"SLOW": "slow"})


@pytest.mark.parametrize(
    ("reason", "arrives"),
    [
        ("", "AbortError: The operation was aborted"),
        ("'why'", "AbortError: why"),
        ("ValueError('no')", "ValueError: no"),
        ("Own('mine')", "Own: mine"),
    ],
)
async def test_an_abort_reaches_the_receiver(waits, run, reason, arrives):
    body = f"""
        from workers import AbortController
        class Own(Exception): pass
        controller = AbortController()
        asyncio.get_running_loop().call_later(0.01, lambda: controller.abort({reason}))
        return await self.env.W.wait(controller.signal)
    """
    assert await run(body, W="waits") == arrives


async def test_what_the_receiver_gets_is_its_own(waits, run):
    body = """
        from workers import AbortSignal
        error = ValueError("no")
        error.detail = [1]
        given = AbortSignal.abort(error)
        sent = await self.env.W.gone()
        async def compare(signal):
            reason = signal.reason
            return [signal is given, reason is error, reason.detail, reason.detail is error.detail]
        return [sent.aborted, str(sent.reason), await self.env.C.apply(compare, given)]
    """
    source = "class Default(WorkerEntrypoint):\n    async def apply(self, function, value):\n"
    waits._runtime.define("applies", RPC_HEAD + source + "        return await function(value)\n")
    assert await run(body, W="waits", C="applies") == [
        True,
        "gone",
        [False, False, [1], False],
    ]


async def test_one_signal_is_sent_once(waits, run):
    body = """
        from workers import AbortController
        signal = AbortController().signal
        return await self.env.W.same(signal, signal)
    """
    assert await run(body, W="waits") is True


async def test_a_signal_cancels_what_the_receiver_calls(waits, run, runtime):
    body = """
        from workers import AbortController
        controller = AbortController()
        asyncio.get_running_loop().call_later(0.01, controller.abort)
        try:
            await self.env.W.work({"signal": controller.signal})
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    """
    assert await run(body, W="waits") == "AbortError: The operation was aborted"
    outcomes = {i.service: i.outcome for i in runtime.traces[-1].invocations}
    assert outcomes == {"caller": "ok", "waits": "exception", "slow": "canceled"}


async def test_a_signal_in_a_result_is_aborted_later(waits, run):
    body = """
        signal = await self.env.W.later()
        before, aborted = signal.aborted, asyncio.Event()
        signal.onabort = aborted.set
        await aborted.wait()
        return [before, str(signal.reason)]
    """
    assert await run(body, W="waits") == [False, "later"]


async def test_the_notebook_sends_signals(waits):
    assert await waits.wait(AbortSignal.abort("gone")) == "AbortError: gone"
    controller = AbortController()
    asyncio.get_running_loop().call_later(0.01, controller.abort, KeyError("k"))
    assert await waits.wait(controller.signal) == "KeyError: 'k'"

"""What the guard installs in the process while requests are in flight."""

from __future__ import annotations

import logging
import signal

from workernb.runtime.enforcement.guard import guard


async def test_the_tick_and_the_log_handler_are_removed_when_idle(define, until):
    handle = define("echo")
    guard.uninstall()
    handlers = list(logging.getLogger().handlers)
    profile = signal.getsignal(signal.SIGPROF)
    await handle.fetch()
    assert signal.getitimer(signal.ITIMER_PROF)[1] > 0
    await until(lambda: guard.idle)
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getsignal(signal.SIGPROF) == profile
    assert logging.getLogger().handlers == handlers


async def test_the_interrupt_handler_is_put_back_when_idle(define, until):
    handle = define("echo")
    guard.uninstall()
    before = signal.getsignal(signal.SIGINT)
    await handle.fetch()
    assert signal.getsignal(signal.SIGINT) is not before
    await until(lambda: guard.idle)
    assert signal.getsignal(signal.SIGINT) is before


async def test_an_interrupt_without_a_running_request_goes_to_the_earlier_handler(define):
    handle = define("echo")
    guard.uninstall()
    received = []
    before = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        await handle.fetch()
        signal.raise_signal(signal.SIGINT)
        guard.uninstall()
    finally:
        signal.signal(signal.SIGINT, before)
    assert received == [signal.SIGINT]


async def test_a_handler_that_was_set_while_requests_ran_is_kept(define):
    handle = define("echo")
    before = signal.getsignal(signal.SIGPROF)
    await handle.fetch()
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        guard.uninstall()
        assert signal.getsignal(signal.SIGPROF) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGPROF, before)

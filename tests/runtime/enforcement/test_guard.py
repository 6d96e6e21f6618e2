"""The cut and the interrupt: a Worker that does not stop is stopped, and nothing else is."""

from __future__ import annotations

import logging
import signal

from workernb.runtime.enforcement.guard import guard


async def test_what_is_installed_is_gone_when_idle(define, until):
    handle = define("echo", "return Response('x')")
    guard.uninstall()
    handlers = list(logging.getLogger().handlers)
    profile = signal.getsignal(signal.SIGPROF)
    await handle.fetch()
    assert signal.getitimer(signal.ITIMER_PROF)[1] > 0
    await until(lambda: guard.idle)
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getsignal(signal.SIGPROF) == profile
    assert logging.getLogger().handlers == handlers

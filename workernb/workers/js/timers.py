"""Timers, microtasks and clocks.

https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html. A timer is a task of the
invocation that sets it, so its CPU is that invocation's, and it ends with it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any

from workernb.errors import GlobalScopeError, with_notes, without_our_frame
from workernb.http.streams.writable import result_of
from workernb.texts import PlatformText
from workernb.workers.current import running

_log = logging.getLogger("js")
_numbers = itertools.count(1)
_timers: dict[int, asyncio.Task[None]] = {}


def setTimeout(function: Callable[..., Any], delay: float = 0, /, *args: Any) -> int:
    """Call a function once, after some ms of wall clock; return the timer's number.

    Raises GlobalScopeError while a module loads.
    """
    return _start("setTimeout", _call_once, function, delay, args)


def setInterval(function: Callable[..., Any], delay: float = 0, /, *args: Any) -> int:
    """Call a function every so many ms of wall clock; return the timer's number."""
    return _start("setInterval", _call_again, function, delay, args)


def clearTimeout(number: int | None = None, /) -> None:
    """End a timer, by its number; no error when it has ended already."""
    timer = _timers.pop(number or 0, None)
    if timer is not None and timer is not asyncio.current_task():
        timer.cancel()


clearInterval = clearTimeout


def queueMicrotask(function: Callable[[], Any], /) -> None:
    """Call a function as soon as the code that runs now waits."""
    _start("queueMicrotask", _call_once, function, None, ())


def _start(
    name: str, call: Callable[..., Any], function: Callable[..., Any], delay: Any, args: Any
) -> int:
    if not callable(function):
        raise TypeError(
            f"Failed to execute '{name}': parameter 1 is not of type 'Function'. "
            f"It is a {type(function).__name__}."
        )
    _check_scope(name)
    number = next(_numbers)
    loop = asyncio.get_running_loop()
    when = None if delay is None else max(0.0, float(delay)) / 1e3
    if call is _call_once and when is not None:
        when += loop.time()  # As of now: timers end in the order of their times.
    timer = loop.create_task(call(number, function, when, args), name=name)
    _timers[number] = timer
    timer.add_done_callback(lambda timer: _timers.pop(number, None))
    return number


def _check_scope(name: str) -> None:
    try:
        running()
        asyncio.get_running_loop()
    except RuntimeError:
        raise with_notes(
            GlobalScopeError(PlatformText.GLOBAL_SCOPE),
            f"{name} was called where no handler runs: call it in a handler.",
        ) from None


async def _call_once(
    number: int, function: Callable[..., Any], due: float | None, args: tuple[Any, ...]
) -> None:
    if due is not None:
        await _until(due)
    await _call(function, args)


async def _call_again(
    number: int, function: Callable[..., Any], seconds: float, args: tuple[Any, ...]
) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _call(function, args)
        if number not in _timers:
            return


async def _until(due: float) -> None:
    """Wait for a time of the loop's clock."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(due, _end, future)
    try:
        await future
    finally:
        timer.cancel()


def _end(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _call(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Call a function for a timer; an exception is logged, since nobody awaits it."""
    try:
        await result_of(function(*args))
    except Exception as error:
        _log.error("Uncaught (in a timer)", exc_info=without_our_frame(error))


class Performance:
    """JavaScript's `performance`: a clock of the time since 1970, as in Workers."""

    timeOrigin = 0.0

    def now(self) -> float:
        """Return the time since `timeOrigin` in ms."""
        return time.time_ns() / 1e6

    def toJSON(self) -> dict[str, float]:
        """Return what JSON shows of it."""
        return {"timeOrigin": self.timeOrigin}


class Navigator:
    """JavaScript's `navigator`: what a Worker runs on."""

    userAgent = "Cloudflare-Workers"
    hardwareConcurrency = 1
    language = "en"
    languages = ("en",)
    platform = "Linux"


performance = Performance()
navigator = Navigator()

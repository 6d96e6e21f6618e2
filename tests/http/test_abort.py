"""AbortController and AbortSignal, by the DOM standard."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from workernb.http import AbortController, AbortSignal, Request


def test_a_signal_is_made_by_a_controller():
    with pytest.raises(TypeError, match="Illegal constructor"):
        AbortSignal()
    signal = AbortController().signal
    assert (signal.aborted, signal.reason, repr(signal)) == (False, None, "<AbortSignal>")
    signal.throw_if_aborted()


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ((), "AbortError: The operation was aborted"),
        (("why",), "AbortError: why"),
        ((KeyError("k"),), "KeyError: 'k'"),
    ],
)
def test_the_reason(reason, shown):
    controller = AbortController()
    controller.abort(*reason)
    controller.abort("again")
    signal = controller.signal
    assert signal.aborted
    assert f"{type(signal.reason).__name__}: {signal.reason}" == shown
    assert repr(signal) == "<AbortSignal, aborted>"
    with pytest.raises(type(signal.reason)):
        signal.throwIfAborted()
    assert AbortSignal.abort(*reason).aborted


def test_listeners_are_called_once():
    calls: list[object] = []
    controller = AbortController()
    signal = controller.signal
    signal.onabort = lambda: calls.append("on")
    signal.add_event_listener("abort", calls.append)
    signal.add_event_listener("abort", calls.append)
    signal.add_event_listener("other", calls.append)
    removed = calls.extend
    signal.addEventListener("abort", removed)
    signal.removeEventListener("abort", removed)
    controller.abort()
    controller.abort()
    assert calls == ["on", signal]
    signal.add_event_listener("abort", calls.append)
    assert len(calls) == 2


def test_any():
    first, second = AbortController(), AbortController()
    both = AbortSignal.any([first.signal, second.signal])
    third = AbortSignal.any([both])
    assert not third.aborted
    second.abort("why")
    assert str(third.reason) == "why"
    assert str(AbortSignal.any([both, first.signal]).reason) == "why"
    assert not AbortSignal.any([]).aborted


def test_signals_that_follow_one_are_not_kept():
    controller = AbortController()
    for _ in range(100):
        AbortSignal.any([controller.signal])
    gc.collect()
    assert len(controller.signal._listeners) == 0


def test_a_follower_with_a_listener_is_kept_as_long_as_what_it_follows():
    calls: list[object] = []
    controller = AbortController()
    follower = AbortSignal.any([controller.signal])
    follower.onabort = lambda: calls.append("on")
    middle = AbortSignal.any([controller.signal])
    AbortSignal.any([middle]).add_event_listener("abort", lambda signal: calls.append("last"))
    forgotten = AbortSignal.any([controller.signal])
    forgotten.onabort = lambda: calls.append("never")
    assert forgotten.onabort is not None
    forgotten.onabort = None
    watched = [weakref.ref(follower), weakref.ref(forgotten)]
    del follower, middle, forgotten
    gc.collect()
    assert [reference() is None for reference in watched] == [False, True]
    controller.abort()
    assert calls == ["on", "last"]


def test_signals_that_nobody_aborts_are_collected():
    controller = AbortController()
    follower = AbortSignal.any([controller.signal])
    follower.onabort = follower.throw_if_aborted
    watched = [weakref.ref(controller.signal), weakref.ref(follower)]
    del controller, follower
    gc.collect()
    assert [reference() for reference in watched] == [None, None]


async def test_timeout():
    signal = AbortSignal.timeout(1)
    aborted = asyncio.Event()
    signal.add_event_listener("abort", lambda signal: aborted.set())
    await aborted.wait()
    assert isinstance(signal.reason, TimeoutError)
    assert str(signal.reason) == "The operation was aborted due to timeout"


def test_the_signal_of_a_request():
    controller = AbortController()
    request = Request("http://x/", signal=controller.signal)
    copy = Request(request)
    signals = [request.signal, copy.signal, request.clone().signal]
    assert request.signal is request.signal
    assert request.signal is not controller.signal
    controller.abort()
    assert all(signal.aborted for signal in signals)
    assert Request(request).signal.aborted
    assert not Request("http://x/").signal.aborted
    with pytest.raises(TypeError, match="Incorrect type for the 'signal' field"):
        Request("http://x/", signal="x")

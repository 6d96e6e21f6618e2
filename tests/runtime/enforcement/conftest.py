"""Fixtures and helpers that the tests of enforcement share."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import workernb

from ..conftest import Define
from .busy import BUSY


@pytest.fixture
def define_busy(define: Define) -> Iterator[Callable[..., workernb.Handle]]:
    """Define a Worker that never ends, by a key of BUSY or a body; keywords are its settings.

    A tracer that the Worker takes away, as a debugger of its own does, is put back: coverage's.
    """
    before = sys.gettrace()

    def define_busy(kind: str, **settings: Any) -> workernb.Handle:
        define("echo")
        define("busy", "while True: pass")
        body = BUSY.get(kind, kind) + "\nreturn Response('x')"
        return define("worker", body, ECHO="echo", BUSY="busy", **settings)

    yield define_busy
    if sys.gettrace() is not before:
        sys.settrace(before)


@contextlib.contextmanager
def spinning_thread() -> Iterator[None]:
    """Let a thread of the notebook's own use CPU."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

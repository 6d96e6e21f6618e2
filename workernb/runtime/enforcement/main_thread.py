"""The main thread, on which signals are handled: its long slice, and the cut of what runs in it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.threads import Thread
from workernb.runtime.tracing.traces import Host, Trace
from workernb.workers.current import current

from .cut import CutInjector
from .owners import owner_of


class MainThread:
    """What signals find on the main thread.

    thread: its record; None before a request has run there. cut: of the code that runs there.
    hosts: the runtimes. on_end: called after a long slice.
    """

    def __init__(self, hosts: Collection[Host]) -> None:
        """Begin with nothing running."""
        self.thread: Thread | None = None
        self.cut = CutInjector()
        self.hosts = hosts
        self.on_end: Callable[[], object] = int
        self.is_in_long_slice = False

    @property
    def trace(self) -> Any:
        """The request whose slice runs, or None."""
        return None if self.thread is None else self.thread.trace

    def begin_long_slice(self, thread: Thread | None) -> None:
        """Note that a slice or a callback has run for a tick.

        thread: that of a slice, whose end calls `end_long_slice`; None for a callback.
        """
        if thread is not None:
            thread.ends_cut = self.end_long_slice
        self.is_in_long_slice = True

    def end_long_slice(self) -> None:
        """Call off the cut after a slice or a callback."""
        if self.thread is not None:
            self.thread.ends_cut = None
        self.is_in_long_slice = False
        self.cut.call_off()
        self.on_end()

    def raise_in_worker(
        self,
        trace: Trace,
        error: BaseException,
        frame: FrameType | None,
        only: Invocation | None = None,
        in_libraries: bool = False,
    ) -> None:
        """Raise `error` in the code of a request that runs, or of one invocation in it.

        in_libraries: whether imports, locks and queues are ended too.
        """
        thread = self.thread
        if thread is not None and thread.trace is not None:
            thread.ends_cut = self.end_long_slice

        def applies() -> bool:  # pragma: no cover - a tracer is not traced itself
            running: Any = current.get()
            held: Any = thread and thread.trace
            if only is None and held is not None:
                return held is trace
            if running is None:  # In a foreign context.
                running = holder(held.stamps) if held else owner_of(sys._getframe(2), self.hosts)
            return running is only if only else getattr(running, "trace", None) is trace

        self.cut.inject(error, frame, applies, in_libraries)


def on_main_thread() -> bool:
    """Return whether this is the main thread, which alone may set signal handlers."""
    return threading.get_ident() == threading.main_thread().ident

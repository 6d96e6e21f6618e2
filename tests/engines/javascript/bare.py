"""A bare context of QuickJS with the web APIs, whose timers are due at once, in their order."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

quickjs = pytest.importorskip("quickjs", reason="the extra js is not installed")

from workernb.engines.javascript.host import install  # noqa: E402


class Bare:
    """A context, and the hooks of its web APIs, which keep what they are told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.reported: list[str] = []
        self.timers: dict[int, float] = {}
        self.time = time.time() * 1000
        self.is_loading = False
        self.runtime = quickjs.Runtime()
        self.runtime.set_max_stack_size(1 << 20)
        self.context = self.runtime.new_context()
        self.web = install(self.context, self)

    # Hooks

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))

    def report(self, error: Any, how: str) -> None:
        self.reported.append(f"{error}{how}")

    def now(self) -> float:
        return self.time

    def start_timer(self, number: int, milliseconds: float) -> None:
        self.timers[number] = self.time + milliseconds

    def cancel_timer(self, number: int) -> None:
        self.timers.pop(number, None)

    def loading(self) -> bool:
        return self.is_loading

    # What a test calls

    def run(self, code: str) -> Any:
        """Run the body of an async function, and return what it returns, from JSON.

        Raises quickjs.JSError for what it throws, TimeoutError when it can never end.
        """
        # Without a call of then, which a test may have changed.
        source = f"(async () => JSON.stringify(await (async () => {{\n{code}\n}})()) ?? 'null')()"
        return self.settle(self.context.eval(source, "test.js"))

    def settle(self, promise: Any) -> Any:
        self.drain()
        while promise.promise_state == "pending" and self.timers:
            self.fire_next()
        if promise.promise_state == "pending":
            raise TimeoutError("it can never end")
        return json.loads(promise.result())

    def drain(self) -> None:
        while self.context.has_pending_job:
            self.context.execute_pending_job()

    def fire_next(self) -> None:
        """Move the time to the timer that is due next, and fire it."""
        number = min(self.timers, key=lambda number: (self.timers[number], number))
        self.time = max(self.time, self.timers.pop(number))
        self.web.fire_timer(number)
        self.drain()

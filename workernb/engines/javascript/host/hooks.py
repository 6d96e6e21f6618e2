"""Hooks: what the web APIs ask of the runtime that a context belongs to."""

from __future__ import annotations

from typing import Any, Protocol


class Hooks(Protocol):
    """What the web APIs ask of the runtime.

    None of these may raise: QuickJS would make an InternalError of it.
    """

    def log(self, level: str, text: str) -> None:
        """Keep a line of the console: level is `debug`, `info`, `log`, `warn` or `error`."""

    def report(self, error: Any, how: str) -> None:
        """Report an exception that nobody caught, of a timer, a listener or `reportError`.

        error: a value of JavaScript's. how: ` (in promise)` for what a promise was rejected with.
        """

    def now(self) -> float:
        """Return the time in ms since 1970, as `Date.now()` and `performance.now()` show it."""

    def start_timer(self, number: int, milliseconds: float) -> None:
        """Call `Web.fire_timer(number)` after a time, once, for the invocation that runs now.

        When the invocation ends before, `Web.forget_timer(number)` is called instead.
        """

    def cancel_timer(self, number: int) -> None:
        """Forget a timer that was started; it may have been called, or never been started."""

    def loading(self) -> bool:
        """Return whether a module loads: then randomness and timers are refused."""

"""Calls that a Task can step, though no coroutine function has made them."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any

from workernb.errors import FORGOTTEN_AWAIT, with_notes

_PLAIN = frozenset({str, bytes, int, float, bool, list, dict})


class Steppable(Coroutine[Any, Any, Any]):
    """A call that is awaited or, as by `gather`, `create_task` and `TaskGroup`, stepped.

    _driver: the generator that is stepped, None before the first step.
    """

    __slots__ = ()

    _driver: Generator[Any, Any, Any] | None

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same call; TypeError for a plain value.

        A comparison with one is a forgotten await, which would be False without a word.
        """
        if other.__class__ in _PLAIN:
            raise with_notes(TypeError(f"a call is compared with {other!r}"), FORGOTTEN_AWAIT)
        return self is other

    __hash__ = object.__hash__

    @property
    def cr_await(self) -> Any:
        """What it awaits, as a coroutine has it."""
        return self._driver

    def send(self, value: Any) -> Any:
        """Run the next step, as in a coroutine."""
        if self._driver is None:
            self._driver = self.__await__()
        return self._driver.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an exception in the call, as in a coroutine."""
        if self._driver is None:
            self.close()
            raise error[0]
        return self._driver.throw(*error)

"""AbortController and AbortSignal, as JavaScript makes them."""

from __future__ import annotations

from collections.abc import Iterable

from workernb.http.abort import AbortController as FetchController
from workernb.http.abort import AbortSignal as FetchSignal
from workernb.texts import PlatformText

from .objects import Constructor


class AbortController(metaclass=Constructor):
    """`AbortController.new()`: its `abort` ends what its `signal` was given to."""

    instances = FetchController

    @staticmethod
    def new() -> FetchController:
        """Make a controller."""
        return FetchController()


class AbortSignal(metaclass=Constructor):
    """The class of signals, which are made by its functions, or by a controller."""

    instances = FetchSignal

    @staticmethod
    def new() -> FetchSignal:
        """Raise TypeError: a signal is made by a controller."""
        raise TypeError(PlatformText.ILLEGAL_CONSTRUCTOR)

    @staticmethod
    def abort(reason: object = None) -> FetchSignal:
        """Return a signal that is aborted already."""
        return FetchSignal.abort(reason)

    @staticmethod
    def timeout(milliseconds: float) -> FetchSignal:
        """Return a signal that is aborted after some ms of wall clock."""
        return FetchSignal.timeout(milliseconds)

    @staticmethod
    def any(signals: Iterable[FetchSignal]) -> FetchSignal:
        """Return a signal that is aborted as soon as one of `signals` is."""
        return FetchSignal.any(signals)

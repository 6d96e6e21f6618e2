"""`time` and `datetime` as a Worker's own modules import them: by the runtime's clock.

Nothing is patched. All other code, libraries that a Worker imports too, sees the time of day.
"""

from __future__ import annotations

import datetime as real_datetime
import threading
import time as real_time
from functools import cache
from types import ModuleType
from typing import Any

from workernb.workers.current import current

STEP_S = 0.02
"""Interval (s of wall clock) at which a Worker that sleeps off the main thread can be cut."""


def now() -> float:
    """Return the time by the clock of the runtime whose Worker runs here, in s since the epoch."""
    running = current.get()
    return real_time.time() if running is None else running.now()


@cache
def stand_in(name: str) -> ModuleType:
    """Return the stand-in for `time`, or for `datetime`."""
    return _time() if name == "time" else _datetime()


def _time() -> ModuleType:
    """Return a copy of the module `time` whose functions for the time of day ask the clock.

    Its `sleep` can be cut on every thread.
    """
    module = _copy_of(real_time)

    def time() -> float:
        return now()

    def time_ns() -> int:
        return int(now() * 1e9)

    def gmtime(seconds: float | None = None) -> real_time.struct_time:
        return real_time.gmtime(now() if seconds is None else seconds)

    def localtime(seconds: float | None = None) -> real_time.struct_time:
        return real_time.localtime(now() if seconds is None else seconds)

    def ctime(seconds: float | None = None) -> str:
        return real_time.ctime(now() if seconds is None else seconds)

    def asctime(at: Any = None) -> str:
        return real_time.asctime(localtime() if at is None else at)

    def strftime(format: str, at: Any = None) -> str:
        return real_time.strftime(format, localtime() if at is None else at)

    def sleep(seconds: float, /) -> None:
        if threading.current_thread() is threading.main_thread():
            real_time.sleep(seconds)  # A signal interrupts it.
            return
        end = real_time.monotonic() + seconds
        real_time.sleep(min(seconds, STEP_S))
        while (left := end - real_time.monotonic()) > 0:
            real_time.sleep(min(left, STEP_S))

    for function in (time, sleep, time_ns, gmtime, localtime, ctime, asctime, strftime):
        function.__doc__ = getattr(real_time, function.__name__).__doc__
        function.__qualname__ = function.__name__
        function.__module__ = "time"
        setattr(module, function.__name__, function)
    return module


def _copy_of(module: ModuleType) -> ModuleType:
    copied = ModuleType(module.__name__, module.__doc__)
    vars(copied).update(vars(module))
    return copied


class _StandIn(type):
    """The type of a class that stands for one of `datetime`: its instances are real ones.

    Calling it, and its methods that make an instance, make one of the real class; isinstance and
    issubclass mean that class, and it is equal to it. Subclasses are as those of the real one.
    """

    stands_for: type[Any]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return (
            cls.stands_for(*args, **kwargs) if cls._stands else type.__call__(cls, *args, **kwargs)
        )

    @property
    def _stands(cls) -> bool:
        return "stands_for" in vars(cls)

    def __instancecheck__(cls, instance: object) -> bool:
        if cls._stands:
            return isinstance(instance, cls.stands_for)
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass: type[Any]) -> bool:
        return (
            issubclass(subclass, cls.stands_for)
            if cls._stands
            else type.__subclasscheck__(cls, subclass)
        )

    def __eq__(cls, other: object) -> bool:
        return other is cls or (cls._stands and other is cls.stands_for)

    def __hash__(cls) -> int:
        return hash(cls.stands_for) if cls._stands else type.__hash__(cls)

    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return pydantic's schema for the real class, which it knows by identity."""
        return handler(cls.stands_for)


def _datetime() -> ModuleType:
    """Return a copy of the module `datetime` whose classes ask the clock for the time of day."""
    module = _copy_of(real_datetime)

    class Date(real_datetime.date, metaclass=_StandIn):
        stands_for = real_datetime.date

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now())

    class DateTime(real_datetime.datetime, metaclass=_StandIn):
        stands_for = real_datetime.datetime

        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
            return cls.fromtimestamp(now(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(now(), real_datetime.UTC).replace(tzinfo=None)

    for name, made in (("date", Date), ("datetime", DateTime)):
        made.__doc__ = getattr(real_datetime, name).__doc__
        made.__name__ = made.__qualname__ = name
        made.__module__ = "datetime"
        setattr(module, name, made)
    return module

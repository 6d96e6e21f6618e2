"""workernb: build systems of Workers in a notebook, and watch them work."""

from __future__ import annotations

from typing import Any

from .assembly import Runtime, get_runtime
from .errors import (
    BindingError,
    BodyUsedError,
    CanceledError,
    CpuLimitError,
    GlobalScopeError,
    HandlerError,
    HungError,
    LimitError,
    OptionError,
    RouteError,
    UsageError,
    WorkernbError,
    WrongLoopError,
)
from .runtime.dispatch import Answer
from .runtime.handles import Handle
from .runtime.invocations import Invocation
from .runtime.limits import PRESETS, Limits
from .runtime.traces import Log, Trace

__version__ = "0.1.0"

__all__ = [
    "PRESETS",
    "Answer",
    "BindingError",
    "BodyUsedError",
    "CanceledError",
    "CpuLimitError",
    "GlobalScopeError",
    "Handle",
    "HandlerError",
    "HungError",
    "Invocation",
    "LimitError",
    "Limits",
    "Log",
    "OptionError",
    "RouteError",
    "Runtime",
    "Trace",
    "UsageError",
    "WorkernbError",
    "WrongLoopError",
    "get_runtime",
]


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to a notebook: `%load_ext workernb`."""
    from .notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again: `%unload_ext workernb`."""
    from .notebook import unload

    unload(shell)

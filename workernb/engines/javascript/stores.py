"""Stores: the functions by which JavaScript calls KV, D1 and rate limits on its `env`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.resources.calls import StoreBinding
from workernb.resources.d1 import D1Database
from workernb.resources.kv import KvNamespace
from workernb.resources.ratelimits import RateLimit

from .boundary import Host
from .values import Reader

KINDS: tuple[type[StoreBinding], ...] = (KvNamespace, D1Database, RateLimit)
"""The stores that `stores.js` has a class for, by the name of Python's."""


def store_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def called(parts: tuple[Any, ...]) -> Any:
        """Return what a method of a store, or of an object that it gave, returns."""
        number, method, *more = parts
        values = Reader(iter(more), host.running(f"{method}()")).values()
        while values and values[-1] is None and method not in ("put", "bind"):
            values.pop()  # Options that were left out.
        return getattr(host.store(int(number)), method)(*values)

    def store_call(*parts: Any) -> Any:
        return host.running("a store").begin_call(called(parts))

    def store_object(*parts: Any) -> Any:
        return -1 - host.running("a store").keep(called(parts))

    def batch(number: int, *statements: int) -> Any:
        run = host.running("batch()")
        return run.begin_call(
            host.store(int(number)).batch([host.store(int(one)) for one in statements])
        )

    exposed: dict[str, Callable[..., Any]] = {
        "storeCall": store_call,
        "storeObject": store_object,
        "batch": batch,
    }
    return {name: host.exposed(function) for name, function in exposed.items()}

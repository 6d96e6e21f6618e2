"""Storage: the functions by which a Durable Object in JavaScript uses its context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.resources.durable_objects.storage.sql import SqlStorageCursor

from .boundary import Host
from .values import Reader, written


def storage_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions by which objects use their context, by name."""
    transactions: dict[str, Any] = {}

    def area(number: int, name: str) -> Any:
        storage = host.object(number).storage
        if name in ("kv", "sql"):
            return getattr(storage, name)
        return storage if name == "storage" else transactions[name]

    def storage_call(number: int, name: str, method: str, *parts: Any) -> list[Any]:
        run = host.running(f"{method}()")
        values = Reader(iter(parts), run).values()
        while values and values[-1] is None and method not in ("put", "exec"):
            values.pop()
        found = getattr(area(number, name), method)
        return written([_done(found(*values) if callable(found) else found)], run)

    def transaction(number: int, *parts: Any) -> Any:
        run = host.running("transaction()")
        [closure] = Reader(iter(parts), run).values()

        async def within(opened: Any) -> None:
            name = f"transaction {host.number()}"
            transactions[name] = opened
            await closure(name)

        return run.begin_call(host.object(number).storage.transaction(within))

    def block_concurrency(number: int, *parts: Any) -> Any:
        run = host.running("blockConcurrencyWhile()")
        [callback] = Reader(iter(parts), run).values()
        return run.begin_call(host.object(number).blockConcurrencyWhile(callback))

    def enter_transaction(number: int) -> None:
        own = host.object(number).storage._storage
        own.do("transactionSync", "", lambda operation: own.enter())

    exposed: dict[str, Callable[..., Any]] = {
        "storageCall": storage_call,
        "transaction": transaction,
        "blockConcurrency": block_concurrency,
        "enterTransaction": enter_transaction,
        "leaveTransaction": lambda number, kept: host.object(number).storage._storage.leave(kept),
        "abortObject": lambda number, reason: host.object(number).abort(reason),
    }
    return {name: host.exposed(function) for name, function in exposed.items()}


def _done(found: Any) -> Any:
    """Return what an operation of storage has come to: it is done when it is called."""
    if hasattr(found, "__await__"):
        try:
            next(found.__await__())
        except StopIteration as stop:
            return stop.value
        raise AssertionError("Storage does not wait.")
    if isinstance(found, SqlStorageCursor):
        return {
            "columnNames": found.columnNames,
            "rows": list(found.raw()),
            "rowsRead": found.rowsRead,
            "rowsWritten": found.rowsWritten,
        }
    return list(found) if hasattr(found, "__next__") else found

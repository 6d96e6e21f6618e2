"""Calls over RPC: the functions by which JavaScript makes them, and answers those of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.errors import RpcError
from workernb.runtime.events.rpc import no_method
from workernb.texts import PlatformText

from .boundary import Host
from .values import Reader


def rpc_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""
    pieces: list[Any] = []

    def whole(parts: tuple[Any, ...]) -> Any:
        """Return all the parts that were sent, those in pieces before included."""
        found = iter([*pieces, *parts])
        pieces.clear()
        return found

    def rpc_call(*given: Any) -> int:
        run = host.running("a method")
        parts = whole(given)
        kind, number, is_call, count = (int(next(parts)) for _ in range(4))
        path = tuple(next(parts) for _ in range(count))
        values = Reader(parts, run).values()
        source = host.bound(number) if kind == 0 else host.source(number)
        call = source._call(path, tuple(values) if is_call else None, {})
        kept: int = run.keep(call)
        return kept

    def rpc_done(*given: Any) -> None:
        parts = whole(given)
        run = host.runs.get(int(next(parts)))
        if run is not None:
            run.done(Reader(parts, run).result())

    def error_own(*given: Any) -> int:
        run = host.running("an error")
        return host.keep_own(Reader(whole(given), run).values()[0])

    def raise_no_method(name: str) -> None:
        raise no_method(name, "The result", ())

    def raise_not_a_function(path: str) -> None:
        raise RpcError(PlatformText.NOT_A_FUNCTION.format(path=path or "The value"))

    def dup(number: int) -> int:
        kept: int = host.running("dup()").keep(host.source(number).dup())
        return kept

    def released() -> list[int]:
        numbers = host.to_release[:]
        del host.to_release[: len(numbers)]
        return numbers

    exposed: dict[str, Callable[..., Any]] = {
        "rpcCall": rpc_call,
        "rpcAwait": lambda number: host.running("a method").begin_call(host.source(number)),
        "rpcDone": rpc_done,
        "noMethod": raise_no_method,
        "notAFunction": raise_not_a_function,
        "errorOwn": error_own,
        "dup": dup,
        "dispose": lambda number: host.source(number).dispose(),
    }
    return {
        **{name: host.exposed(function) for name, function in exposed.items()},
        "piece": lambda *parts: pieces.extend(parts),
        "newExport": host.number,
        "released": released,
    }

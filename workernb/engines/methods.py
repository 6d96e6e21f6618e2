"""Methods of a Python Worker's entrypoint, as calls over RPC reach them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from workernb.runtime.events.rpc import RESERVED_ON_ENTRYPOINTS, add_signature, reach
from workernb.runtime.services.engine import Handler
from workernb.workers import WorkerEntrypoint
from workernb.workers.current import RunningInvocation
from workernb.workers.entrypoints import ExecutionContext


def has_own_constructor(cls: type[Any]) -> bool:
    """Return whether a class does not inherit `__init__` and `__new__` of WorkerEntrypoint."""
    return any(
        getattr(cls, name) is not getattr(WorkerEntrypoint, name)
        for name in ("__init__", "__new__")
    )


def rpc_maker(cls: type[Any], members: Mapping[str, Any], service: str) -> Callable[[Any], Handler]:
    """Return what makes the handler of calls to a class of `service`.

    members: what they can reach.

    Each call gets a new instance. A coroutine function of the class is called right away; for a
    property, a plain function, or a longer path, `reach` follows the names.
    """
    direct = {
        (name,): member
        for name, member in members.items()
        if inspect.iscoroutinefunction(member) and name not in RESERVED_ON_ENTRYPOINTS
    }
    new = partial(object.__new__, cls)
    own = has_own_constructor(cls)

    def make(env: Any) -> Handler:
        def handler(call: Any, invocation: RunningInvocation) -> Awaitable[Any]:
            if own:
                worker = cls(ExecutionContext(invocation), env)
            else:
                worker = new()
                worker.env = env
                worker._invocation = invocation
            method, args = direct.get(call._path), call._args
            if method is None or args is None:
                receiver = f"Worker {service!r}"
                return reach(worker, call, members, RESERVED_ON_ENTRYPOINTS, receiver)
            try:
                if call._kwargs:
                    return method(worker, *args, **call._kwargs)  # type: ignore[no-any-return]
                return method(worker, *args)  # type: ignore[no-any-return]
            except TypeError as error:
                receiver = f"Worker {service!r}"
                add_signature(error, method, call._path[0], receiver, is_method=True)
                raise

        return handler

    return make

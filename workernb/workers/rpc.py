"""RPC as Worker code sees it: RpcTarget, the base class of stubs, and received dicts.

https://developers.cloudflare.com/workers/runtime-apis/rpc/
"""

from __future__ import annotations

from typing import Any


class RpcTarget:
    """The base class of objects that are sent by reference; the receiver gets a stub.

    Only methods and properties of the class can be reached, none of the instance, and no names that
    begin with an underscore. A method `dispose` of the class is called after the last stub has been
    disposed.
    """


class RpcStub:
    """The base class of stubs, by which a function or an RpcTarget of another Worker is called.

    `await stub(…)` calls a function, `await stub.method(…)` a method; `await stub.name` reads a
    property. A stub is valid until it is disposed (`dispose()`, or the end of a `with` block), and
    at the latest until the invocation that received it ends. One that was received as an argument
    is disposed when the call returns; a duplicate (`dup()`) is not.
    """

    __slots__ = ()

    def dup(self) -> RpcStub:
        """Return another stub for the same object, which is disposed separately."""
        raise NotImplementedError

    def dispose(self) -> None:
        """Release the object. A further call raises an exception; a further dispose does not."""
        raise NotImplementedError

    def __enter__(self) -> RpcStub:
        return self

    def __exit__(self, *exception: object) -> None:
        self.dispose()


class JsDict(dict[str, Any]):
    """A dict that was received over RPC: its keys are attributes too, as on the platform.

    In a `with` block it disposes the stubs in it at the end.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def dispose(self) -> None:
        """Dispose all stubs in the dict, also those in dicts, lists and sets within it."""
        seen: set[int] = set()
        values: list[Any] = [self]
        while values:
            value = values.pop()
            if isinstance(value, RpcStub):
                value.dispose()
            elif isinstance(value, dict | list | set) and id(value) not in seen:
                seen.add(id(value))
                values.extend(value.values() if isinstance(value, dict) else value)

    def __enter__(self) -> JsDict:
        return self

    def __exit__(self, *exception: object) -> None:
        self.dispose()

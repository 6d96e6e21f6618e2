"""DurableObject, the base class of Durable Objects.

https://developers.cloudflare.com/durable-objects/api/base/
"""

from __future__ import annotations

from typing import Any


class DurableObjectAbort(BaseException):
    """Raised by `ctx.abort()` in the code of a Durable Object, to end it.

    `except Exception` does not catch it. The callers get a DurableObjectError with the same text.
    """


class DurableObject:
    """The base class of Durable Objects: one instance for each id, as long as it is in memory.

    ctx: id, storage, blockConcurrencyWhile, abort, waitUntil, exports. env: the Worker's bindings.
    """

    ctx: Any
    env: Any

    def __init__(self, ctx: Any, env: Any) -> None:
        """Keep the object's context and the Worker's environment."""
        self.ctx = ctx
        self.env = env

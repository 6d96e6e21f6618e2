"""The interface of an engine, which turns source text into handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol, TypeAlias

from workernb.workers.current import RunningInvocation

from .versions import Version

Handler: TypeAlias = Callable[[Any, RunningInvocation], Awaitable[Any]]
"""A function that starts a handler: takes its argument, such as a Request, and the invocation."""


HANDLERS = ("fetch", "scheduled", "queue", "alarm", "tail", "trace", "email", "test")
"""The names of the handlers that an entrypoint may have on the platform."""


class Handlers(Protocol):
    """The part of a mapping of handlers by name that a call uses."""

    def get(self, name: str, /) -> Handler | None:
        """Return a handler; None if there is none of this name."""


class Entrypoint(Protocol):
    """One class of a Worker's source, ready to handle events.

    service: the name of its service. version: None if the service is not defined.
    """

    service: str
    version: Version | None

    @property
    def handlers(self) -> Handlers:
        """The handlers by name; that of calls over RPC is `rpc`."""

    @property
    def methods(self) -> Mapping[str, Any]:
        """What RPC can reach, by name: methods and properties of the class. Empty if unknown."""


class ObjectClass(Protocol):
    """A class of Durable Objects in a Worker's source.

    events: the names of the handlers that it has. methods: what RPC can reach, by name.
    """

    @property
    def events(self) -> Collection[str]:
        """The names of its handlers."""

    @property
    def methods(self) -> Mapping[str, Any]:
        """What RPC can reach, by name. Empty if unknown."""

    def make(self, ctx: Any) -> Handlers:
        """Make an object; return its handlers. ctx: its context. Raises what the code raises."""


class Exporter(Protocol):
    """The entrypoints of a loaded version, for its own code: `ctx.exports`."""

    @property
    def makers(self) -> Mapping[str, object]:
        """A mapping whose keys are the names of the entrypoints."""

    @property
    def objects(self) -> Mapping[str, ObjectClass]:
        """The classes of Durable Objects, by name."""

    def make(self, name: str) -> Entrypoint:
        """Make an entrypoint; KeyError if there is none of this name."""


class Isolate(Protocol):
    """One loaded version of a Worker: its module, and the entrypoints in it."""

    @property
    def entrypoints(self) -> Mapping[str, Entrypoint]:
        """The entrypoints by name; that of the default export is `Default`."""

    @property
    def objects(self) -> Mapping[str, ObjectClass]:
        """The classes of Durable Objects, by name."""

    @property
    def exporter(self) -> Exporter:
        """Makes new instances of the entrypoints; lives as long as the version is in use."""


class Engine(Protocol):
    """Turns a Worker's source text into an isolate."""

    def load(self, version: Version) -> Isolate:
        """Run the source of `version` as a module of its own.

        Raises what the source raises, and then leaves nothing of the module behind.
        """

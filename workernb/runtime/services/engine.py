"""What the runtime asks of an engine, which turns source text into handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from workernb.workers.current import RunningInvocation

from .versions import Version

Handler: TypeAlias = Callable[[Any, RunningInvocation], Awaitable[Any]]
"""What begins a handler. It takes the handler's argument, as a Request, and the invocation."""


HANDLERS = ("fetch", "scheduled", "queue", "alarm", "tail", "trace", "email", "test")
"""The names of the handlers that an entrypoint may have on the platform."""


class Handlers(Protocol):
    """The handlers of an entrypoint by name, as far as a call asks for them."""

    def get(self, name: str, /) -> Handler | None:
        """Return a handler; None when there is none of this name."""


class Entrypoint(Protocol):
    """One class of a Worker's source, ready to handle events.

    service: the name of its service. version: None for what is not there.
    """

    service: str
    version: Version | None

    @property
    def handlers(self) -> Handlers:
        """The handlers by name."""


class Exporter(Protocol):
    """A loaded version, as its own code can ask it for its entrypoints: `ctx.exports`."""

    @property
    def makers(self) -> Mapping[str, object]:
        """Its entrypoints by name, as far as their names are asked for."""

    def make(self, name: str) -> Entrypoint:
        """Make an entrypoint; KeyError when there is none of this name."""


class Isolate(Protocol):
    """One loaded version of a Worker: its module, and the entrypoints in it."""

    @property
    def entrypoints(self) -> Mapping[str, Entrypoint]:
        """The entrypoints by name; the plain one is `Default`."""

    @property
    def exporter(self) -> Exporter:
        """What makes its entrypoints anew. It lasts as long as the version is in use."""


class Engine(Protocol):
    """Turns a Worker's source text into an isolate."""

    def load(self, version: Version) -> Isolate:
        """Run the source of `version` as a module of its own.

        Raises what the source raises; nothing of it is left behind then.
        """

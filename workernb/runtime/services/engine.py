"""What the runtime asks of the layers beside it: engines, that turn source text into handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Protocol

from workernb.http import Request, Response

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation

    from .service import Version


class Entrypoint(Protocol):
    """One class of a Worker's source, ready to handle requests."""

    service: str
    version: Version | None

    def handle(self, request: Request, invocation: Invocation) -> Awaitable[Response]:
        """Begin the handler, and return what gives its response."""


class Isolate(Protocol):
    """One loaded version of a Worker: its module, and the entrypoints in it."""

    @property
    def entrypoints(self) -> Mapping[str, Entrypoint]:
        """The entrypoints by name; the plain one is `Default`."""


class Exporter(Protocol):
    """A loaded version, as its own code can ask it for its entrypoints: `ctx.exports`."""

    @property
    def makers(self) -> Mapping[str, object]:
        """Its entrypoints by name, as far as their names are asked for."""

    def make(self, name: str) -> Entrypoint:
        """Make an entrypoint; KeyError when there is none of this name."""


class Engine(Protocol):
    """Turns a Worker's source text into an isolate."""

    def load(self, version: Version) -> Isolate:
        """Run the source of `version` as a module of its own, and set `version.isolate`.

        Raises what the source raises; nothing of it is left behind then.
        """

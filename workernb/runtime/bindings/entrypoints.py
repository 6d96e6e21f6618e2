"""Stand-ins: what a call is handed to where more is to be done than to begin the handler."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING

from workernb.http import Request, Response
from workernb.runtime.services.engine import Entrypoint

if TYPE_CHECKING:
    from workernb.runtime.services.service import Version
    from workernb.runtime.tracing.invocations import Invocation


class StandIn:
    """Stands for an entrypoint, which it finds when the call begins.

    service: its service's name. version: that of the entrypoint, or None while it is not known.
    """

    def __init__(self, service: str, version: Version | None) -> None:
        """Stand for an entrypoint of a service."""
        self.service = service
        self.version = version

    def resolve(self, fields: Mapping[str, str], invocation: Invocation) -> Entrypoint:
        """Return the entrypoint for a call whose request has these headers."""
        raise NotImplementedError

    def handle(self, request: Request, invocation: Invocation) -> Awaitable[Response]:
        """Begin the handler of the entrypoint."""
        return self.resolve(request._fields, invocation).handle(request, invocation)

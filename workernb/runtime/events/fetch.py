"""The fetch event: a Request in, a Response out.

https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/
"""

from __future__ import annotations

from collections.abc import Coroutine
from sys import getrefcount
from typing import Any

from workernb.errors import HandlerError, with_notes
from workernb.http.body import USED
from workernb.http.redirects import leads_on
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.runtime.tracing.invocations import Invocation
from workernb.texts import PlatformText

from .event import Event


def _count_of_one_reference() -> int:
    response = Response()
    return getrefcount(response)


ONE_REFERENCE = _count_of_one_reference()
"""The result of `getrefcount` for an object that only one local variable refers to."""


def _result(response: Any, request: Request, invocation: Invocation) -> Response:
    """Return the response that the caller receives; HandlerError for any other object."""
    if response.__class__ is not Response:
        response = _checked(response, invocation)
    data = response._data
    if data.__class__ is not str and data.__class__ in _RARE:
        _send_rare_body(response, request, invocation)
    # A response to which nothing else refers is passed on itself, since a copy would take 5 % of a
    # hop. One that is also kept elsewhere must be copied.
    if getrefcount(response) != ONE_REFERENCE or response._headers:
        response = response._send(request._url)
    else:
        response._received = True
        response._url = request._url
    invocation.status = status = response._status
    if status != 200:
        if status > 300 and invocation.caller is not None and leads_on(request, response):
            invocation.ensure_extras().redirect = request
        elif status == 101:
            _send_socket(response, request)
    return response  # type: ignore[no-any-return]


_RARE = frozenset({type(USED), ReadableStream})
"""The types of the data of a body that was used, or that is a stream."""


def _send_rare_body(response: Response, request: Request, invocation: Invocation) -> None:
    if response._data is USED:
        raise response._moved_error()
    if invocation.caller is None or not leads_on(request, response):
        invocation.trace.host.send_response_body(invocation, response)


def _send_socket(response: Response, request: Request) -> None:
    """Move the end of a connection into the response that the caller receives."""
    if request._fields.get("upgrade", "").lower() != "websocket":
        raise with_notes(
            TypeError(PlatformText.SOCKET_NO_UPGRADE),
            'Ask with headers={"Upgrade": "websocket"}; answer other requests with the status 426.',
        )
    response._socket = response._socket._move()


FETCH = Event("fetch", _result)


def _checked(response: object, invocation: Invocation) -> Response:
    if isinstance(response, Response):
        if response.type == "error":
            raise HandlerError(PlatformText.ERROR_RESPONSE)
        # An instance of a subclass is received as a plain Response.
        return response._send("")
    text = invocation.trace.redact(repr(response))[:60]
    given = "nothing" if response is None else f"{type(response).__name__} {text}"
    if isinstance(response, Coroutine):
        response.close()
        given = "a coroutine, which wants an await"
    raise with_notes(
        HandlerError(PlatformText.NOT_A_RESPONSE),
        f"The fetch handler of Worker {invocation.service!r} gave back {given}; "
        "a handler returns a Response: return Response(…)",
    )

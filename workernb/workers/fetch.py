"""`fetch`: the Workers' own, which follows redirects.

A request goes to the Worker of this notebook whose route matches its URL, or else to the outbound
service of the runtime. https://developers.cloudflare.com/workers/runtime-apis/fetch/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypedDict

from workernb.errors import with_notes
from workernb.http.abort import AbortSignal, abortable
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.redirects import MAX_REDIRECTS, is_redirect, redirected
from workernb.http.request import Request, receive
from workernb.http.response import RedirectedUrl, Response
from workernb.http.streams import ReadableStream
from workernb.http.streams.abortable import AbortableChunks
from workernb.texts import PlatformText

from .current import running

Fetcher = Callable[[Request], Awaitable[Response]]


class FetchKwargs(TypedDict, total=False):
    """The options of `fetch`. fetcher: what sends the request instead, such as a binding's fetch.

    The others are those of `Request`.
    """

    headers: HeadersInit
    body: BodyInit
    method: str | None
    redirect: str | None
    cf: dict[str, Any] | None
    signal: AbortSignal | None
    fetcher: Fetcher | None


def fetch(
    resource: Request | str, *, fetcher: Fetcher | None = None, **options: Any
) -> Coroutine[Any, Any, Response]:
    """Fetch a URL or a Request: `response = await fetch("https://example.com/")`.

    options: those of `Request`. Up to 20 redirects are followed, unless `redirect` is `manual`, as
    it is for a request that was received; each of them is a subrequest. Waiting for the response
    costs no CPU budget, and its body may still be on its way.

    Raises GlobalScopeError while a module loads, RuntimeError where no Worker runs. Awaited, it
    raises NetworkError (an OSError) when there is no response; TypeError as `Request` does, and
    for redirects that cannot be followed; LimitError after too many subrequests.
    """
    send = running().send
    try:
        request = Request(resource, **options)
    except Exception as error:
        return _fail(error)
    if fetcher is not None:
        return _call(fetcher, request)
    signal = None if request._options is None else request._options.signal
    steps = _follow(send, receive(request))
    return steps if signal is None else _until_aborted(steps, signal)


async def _fail(error: Exception) -> Response:
    raise error


async def _call(fetcher: Fetcher, request: Request) -> Response:
    return await fetcher(request)


async def _follow(send: Fetcher, request: Request) -> Response:
    """Send a received request, and follow the redirects that it is answered with."""
    follows, number = request._redirect == "follow", 0
    while True:
        # Each hop may lead elsewhere, so what answers must not follow a redirect itself.
        request._redirect = "manual"
        response = await send(request)
        if not (follows and is_redirect(response)):
            break
        if number == MAX_REDIRECTS:
            raise with_notes(
                TypeError(PlatformText.TOO_MANY_REDIRECTS),
                f"The last one was that of {request.url}.",
            )
        number += 1
        request = redirected(request, response)
    if number:
        response._url = RedirectedUrl(response._url)
    return response


async def _until_aborted(steps: Awaitable[Response], signal: AbortSignal) -> Response:
    """Return a response that ends with its body when `signal` is aborted."""
    response = await abortable(steps, signal)
    if isinstance(response._data, ReadableStream):
        response._data = ReadableStream(AbortableChunks(response._data._take(), signal))
    return response


fetch.__module__ = "workers"
for _steps in (_call, _follow, _until_aborted):
    # What Python says of a coroutine that was never awaited names what the Worker called.
    _steps.__qualname__ = "fetch"

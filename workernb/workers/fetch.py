"""`fetch`: the Workers' own, which follows redirects.

A request goes to the Worker of this notebook whose route matches its URL, or else to the outbound
service of the runtime. https://developers.cloudflare.com/workers/runtime-apis/fetch/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypedDict

from workernb.errors import NetworkError, PlatformText, with_notes
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.redirects import MAX_REDIRECTS, redirected_request, redirects
from workernb.http.request import Request, receive
from workernb.http.response import Response

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
    fetcher: Fetcher | None


def fetch(
    resource: Request | str,
    *,
    method: str | None = None,
    headers: HeadersInit = None,
    body: BodyInit = None,
    redirect: str | None = None,
    cf: dict[str, Any] | None = None,
    fetcher: Fetcher | None = None,
) -> Coroutine[Any, Any, Response]:
    """Fetch a URL or a Request: `response = await fetch("https://example.com/")`.

    Up to 20 redirects are followed, unless `redirect` is `manual`, as it is for a request that was
    received. Each of them is a subrequest. Waiting for the response costs no CPU budget.

    Raises GlobalScopeError while a module loads, RuntimeError where no Worker runs. Awaited, it
    raises NetworkError (an OSError) when there is no response, or too many redirects; TypeError as
    `Request` does; LimitError after too many subrequests.
    """
    send = running().send
    try:
        request = Request(
            resource, method=method, headers=headers, body=body, redirect=redirect, cf=cf
        )
    except Exception as error:
        return _fail(error)
    return _follow(send, request) if fetcher is None else _call(fetcher, request)


async def _fail(error: Exception) -> Response:
    raise error


async def _call(fetcher: Fetcher, request: Request) -> Response:
    return await fetcher(request)


async def _follow(send: Fetcher, request: Request) -> Response:
    """Send a request, and follow the redirects that it is answered with."""
    first = request
    for _ in range(MAX_REDIRECTS + 1):
        # A clone is sent, because a redirect may need the body again.
        response = await send(receive(request.clone()))
        if request.redirect == "manual" or not redirects(response):
            if request is not first:
                response._redirected_to = response._url
            return response
        request = redirected_request(request, response)
    raise with_notes(
        NetworkError(PlatformText.TOO_MANY_REDIRECTS),
        f"A fetch follows {MAX_REDIRECTS} redirects at most; the last one leads to {request.url}.",
    )


fetch.__module__ = "workers"

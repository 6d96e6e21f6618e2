"""The comparison of a system of JavaScript Workers with its twin in workerd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workernb.assembly import Runtime
from workernb.errors import ComparisonError, UsageError, format_error
from workernb.http.request import Request
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.languages import JAVASCRIPT
from workernb.wrangler.export.order import needed

from .answers import Answer, Failure, PlainRequest
from .miniflare import running


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of an answer that differs. part: `status`, a header's name, `body`, `exception`.

    here, there: what it is in this process and in workerd; None where there is none.
    """

    part: str
    here: str | None
    there: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One request, what answered it in this process, and what in workerd."""

    request: PlainRequest
    here: Answer | Failure
    there: Answer | Failure

    @property
    def differences(self) -> list[Difference]:
        """What differs."""
        here, there = self.here.parts(), self.there.parts()
        return [
            Difference(part, here.get(part), there.get(part))
            for part in dict.fromkeys((*here, *there))
            if here.get(part) != there.get(part)
        ]


async def compare(
    gateway: Handle, requests: Iterable[Request | str | Mapping[str, Any]]
) -> list[Compared]:
    """Make requests here and in miniflare, one after the other, and return what answered them.

    Both begin with new isolates and empty stores. Raises UsageError for what is no request;
    ComparisonError for a system with Python Workers, and where miniflare cannot be had.
    """
    plain = [await _plain(each) for each in requests]
    if not plain:
        raise UsageError('compare_workerd takes a list of requests: ["http://gateway/"].')
    definitions = _system(gateway)
    _refuse_python(definitions)
    async with running(definitions) as miniflare:
        there = [await miniflare.fetch(each) for each in plain]
    here = await _answers_here(definitions, plain)
    return [Compared(*each) for each in zip(plain, here, there, strict=True)]


async def _plain(given: Request | str | Mapping[str, Any]) -> PlainRequest:
    """Return a request with its body in memory."""
    if isinstance(given, Mapping):
        options = dict(given)
        request = Request(options.pop("url"), **options)
    else:
        request = given if isinstance(given, Request) else Request(given)
    body = await request.bytes() if request.body is not None else None
    method = str(getattr(request.method, "value", request.method))
    return PlainRequest(method, request.url, tuple(request.headers.items()), body)


def _system(gateway: Handle) -> list[Definition]:
    """Return the definitions of a Worker and of all that it needs, its own first."""
    runtime: CoreRuntime = gateway._runtime
    found: dict[str, Definition] = {}
    waiting = [gateway.name]
    while waiting:
        name = waiting.pop(0)
        service = runtime.services.get(name)
        if name in found or service is None or service.version is None:
            continue
        found[name] = service.definition
        waiting += needed(service.definition)
    return list(found.values())


def _refuse_python(definitions: Sequence[Definition]) -> None:
    names = [one.name for one in definitions if one.language != JAVASCRIPT]
    if names:
        verb = "is a Python Worker" if len(names) == 1 else "are Python Workers"
        raise ComparisonError(
            f"{', '.join(names)} {verb}: workerd runs Python with Pyodide, which it fetches from "
            "the network, so the twin is for JavaScript alone. %export and npm run dev run all."
        )


async def _answers_here(
    definitions: Sequence[Definition], requests: Sequence[PlainRequest]
) -> list[Answer | Failure]:
    runtime = Runtime(outbound=None)
    try:
        runtime.define_all([(one, "compare_workerd") for one in definitions])
        gateway = runtime[definitions[0].name]
        return [await _answer_here(gateway, each) for each in requests]
    finally:
        runtime.close()


async def _answer_here(gateway: Handle, request: PlainRequest) -> Answer | Failure:
    try:
        response = await gateway.fetch(
            request.url,
            method=request.method,
            headers=[*request.headers],
            body=request.body,
            redirect="manual",
        )
        body: bytes = await response.bytes()
    except Exception as error:
        name = getattr(error, "name", None)
        if isinstance(name, str) and hasattr(error, "message"):
            return Failure(name, str(error.message))
        name, _, message = format_error(error).partition(": ")
        return Failure(name, message)
    return Answer(response.status, response.status_text, response.headers, body)

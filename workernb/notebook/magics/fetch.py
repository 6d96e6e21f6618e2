"""`%fetch`: from what was typed to the answer, as a stranger gets it, and its card."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from workernb.errors import (
    CanceledError,
    CpuLimitError,
    OptionError,
    PlatformText,
    UsageError,
    did_you_mean,
    with_notes,
)
from workernb.http import Request, Response
from workernb.http.response import REDIRECTS
from workernb.notebook.card import Card
from workernb.notebook.display import show
from workernb.notebook.tracebacks import FetchError
from workernb.options.fetch import FetchOptions
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.execution.sync import Call
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.targets import DEFAULT, Target

MOST_REDIRECTS = 50
"""How many redirects `-L` follows: curl's own number."""

_TO_GET = frozenset({301, 302, 303})


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a fetch; there are several only when `-L` follows redirects.

    target: what it reaches; None when no route leads anywhere. owner: by name, or as an outsider.
    """

    request: Request
    target: Target | None
    owner: bool

    @property
    def title(self) -> str:
        """The request in a few words."""
        return f"{self.request.method.value} {self.request.url}"


class Fetching:
    """One `%fetch`."""

    def __init__(self, runtime: Runtime, options: FetchOptions) -> None:
        """Make the request; OptionError or UsageError when it cannot be made."""
        self._runtime = runtime
        self._options = options
        method = options.method or ("GET" if options.body is None else "POST")
        self._step = self._first(method)

    def _first(self, method: str) -> Step:
        options = self._options
        try:
            request = Request(
                options.url, method=method, headers=options.headers, body=options.body
            )
        except TypeError as error:
            notes = getattr(error, "__notes__", ())
            raise with_notes(OptionError(f"%fetch: {error}"), *notes) from None
        if options.target is None:
            return Step(request, self._runtime.route(request.url), False)
        self._check(options.target)
        return Step(request, options.target, True)

    def _check(self, target: Target) -> None:
        """Refuse a name that leads nowhere."""
        name = self._runtime[target.service].name
        known = self._runtime.services[name].entrypoints
        if target.entrypoint not in known and target.entrypoint != DEFAULT:
            raise with_notes(
                UsageError(f"Worker {name!r} has no entrypoint {target.entrypoint!r}."),
                did_you_mean(target.entrypoint, known)
                or (f"It has {', '.join(known)}." if known else None),
            )

    async def answer(self) -> Answer:
        """Make the request and wait for the answer, redirects followed, as long as `-m` allows."""
        limit = asyncio.timeout(self._options.max_time)
        try:
            async with limit:
                return await self._follow()
        except TimeoutError:
            if not limit.expired():
                raise
        seconds = self._options.max_time
        raise FetchError(f"{self._step.title} took longer than {seconds:g} s (-m).")

    async def _follow(self) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._ask(self._step)
            location = answer.headers.get("location")
            if not (self._options.follow and answer.status in REDIRECTS and location):
                return answer
            self._step = self._redirected(self._step, answer.status, location)
        raise FetchError(f"{self._step.title}: more than {MOST_REDIRECTS} redirects (-L).")

    async def _ask(self, step: Step) -> Answer:
        if step.target is None:
            nothing = Response("There is nothing here yet", 404)
            return Answer.of(nothing._send(step.request.url), None)
        # A clone is given away: a redirect may send the body once more.
        request = step.request.clone()._send()
        # Prints go to the card, with who printed, and not to the cell's output as well.
        echo = io.StringIO()
        return await as_a_stranger(
            self._runtime.call(step.target, request, owner=step.owner, echo=echo), step.request.url
        )

    def _redirected(self, step: Step, status: int, location: str) -> Step:
        """Return the request that a redirect asks for, as curl makes it."""
        url = urljoin(step.request.url, location)
        request = step.request
        try:
            if status in _TO_GET and request.method == "POST" and self._options.method is None:
                kept = [(n, v) for n, v in request.headers.items() if n != "content-type"]
                request = Request(url, headers=kept)
            else:
                request = Request(
                    url,
                    method=request.method,
                    headers=request.headers,
                    body=request.clone()._take(),
                )
        except TypeError as error:
            raise FetchError(f"{step.title} redirects to where nothing can be: {error}") from None
        # The owner's own name leads on; anything else is reached as an outsider reaches it.
        same = urlsplit(request.url).netloc == urlsplit(step.request.url).netloc
        if step.owner and same and step.target is not None:
            return Step(request, step.target, True)
        return Step(request, self._runtime.route(request.url), False)

    # The card

    def show(self, answer: Answer) -> Answer:
        """Show the card; with `-f`, fail the cell for a status of 400 or more."""
        redact = self._runtime.redactor.redact
        silent = self._options.silent
        card = None if silent else Card.of(answer, self._step.title, self._access(), redact)
        show(card, answer)
        if self._options.fail and answer.status >= 400:
            raise FetchError(f"{self._step.title} was answered with {answer.status} (-f).")
        return answer

    def _access(self) -> str:
        """Return whether an outsider could have made this request."""
        target = self._step.target
        if target is None:
            return self._nobody()
        service = self._runtime.services[target.service]
        if not service.public:
            return f"{service.name} is private: an outsider would get a 404."
        return f"{service.name} is public: {service.definition.routes[0].url}"

    def _nobody(self) -> str:
        host = urlsplit(self._step.request.url).hostname or ""
        name = host.removesuffix(".localhost")
        if name in self._runtime:
            return f"No route leads to {name}: it is private. Its owner can: %fetch {name}"
        return "No Worker has a route for this URL."


async def as_a_stranger(call: Call, url: str) -> Answer:
    """Return the answer to a call as one who is not the owner gets it: failures as pages.

    A Worker's exception is a 500, a used-up CPU budget a 503 with the platform's 1102. An
    interrupt is no answer, and is raised; so is the cancellation of who awaits this.
    """
    try:
        return await call
    except CanceledError:
        raise
    except CpuLimitError:
        page = Response("error code: 1102", 503)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        page = Response(PlatformText.INTERNAL, 500)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException:
        # What a Worker raises may be of any kind. The trace has it in its log.
        page = Response(PlatformText.INTERNAL, 500)
    return Answer.of(page._send(url), call.trace)

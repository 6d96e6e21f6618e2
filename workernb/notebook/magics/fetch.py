"""`%fetch`: makes a request, as its owner or as an outsider, and shows the answer's card."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from workernb.assembly import get_runtime
from workernb.errors import (
    OptionError,
    did_you_mean,
    with_notes,
)
from workernb.frontdoor.answers import answer_for_outsider
from workernb.frontdoor.pages import nothing_here
from workernb.http import Request
from workernb.http.request import receive
from workernb.http.response import REDIRECTS
from workernb.http.streams.chunks import Beginning
from workernb.notebook.card import Card, read_beginning
from workernb.notebook.display import print_lines, show
from workernb.notebook.door import public_places
from workernb.notebook.hints.echo import LiveEcho
from workernb.notebook.tracebacks import FetchError
from workernb.notebook.variables import expander
from workernb.options.fetch import FetchOptions, fetch_parser
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.targets import Target

GRACE_MS = 50
"""How much later (ms) than -m says what blocks the loop is cut; what waits is ended in time."""

MAX_REDIRECTS = 50
"""How many redirects -L follows, as with curl."""

_CHANGE_POST_TO_GET = frozenset({301, 302, 303})

Names = Mapping[str, Any] | None


@magics_class
class FetchMagics(Magics):
    """The magic that makes a request, in its two forms."""

    shell: Any

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def fetch(self, line: str, cell: str | None = None, local_ns: Names = None) -> Answer:
        """Make a request synchronously, where no await can stand."""
        command = self._command(line, cell, local_ns)
        return command.show(run_sync(command.answer(), get_runtime()))

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    async def _fetch_async(
        self, line: str, cell: str | None = None, local_ns: Names = None
    ) -> Answer:
        """Make a request: what `%fetch` is transformed to where an await can stand."""
        command = self._command(line, cell, local_ns)
        return command.show(await command.answer())

    def _command(self, line: str, cell: str | None, local_ns: Names) -> FetchCommand:
        options = FetchOptions.parse(line, cell, expander(self.shell, local_ns))
        return FetchCommand(get_runtime(), options)

    fetch.__doc__ = fetch_parser().help_text()


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a `%fetch`; redirects that -L follows add more.

    target: where the request goes, None if no route matches its URL. owner: whether it is made by
    name, as the owner of the notebook, or by URL, as an outsider.
    """

    request: Request
    target: Target | None
    owner: bool

    @property
    def title(self) -> str:
        """Method and URL."""
        return f"{self.request.method.value} {self.request.url}"


class FetchCommand:
    """The execution of one `%fetch`."""

    def __init__(self, runtime: Runtime, options: FetchOptions) -> None:
        """Build the request; OptionError or UsageError if it is refused."""
        self._runtime = runtime
        self._options = options
        self._beginning: Beginning | None = None
        self.exchanged: list[str] = []
        """The lines sent and received, with -v."""
        self._learn_password()
        method = options.method or ("GET" if options.body is None else "POST")
        self._step = self._first_step(method)

    def _first_step(self, method: str) -> Step:
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
        self._runtime.entrypoint(options.target)  # Refused if it is missing.
        return Step(request, options.target, True)

    async def answer(self) -> Answer:
        """Make the request and return its answer, after the redirects that -L follows.

        Raises FetchError after too many redirects, and when -m is exceeded.
        """
        limit = asyncio.timeout(self._options.max_time)
        try:
            async with limit:
                answer = await self._follow_redirects()
                if self._was_cut(answer):
                    raise self._took_too_long()
                if self._options.output is not None:
                    await self._save(answer, self._options.output)
                self._beginning = await read_beginning(answer)
                return answer
        except TimeoutError:
            if not limit.expired():
                raise
        raise self._took_too_long()

    def _took_too_long(self) -> FetchError:
        seconds = self._options.max_time
        return FetchError(f"{self._step.title} took longer than {seconds:g} s (-m).", 28)

    def _was_cut(self, answer: Answer) -> bool:
        """Return whether -m has ended what blocked the loop, which no timeout can."""
        trace = answer.trace
        return (
            self._options.max_time is not None
            and trace is not None
            and trace.limits.wall_ms == self._wall_ms
            and trace.outcome == "exceededWallTime"
        )

    @property
    def _wall_ms(self) -> float | None:
        """The limit (ms of wall clock) for what -m cannot end in time, a little longer than it."""
        seconds = self._options.max_time
        return None if seconds is None else seconds * 1000 + GRACE_MS

    async def _save(self, answer: Answer, output: str) -> None:
        """Write the whole body to a file (-o), and leave it readable."""
        await answer._buffer_body()
        data = answer._peek() or b""
        write_body(output, data.encode() if isinstance(data, str) else data)

    async def _follow_redirects(self) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._send(self._step)
            if self._options.verbose:
                self.exchanged += sent_and_received(self._step.request, answer)
            location = answer.headers.get("location")
            if not (self._options.follow and answer.status in REDIRECTS and location):
                return answer
            self._step = self._redirected(self._step, answer.status, location)
        raise FetchError(f"{self._step.title}: more than {MAX_REDIRECTS} redirects (-L).", 47)

    async def _send(self, step: Step) -> Answer:
        if step.target is None:
            return Answer.of(nothing_here()._send(step.request.url), None)
        # A clone is sent: a redirect may need the body again.
        request = receive(step.request.clone())
        # Prints are shown on the card, with the Worker's name; in the cell's output only while a
        # request takes long.
        echo = LiveEcho()
        call = self._runtime.call(step.target, request, owner=step.owner, echo=echo)
        if (wall_ms := self._wall_ms) is not None and call.trace is not None:
            limits = call.trace.limits
            if limits.wall_ms is None or limits.wall_ms > wall_ms:
                call.trace.limits = limits.but(wall_ms=wall_ms)
        try:
            return await answer_for_outsider(call, step.request.url)
        finally:
            echo.end()

    def _redirected(self, step: Step, status: int, location: str) -> Step:
        """Return the request after a redirect, changed as curl changes it."""
        request = step.request
        try:
            url = urljoin(request.url, location)
            if (
                status in _CHANGE_POST_TO_GET
                and request.method == "POST"
                and self._options.method is None
            ):
                headers = [
                    (name, value)
                    for name, value in request.headers.items()
                    if name != "content-type"
                ]
                request = Request(url, headers=headers)
            else:
                request = Request(
                    url,
                    method=request.method,
                    headers=request.headers,
                    body=request.clone()._move(),
                )
        except (TypeError, ValueError) as error:
            raise FetchError(f"{step.title} redirects to where nothing can be: {error}") from None
        # The owner stays the owner on the same host; any other URL is subject to the routes.
        same_host = urlsplit(request.url).netloc == urlsplit(step.request.url).netloc
        if step.owner and same_host and step.target is not None:
            return Step(request, step.target, True)
        return Step(request, self._runtime.route(request.url), False)

    def show(self, answer: Answer) -> Answer:
        """Show the card and return the answer; FetchError for a status of 400 or more with -f."""
        redact = self._runtime.redactor.redact
        silent = self._options.silent
        print_lines([redact(line) for line in self.exchanged])
        if self._options.output is not None and not silent:
            print_lines([f"The body is in {self._options.output}."])
        card = (
            None
            if silent
            else Card.of(answer, self._step.title, self._access(), redact, self._beginning)
        )
        show(card, answer)
        if self._options.fail and answer.status >= 400:
            raise FetchError(f"{self._step.title} was answered with {answer.status} (-f).", 22)
        return answer

    def _learn_password(self) -> None:
        """Let no output show the password of -u, nor the header that it is sent in."""
        user = self._options.user
        if user is not None:
            encoded = dict(self._options.headers)["authorization"].removeprefix("Basic ")
            self._runtime.redactor.learn([user.partition(":")[2], encoded])

    def _access(self) -> str:
        """Return the card's line about whether an outsider could make this request."""
        target = self._step.target
        if target is None:
            return self._no_route()
        service = self._runtime.services[target.service]
        if not service.public:
            return f"{service.name} is private: an outsider would get a 404."
        return f"{service.name} is public: {public_places(service)[0]}"

    def _no_route(self) -> str:
        host = urlsplit(self._step.request.url).hostname or ""
        name = host.removesuffix(".localhost")
        if name in self._runtime:
            return f"No route leads to {name}: it is private. Its owner can: %fetch {name}"
        remedy = did_you_mean(name, self._runtime) if name != host else None
        return " ".join(filter(None, ["No Worker has a route for this URL.", remedy]))


def write_body(output: str, data: Any) -> None:
    """Write a body, bytes, to a file; FetchError, with curl's exit code, if it cannot be."""
    try:
        Path(output).expanduser().write_bytes(data)
    except OSError as error:
        raise FetchError(f"{output} cannot be written: {error.strerror} (-o).", 23) from None


def sent_and_received(request: Request, answer: Answer) -> list[str]:
    """Return the lines of a request and of its response, marked as curl marks them (-v)."""
    url = urlsplit(request.url)
    path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
    sent = [f"{request.method.value} {path}", f"host: {url.netloc}"]
    sent += [f"{name}: {value}" for name, value in request.headers.items()]
    received = [f"{answer.status} {answer.status_text}"]
    received += [f"{name}: {value}" for name, value in answer.headers.items()]
    return [*(f"> {line}" for line in sent), ">", *(f"< {line}" for line in received), "<"]

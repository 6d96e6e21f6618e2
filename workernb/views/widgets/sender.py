"""The bar that sends a request: a line as `%fetch` takes it, and what came of it."""

from __future__ import annotations

import asyncio
from typing import Any

from ipywidgets import HTML, Button, HBox, Text

from workernb.http import Request
from workernb.options.fetch import FetchOptions
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.metering import ms
from workernb.views.drawing.text import Markup, one_line

from .ticker import call_on_loop

MAX_BODY = 160
"""How many characters of an answer's body are shown."""

MAX_WAIT_S = 10.0
"""How long (s of wall clock) the beginning of a body is waited for."""


class RequestBar(HBox):  # type: ignore[misc]
    """A field for a request and a button that sends it: `gateway/path -H 'x: 1' -d text`.

    line: the field; its options are those of `%fetch`. sending: the task of the last request.
    """

    def __init__(self, runtime: Runtime, loop: asyncio.AbstractEventLoop | None) -> None:
        """Send to the Workers of a runtime, on the loop that they run on."""
        self.runtime = runtime
        self.loop = loop
        self.sending: asyncio.Task[None] | None = None
        self.line = Text(
            placeholder="gateway/path  -H 'name: value'  -d text", layout={"flex": "1 1 auto"}
        )
        self.button = Button(description="Send", tooltip="Send it", layout={"width": "auto"})
        self._result = HTML(layout={"flex": "1 1 40%", "overflow": "hidden"})
        super().__init__([self.line, self.button, self._result])
        self.button.on_click(lambda _: call_on_loop(self.loop, self.send_line))

    @property
    def result(self) -> str:
        """What came of the last request, as HTML."""
        return str(self._result.value)

    def send_line(self) -> None:
        """Send the request that has been typed."""
        if self.loop is None or self.loop.is_closed():
            self._say("There is no loop here to send it on.", failed=True)
            return
        self._say("…")
        self.sending = self.loop.create_task(self._send(str(self.line.value)))

    async def _send(self, line: str) -> None:
        try:
            self._say(await self._answer(line))
        except Exception as error:
            self._say(f"{type(error).__name__}: {error}", failed=True)

    async def _answer(self, line: str) -> str:
        options = FetchOptions.parse(line, None, str)
        method = options.method or ("GET" if options.body is None else "POST")
        request = Request(options.url, method=method, headers=options.headers, body=options.body)
        target = options.target or self.runtime.route(request.url)
        if target is None:
            return f"No route leads to {request.url}"
        owner = options.target is not None
        answer: Any = await self.runtime.call(target, request, owner=owner)
        used = "" if answer.trace is None else f" · CPU {ms(answer.trace.cpu_ms)}"
        return f"{answer.status} {answer.status_text}{used} · {await _beginning(answer)}"

    def _say(self, text: str, failed: bool = False) -> None:
        color = "var(--jp-error-color1,#c02020)" if failed else "inherit"
        shown = one_line(self.runtime.redactor.redact(text), MAX_BODY + 60)
        self._result.value = Markup('<span role="status" style="color:{}">{}</span>').format(
            color, shown
        )


async def _beginning(answer: Any) -> str:
    """Return the beginning of a body; the rest of it is not waited for."""
    if answer.body is None:
        return "no body"
    async with asyncio.timeout(MAX_WAIT_S):
        async for chunk in answer.body:
            text = bytes(chunk[: 4 * MAX_BODY]).decode("utf-8", "replace")
            return text if len(text) <= MAX_BODY else text[: MAX_BODY - 1] + "…"
    return "no body"

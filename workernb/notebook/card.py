"""The card of a fetch: status, headers, body, CPU by Worker, access and logs."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from workernb.errors import format_error
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Beginning
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.tracing.fetches import Fetch
from workernb.runtime.tracing.invocations import Log
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import one_line, visible
from workernb.views.pictures.fetches import describe_fetch, logs_and_fetches, omitted_fetches
from workernb.views.pictures.operations import list_operations

MAX_PARSED = 1024 * 1024
"""The largest image, in bytes, and the longest JSON, in characters, that a card takes in."""

MAX_SHOWN = 10_000
"""How many characters of a body a card shows, and how many bytes it reads of a stream."""

PATIENCE_S = 1.0
"""How long (s of wall clock) a card reads a stream, the first chunk aside."""

_STYLE = (
    "border:1px solid var(--jp-border-color2,#bbb);border-radius:4px;padding:8px 12px;"
    "max-width:60em;color:var(--jp-ui-font-color1,#1b1b1b);"
    "background:var(--jp-layout-color1,#fff);font-size:13px;line-height:1.5"
)
_PRE = (
    "margin:6px 0;padding:6px 8px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "max-height:24em;overflow:auto;background:var(--jp-layout-color2,#f3f3f3);"
    "color:var(--jp-ui-font-color1,#1b1b1b)"
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader sees of an answer, with secrets redacted. It does not change later.

    request: method and URL. body: as text. image: media type and content, if the body is an image.
    cpu: CPU by Worker, on one line. access: whether others than the owner reach the Worker.
    operations: a line for each call to a store.
    """

    request: str
    status: int
    phrase: str
    headers: list[tuple[str, str]]
    body: str
    image: tuple[str, bytes] | None
    cpu: str
    access: str
    operations: list[str]
    logs: list[str]

    @classmethod
    def of(
        cls,
        answer: Answer,
        request: str,
        access: str,
        redact: Callable[[str], str],
        beginning: Beginning | None = None,
    ) -> Card:
        """Make the card of an answer, whose body can still be read afterwards.

        beginning: that of a body that is a stream.
        """
        data = None if answer.body_used else answer._peek()
        if isinstance(data, ReadableStream):
            data = beginning.data if beginning is not None and beginning.whole else None
        content_type = answer.headers.get("content-type") or ""
        trace = answer.trace
        return cls(
            request=redact(request),
            status=answer.status,
            phrase=redact(answer.status_text),
            headers=[(redact(name), redact(value)) for name, value in answer.headers.items()],
            body=(
                "(read already)"
                if answer.body_used
                else stream_text(beginning, content_type, redact)
                if beginning is not None and not beginning.whole
                else body_text(data, content_type)
            ),
            image=_image(data, content_type),
            cpu="" if trace is None else cpu_line(trace),
            access=access,
            operations=[] if trace is None else operation_lines(trace),
            logs=[] if trace is None else log_lines(trace),
        )

    def __repr__(self) -> str:
        lines = [self.request, f"{self.status} {visible(self.phrase)}"]
        lines += [f"{name}: {one_line(value, 400)}" for name, value in self.headers]
        lines += ["", visible(self.body), ""]
        lines += [line for line in (self.cpu, self.access) if line]
        lines += [visible(line) for line in (*self.operations, *self.logs)]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        card = Markup(
            '<div style="{style}" role="group" aria-label="{label}">'
            '<div style="opacity:.8">{request}</div>'
            '<div><b style="background:{color};color:#fff;border-radius:3px;padding:0 6px">'
            "{status}</b> <b>{phrase}</b></div>"
            '<div style="opacity:.85">{headers}</div>{body}{notes}{operations}{logs}</div>'
        ).format(
            style=_STYLE,
            label=visible(self.request, 200),
            request=visible(self.request, 400),
            color=self._color(),
            status=self.status,
            phrase=visible(self.phrase, 100),
            headers=Markup("").join(
                Markup("<div><b>{}:</b> {}</div>").format(visible(name, 200), visible(value, 400))
                for name, value in self.headers
            ),
            body=self._body_html(),
            notes=Markup("").join(
                Markup("<div>{}</div>").format(_with_link(visible(line)))
                for line in (self.cpu, self.access)
                if line
            ),
            operations=_pre("\n".join(self.operations)) if self.operations else "",
            logs=_pre("\n".join(self.logs)) if self.logs else "",
        )
        return str(card)

    def _color(self) -> str:
        return "#1a7f37" if self.status < 400 else "#b35900" if self.status < 500 else "#c02020"

    def _body_html(self) -> Markup:
        if self.image is None:
            return _pre(self.body)
        media_type, content = self.image
        return Markup('<img alt="the body, an image" src="data:{};base64,{}">').format(
            visible(media_type), base64.b64encode(content).decode()
        )


def _with_link(line: str) -> Markup:
    """Return a line as HTML, with a link in the place of the URL that it ends with."""
    text, colon, url = line.rpartition(": ")
    if not colon or not url.startswith(("http://", "/")):
        return Markup("{}").format(line)
    link = Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(url, url)
    return Markup("{}: {}").format(text, link)


def _pre(text: str) -> Markup:
    """Return text as it is; lines are wrapped, except where carets point into the line above."""
    style = f"{_PRE};white-space:pre;overflow-wrap:normal" if _has_carets(text) else _PRE
    return Markup('<pre style="{}">{}</pre>').format(style, visible(text))


_has_carets = re.compile(r"^[ \t]+[~^]+[ \t]*$", re.MULTILINE).search


def body_text(data: str | bytes | None, content_type: str) -> str:
    """Return a body as text: JSON indented, and the size of what is not UTF-8."""
    if not data:
        return "(empty body)"
    if isinstance(data, bytes):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return f"({len(data):,} bytes, {content_type or 'no content-type'})"
    else:
        text = data
    text = text.replace("\r\n", "\n")
    if "json" in content_type and len(text) <= MAX_PARSED:
        with contextlib.suppress(ValueError, RecursionError):  # Too deeply nested: as text.
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    if len(text) > MAX_SHOWN:
        return f"{text[:MAX_SHOWN]}\n… ({len(text) - MAX_SHOWN:,} characters more)"
    return text


async def read_beginning(answer: Answer) -> Beginning | None:
    """Read what a card shows of a body that is a stream; None for any other body."""
    stream = answer._data
    if not isinstance(stream, ReadableStream) or stream.locked:
        return None
    return await stream._read_ahead(MAX_SHOWN, time.monotonic() + PATIENCE_S)


def stream_text(beginning: Beginning, content_type: str, redact: Callable[[str], str]) -> str:
    """Return the beginning of a stream as text, and what becomes of the rest."""
    data, failure = beginning.data, beginning.failure
    try:
        # The last character may not be complete yet.
        text = getincrementaldecoder("utf-8")().decode(data)[:MAX_SHOWN]
    except UnicodeDecodeError:
        text = f"({len(data):,} bytes, {content_type or 'no content-type'})"
    rest = "it is read on as it is asked for" if failure is None else "then it failed"
    end = "" if failure is None else f": {redact(format_error(failure))}"
    return f"{text}\n… (a stream, of which {len(data):,} bytes have come; {rest}{end})"


def _image(data: str | bytes | None, content_type: str) -> tuple[str, bytes] | None:
    """Return media type and content of a body that is an image, and not too large."""
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    if not media_type.startswith("image/") or not data or len(data) > MAX_PARSED:
        return None
    return media_type, data.encode() if isinstance(data, str) else data


def cpu_line(trace: Trace) -> str:
    """Return the CPU of a request and of each Worker in it, on one line."""
    parts = [f"{name} {ms(value)}" for name, value in trace.cpu_by_service().items()]
    total = ms(trace.cpu_ms) + trace.limits.of_budget
    ended = trace.outcome or "still running"
    outcome = f", {ended}" if ended not in ("ok", "exception") else ""
    return f"CPU {total}: {' · '.join(parts)}{outcome}"


def log_lines(trace: Trace) -> list[str]:
    """Return what the Workers of a request logged and fetched, a line or more each."""
    lines = [
        f"{one.invocation.service} {describe_fetch(one)}"
        if isinstance(one, Fetch)
        else log_line(one)
        for one in logs_and_fetches(trace)
    ]
    return [*lines, *omitted_fetches(trace)]


def operation_lines(trace: Trace) -> list[str]:
    """Return a line for each call to a store, after its Worker."""
    listed = list_operations(trace.operations)
    return [f"{operation.caller.service} ▸ {text}" for operation, text in listed]


def log_line(log: Log) -> str:
    """Return a log entry after its Worker and level; further lines are indented."""
    source = log.invocation.service if log.invocation is not None else "workernb"
    head = f"{source} {log.level}: " if log.level != "log" else f"{source}: "
    return head + "\n    ".join(log.text.split("\n"))

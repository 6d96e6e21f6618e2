"""The card of a fetch: status, headers, body, who used the CPU, who may call, and the logs."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.tracing.invocations import Log
from workernb.views.drawing.text import escaped, ms, one_line, visible

KEPT_BYTES = 1024 * 1024
"""How much of a body a card keeps."""

SHOWN = 10_000
"""How many characters of a body a card shows."""

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
    """What a reader sees of an answer. Made at once, so that it does not change afterwards."""

    request: str
    status: int
    phrase: str
    headers: list[tuple[str, str]]
    body: str
    image: tuple[str, bytes] | None
    cpu: str
    access: str
    logs: list[str]

    @classmethod
    def of(cls, answer: Answer, request: str, access: str, redact: Any) -> Card:
        """Take the card of an answer, whose body is left to be read."""
        data = None if answer.body_used else answer._peek()
        kind = answer.headers.get("content-type") or ""
        trace = answer.trace
        return cls(
            request=redact(request),
            status=answer.status,
            phrase=redact(answer.status_text),
            headers=[(redact(name), redact(value)) for name, value in answer.headers.items()],
            body="(read already)" if answer.body_used else body_text(data, kind),
            image=_image(data, kind),
            cpu="" if trace is None else cpu_line(trace),
            access=access,
            logs=[] if trace is None else [log_line(log) for log in trace.logs],
        )

    def __repr__(self) -> str:
        lines = [f"{self.request}", f"{self.status} {visible(self.phrase)}"]
        lines += [f"{name}: {one_line(value, 400)}" for name, value in self.headers]
        lines += ["", visible(self.body), ""]
        lines += [line for line in (self.cpu, self.access) if line]
        lines += [visible(line) for line in self.logs]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        color = "#1a7f37" if self.status < 400 else "#b35900" if self.status < 500 else "#c02020"
        headers = "".join(
            f"<div><b>{escaped(name, 200)}:</b> {escaped(value, 400)}</div>"
            for name, value in self.headers
        )
        small = "".join(f"<div>{escaped(line)}</div>" for line in (self.cpu, self.access) if line)
        logs = f'<pre style="{_PRE}">{escaped(chr(10).join(self.logs))}</pre>' if self.logs else ""
        return (
            f'<div style="{_STYLE}" role="group" aria-label="{escaped(self.request, 200)}">'
            f'<div style="opacity:.8">{escaped(self.request, 400)}</div>'
            f'<div><b style="background:{color};color:#fff;border-radius:3px;padding:0 6px">'
            f"{self.status}</b> <b>{escaped(self.phrase, 100)}</b></div>"
            f'<div style="opacity:.85">{headers}</div>{self._body_html()}{small}{logs}</div>'
        )

    def _body_html(self) -> str:
        if self.image is not None:
            kind, data = self.image
            source = base64.b64encode(data).decode()
            return f'<img alt="the body, an image" src="data:{escaped(kind)};base64,{source}">'
        return f'<pre style="{_PRE}">{escaped(self.body)}</pre>'


def body_text(data: str | bytes | None, kind: str) -> str:
    """Return a body as text: JSON indented, bytes that are no text as their size."""
    if not data:
        return "(empty body)"
    if isinstance(data, bytes):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return f"({len(data):,} bytes, {kind or 'no content-type'})"
    else:
        text = data
    text = text.replace("\r\n", "\n")
    if "json" in kind and len(text) <= KEPT_BYTES:
        with contextlib.suppress(ValueError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    if len(text) > SHOWN:
        return f"{text[:SHOWN]}\n… ({len(text) - SHOWN:,} characters more)"
    return text


def _image(data: str | bytes | None, kind: str) -> tuple[str, bytes] | None:
    media = kind.split(";", maxsplit=1)[0].strip().lower()
    if not media.startswith("image/") or not data or len(data) > KEPT_BYTES:
        return None
    return media, data.encode() if isinstance(data, str) else data


def cpu_line(trace: Any) -> str:
    """Return who used how much CPU, on one line."""
    used = trace.cpu_by_service()
    parts = [f"{name} {ms(value)}" for name, value in used.items()]
    whole = ms(trace.cpu_ms) + trace.limits.of_budget
    cut = f", {trace.outcome}" if trace.outcome not in ("ok", "exception") else ""
    return f"CPU {whole}: {' · '.join(parts)}{cut}"


def log_line(log: Log) -> str:
    """Return a log entry with its Worker and level."""
    who = log.invocation.service if log.invocation is not None else "workernb"
    lines = log.text.split("\n")
    head = f"{who} {log.level}: " if log.level != "log" else f"{who}: "
    return head + "\n    ".join(lines)

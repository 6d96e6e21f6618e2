"""The OTLP exporter: sends finished requests to an OpenTelemetry collector, over HTTP.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import json
import os
import queue
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from workernb.errors import UsageError
from workernb.runtime.tracing.traces import Trace

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
DEFAULT_ENDPOINT = "http://localhost:4318"
PATH = "/v1/traces"

MAX_WAITING = 1_000
"""How many traces wait to be sent; more are dropped."""

TIMEOUT_S = 10.0
"""Seconds of wall clock that the collector has for an answer: the specification's default."""


class OTLPExporter:
    """Sends each trace that it is called with, as OTLP/JSON, from a thread of its own.

    `runtime.on_finished.append(workernb.OTLPExporter())`. A call never waits: a trace that finds
    the queue full, or the collector away, is dropped. sent, dropped: how many traces. failure: why
    the last one that could not be sent was not, or None.
    """

    def __init__(self, url: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Send to `url`, which is used as it is.

        Without it, to what OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says, or to /v1/traces below
        OTEL_EXPORTER_OTLP_ENDPOINT, or below http://localhost:4318. headers: added to each request;
        by default those of OTEL_EXPORTER_OTLP_HEADERS. Raises UsageError for another kind of URL.
        """
        self.url = _endpoint() if url is None else url
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"A collector's URL is like {DEFAULT_ENDPOINT}{PATH}, not {self.url!r}."
            )
        self._headers = {**(_headers() if headers is None else headers)}
        self.sent = self.dropped = 0
        self.failure: str | None = None
        self._waiting: queue.Queue[Trace | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def __call__(self, trace: Trace) -> None:
        """Send a trace soon, or drop it."""
        try:
            self._waiting.put_nowait(trace)
        except queue.Full:
            self.dropped += 1
            return
        self._ensure_thread()

    def close(self, timeout: float = TIMEOUT_S) -> None:
        """Send what waits, and end the thread; wait for that for `timeout` s of wall clock.

        A trace that comes later begins a new thread.
        """
        thread = self._thread
        if thread is None:
            return
        try:
            self._waiting.put(None, timeout=timeout)
        except queue.Full:
            return
        thread.join(timeout)

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._send_all, name="workernb OTLP exporter", daemon=True
                )
                self._thread.start()

    def _send_all(self) -> None:
        """Send traces until `close` says that there are no more."""
        while (trace := self._waiting.get()) is not None:
            try:
                self._send(trace)
                self.sent += 1
            except Exception as error:
                # Whatever is wrong with a collector must not end the exporter.
                self.dropped += 1
                self.failure = f"{type(error).__name__}: {error}"
        with self._lock:
            self._thread = None
        if not self._waiting.empty():
            self._ensure_thread()

    def _send(self, trace: Trace) -> None:
        body = json.dumps(trace.to_otlp()).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url, body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            response.read()

    def __repr__(self) -> str:
        return f"<OTLPExporter to {self.url}: {self.sent} sent, {self.dropped} dropped>"


def _endpoint() -> str:
    for_traces = os.environ.get(TRACES_ENDPOINT)
    if for_traces:
        return for_traces
    return (os.environ.get(ENDPOINT) or DEFAULT_ENDPOINT).rstrip("/") + PATH


def _headers() -> dict[str, Any]:
    """Return the headers of the environment: `name=value` pairs, percent-encoded."""
    pairs = (pair.partition("=") for pair in os.environ.get(HEADERS, "").split(","))
    return {
        name.strip(): urllib.parse.unquote(value.strip())
        for name, _, value in pairs
        if name.strip()
    }

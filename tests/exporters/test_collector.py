"""The OTLP exporter: it sends finished requests, never waits, and counts what it drops."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

import workernb
from workernb.exporters import collector

WORKER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("data")
"""


class Collector(http.server.ThreadingHTTPServer):
    """Takes what is sent to it. answering: it answers while this is set."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"
        self.got = []
        self.answering = threading.Event()
        self.answering.set()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answering.wait()
        self.server.got.append((self.path, self.headers, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.answering.set()
    server.shutdown()
    thread.join()
    server.server_close()


async def fetch(runtime, times=1):
    worker = runtime.define("worker", WORKER)
    for _ in range(times):
        await worker.fetch("http://worker/")


async def test_finished_requests_are_sent(runtime, server):
    exporter = workernb.OTLPExporter(server.url, headers={"x-key": "1"})
    runtime.on_finished.append(exporter)
    await fetch(runtime, 2)
    exporter.close()
    assert (exporter.sent, exporter.dropped) == (2, 0)
    path, headers, body = server.got[0]
    assert (path, headers["x-key"]) == ("/v1/traces", "1")
    assert headers["Content-Type"] == "application/json"
    (span,) = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert span["traceId"] == runtime.traces[0].id


async def test_the_environment_says_where(runtime, server, monkeypatch):
    monkeypatch.setenv(collector.ENDPOINT, server.url.removesuffix("/v1/traces"))
    monkeypatch.setenv(collector.HEADERS, "x-key=a%20b, other=2")
    exporter = workernb.OTLPExporter()
    runtime.on_finished.append(exporter)
    await fetch(runtime)
    exporter.close()
    _, headers, _ = server.got[0]
    assert (headers["x-key"], headers["other"]) == ("a b", "2")


async def test_a_collector_that_is_away_costs_nothing_but_the_trace(runtime, server):
    server.server_close()
    exporter = workernb.OTLPExporter(server.url)
    runtime.on_finished.append(exporter)
    await fetch(runtime, 3)
    exporter.close()
    assert (exporter.sent, exporter.dropped) == (0, 3)
    assert "refused" in exporter.failure


async def test_a_collector_that_is_slow_never_holds_up_a_request(runtime, server, monkeypatch):
    monkeypatch.setattr(collector, "MAX_WAITING", 2)
    server.answering.clear()
    exporter = workernb.OTLPExporter(server.url)
    runtime.on_finished.append(exporter)
    await fetch(runtime, 10)  # The test's time limit is what a wait would meet.
    assert exporter.dropped >= 7
    server.answering.set()
    exporter.close()
    assert exporter.sent + exporter.dropped == 10


async def test_it_goes_on_after_close(runtime, server):
    exporter = workernb.OTLPExporter(server.url)
    runtime.on_finished.append(exporter)
    await fetch(runtime)
    exporter.close()
    await fetch(runtime)
    exporter.close()
    assert exporter.sent == len(server.got) == 2


@pytest.mark.parametrize("url", ["localhost:4318", "file:///etc/passwd", "http://", "x"])
def test_an_url_that_is_no_collectors(url):
    with pytest.raises(workernb.UsageError, match="A collector's URL is like"):
        workernb.OTLPExporter(url)

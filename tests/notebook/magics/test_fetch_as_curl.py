"""`%fetch` with more of curl's options, and what a Worker prints while it runs."""

from __future__ import annotations

import pytest

ECHO = """\
%%worker echo -q
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("working")
        if "slow" in request.url:
            while not DONE:
                await asyncio.sleep(0.01)
        return Response(request.method + " " + request.url + " " + await request.text())

DONE = []
"""


async def test_verbose_shows_what_was_sent_and_received(shell):
    await shell.ok(ECHO)
    done = await shell.ok("%fetch echo/a?b=c -v -u ada:lovelace-1815 -H x-a:1")
    assert done.stdout.splitlines()[:8] == [
        "> GET /a?b=c",
        "> host: echo.localhost",
        "> authorization: Basic REDACTED",
        "> x-a: 1",
        ">",
        "< 200 OK",
        "< content-type: text/plain;charset=UTF-8",
        "<",
    ]
    assert "lovelace" not in done.everything
    assert "YWRhOmxvdmVsYWNlLTE4MTU" not in done.everything


async def test_the_body_goes_to_a_file_and_stays_readable(shell, tmp_path):
    await shell.ok(ECHO)
    path = tmp_path / "body.txt"
    done = await shell.ok(f"r = %fetch echo -o {path}\nawait r.text()")
    assert path.read_text() == done.result == "GET http://echo.localhost/ "
    assert f"The body is in {path}." in done.stdout
    refused = await shell.refused(f"%fetch echo -s -o {tmp_path}/none/x")
    assert "cannot be written: No such file or directory (-o)." in refused


async def test_a_semicolon_shows_nothing(shell):
    await shell.ok(ECHO)
    done = await shell.ok("r = %fetch echo;")
    assert (done.text.strip(), shell.names["r"].status) == ("", 200)


async def test_json_of_a_shell_keeps_its_quotes_and_braces(shell):
    await shell.ok(ECHO, "name = 'Ada'")
    sent = await shell.ok("""%fetch echo --json '{"a": {"b": {name}, "c": {unknown}}}'""")
    assert '{"a": {"b": Ada, "c": {unknown}}}' in sent.text
    sent = await shell.ok("""%fetch echo --json {"a": {"b": 1}}""")
    assert 'POST http://echo.localhost/ {"a": {"b": 1}}' in sent.text


async def test_json_of_a_handle(shell):
    await shell.ok(ECHO)
    done = await shell.ok("r = await echo.fetch(json={'a': [1]})\nawait r.text()")
    assert done.result == 'POST http://echo.localhost/ {"a": [1]}'
    done = await shell.ok("await echo.fetch_sync(json=None, method='PUT').text()")
    assert done.result == "PUT http://echo.localhost/ null"
    for init, text in [("json=1, body='x'", "takes body or json"), ("json={1}", "not JSON")]:
        assert text in (await shell.run(f"await echo.fetch({init})")).traceback


async def test_a_short_requests_prints_are_on_its_card_alone(shell):
    await shell.ok(ECHO)
    done = await shell.ok("%fetch echo")
    assert "working" not in done.stdout
    assert "echo: working" in done.text


@pytest.mark.parametrize("how", ["%fetch echo/slow", "r = %fetch echo/slow"])
def test_prints_appear_while_a_worker_runs(kernel, how):
    kernel.ok(ECHO)
    running = kernel.send(how)
    kernel.wait_for("working")  # Although the request goes on.
    outcome, _ = kernel.interrupt(running)
    assert outcome.stdout == ""

"""The magics, in a shell in this process: what they do, what they refuse, what they show."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import PUBLIC_GATEWAY, cell


@pytest.mark.parametrize(
    ("typed", "method", "body", "kind"),
    [
        ("%fetch echo", "GET", "", None),
        ("%fetch echo -X PUT", "PUT", "", None),
        ("%fetch echo -d a=1 -d b=2", "POST", "a=1&b=2", "application/x-www-form-urlencoded"),
        ("%fetch echo --json '{\"a\": 1}'", "POST", '{"a": 1}', "application/json"),
        ("%fetch echo -d @file.txt", "POST", "from a file", "application/x-www-form-urlencoded"),
        ("%fetch echo -d x -H 'Content-Type: text/x'", "POST", "x", "text/x"),
        ("%%fetch echo\nline one\nline two", "POST", "line one\nline two", None),
        ('%%fetch echo -X PATCH\n{"name": "{x}"}', "PATCH", '{"name": "{x}"}', None),
    ],
)
async def test_fetch_takes_curls_options(shell, tmp_path, monkeypatch, typed, method, body, kind):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("from a file")
    await shell.ok(
        cell(
            "echo -q",
            "return Response.from_json([request.method, await request.text(), "
            "request.headers.get('content-type')])",
        )
    )
    outcome = await shell.ok("r = " + typed if typed.startswith("%fetch") else typed)
    answer = shell.names["r"] if typed.startswith("%fetch") else outcome.result
    kinds = {"text/plain;charset=UTF-8": None}
    got = await answer.json()
    assert got[:2] == [method, body]
    assert kinds.get(got[2], got[2]) == kind


async def test_a_form_is_read_by_a_worker(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.png").write_bytes(b"\xff")
    await shell.ok(
        cell(
            "echo -q",
            "form = await request.form_data(); file = form['f']; "
            "return Response.from_json([request.method, form.get_all('a'), file.name,"
            " file.content_type, list(await file.bytes())])",
        )
    )
    await shell.ok("name = 'two'")
    await shell.ok("r = %fetch echo -F a=1 -F a={name} -F 'f=@file.png;filename=x.png'")
    assert await shell.names["r"].json() == ["POST", ["1", "two"], "x.png", "image/png", [255]]
    said = await shell.refused("%fetch echo -F a=1 -F f=@nowhere")
    assert "nowhere cannot be read" in said


async def test_a_url_goes_by_the_routes(shell):
    await shell.ok(PUBLIC_GATEWAY, cell("auth -q"))
    public = await shell.ok("%fetch http://gateway.localhost/a")
    assert "GET http://gateway.localhost/a" in public.text
    assert public.result.trace.owner is False
    private = await shell.ok("%fetch http://auth.localhost/")
    assert private.result.status == 404
    assert private.result.trace is None
    assert "No route leads to auth: it is private. Its owner can: %fetch auth" in private.text
    nowhere = await shell.ok("%fetch https://example.com/")
    assert "No Worker has a route for this URL." in nowhere.text
    near = await shell.ok("%fetch http://gatway.localhost/")
    assert "No Worker has a route for this URL. Did you mean gateway?" in near.text


async def test_a_failure_is_a_500_with_the_log(shell):
    await shell.ok(cell("bad -q --secret KEY=s3cret-value", "raise ValueError(self.env.KEY)"))
    outcome = await shell.ok("r = %fetch bad")
    assert shell.names["r"].status == 500
    assert await shell.names["r"].text() == "Internal Server Error"
    text = outcome.displays[0]["text/plain"]
    assert 'File "<worker bad v1>", line 5, in fetch' in text
    assert "ValueError: REDACTED" in text
    assert "s3cret-value" not in outcome.everything


async def test_a_request_that_is_cut_is_a_503(shell):
    await shell.ok(cell("busy -q --cpu-ms 10", "while True: pass"))
    outcome = await shell.ok("r = %fetch busy")
    assert shell.names["r"].status == 503
    assert "exceededCpu" in outcome.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%fetch gatway", "There is no Worker 'gatway'. Did you mean gateway?"),
        ("%fetch", "required: TARGET"),
        ("%fetch gateway --jsn x", "Did you mean --json"),
        ("%fetch gateway -H nocolon", "write -H 'name: value'"),
        ("%fetch gateway -d a --json b", "A request has one body"),
        ("%fetch gateway -d @nowhere.txt", "nowhere.txt cannot be read: No such file"),
    ],
)
async def test_refusals(shell, typed, said):
    await shell.ok(PUBLIC_GATEWAY)
    assert said in await shell.refused(typed)


async def test_fail_and_max_time(shell):
    await shell.ok(
        cell("no -q", "return Response('x', status=404)"),
        cell("slow -q", "import asyncio; await asyncio.sleep(60)"),
    )
    failed = await shell.run("%fetch no -f")
    assert "GET http://no.localhost/ was answered with 404 (-f)." in failed.traceback
    assert len(failed.displays) == 1
    assert "took longer than 0.01 s (-m)" in await shell.refused("%fetch slow -m 0.01")


async def test_max_time_ends_what_blocks_too(shell):
    await shell.ok(
        "%%worker blocks\nimport time\nfrom workers import Response\n"
        "async def on_fetch(request):\n    time.sleep(60)\n    return Response('late')"
    )
    assert "took longer than 0.2 s (-m)" in await shell.refused("%fetch blocks -m 0.2")
    assert workernb.get_runtime().traces[-1].wall_ms < 10_000


async def test_a_fetch_that_nobody_awaits_says_so(shell):
    await shell.ok(PUBLIC_GATEWAY)
    shown = await shell.ok("gateway.fetch()")
    assert repr(shown.result) == "<fetch of GET http://gateway.localhost/: await it for the answer>"
    wrong = (await shell.ok("gateway.fetch('nowhere')")).result
    assert repr(wrong) == "<fetch that failed with TypeError: await it to see why>"


REDIRECT = cell(
    "go -q",
    """if request.url.endswith('/end'):
            return Response(request.method + ' ' + await request.text())
        if request.url.endswith('/away'):
            return Response.redirect('http://private.localhost/')
        if request.url.endswith('/loop'):
            return Response.redirect('http://go.localhost/loop')
        if request.url.endswith('/keep'):
            return Response(None, 307, headers={'location': 'end'})
        return Response(None, 302, headers={'location': '/end'})""",
)


async def test_redirects_are_followed_as_curl_does(shell):
    await shell.ok(REDIRECT, cell("private -q"))
    assert (await shell.ok("r = %fetch go")).text.count("302 Found") == 1
    await shell.ok("r = %fetch go -L")
    assert await shell.names["r"].text() == "GET "
    await shell.ok("r = %fetch go -L -d x")
    assert await shell.names["r"].text() == "GET "
    await shell.ok("r = %fetch go/keep -L -d x")
    assert await shell.names["r"].text() == "POST x"
    away = await shell.ok("r = %fetch go/away -L")
    assert shell.names["r"].status == 404
    assert "No route leads to private" in away.text
    assert "more than 50 redirects" in await shell.refused("%fetch go/loop -L")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%fetch gateway#Nope", "has no entrypoint 'Nope'. It has Default."),
        ("%fetch ftp://x/", "Fetch API cannot load: ftp://x/"),
        ("%fetch gateway -X GET -d x", "GET or HEAD method cannot have a body"),
        ("%fetch gateway -X nope", "Invalid HTTP method string: nope"),
        ("%fetch gateway -H 'a b: c'", "Invalid header name."),
        ("%fetch gateway -m 0", "write a number above 0"),
    ],
)
async def test_requests_that_cannot_be_made(shell, typed, said):
    await shell.ok(PUBLIC_GATEWAY)
    assert said in await shell.refused(typed)


async def test_max_time_counts_where_nothing_can_be_awaited(shell):
    await shell.ok(cell("slow -q", "import asyncio; await asyncio.sleep(60)"))
    line = await shell.refused("def f():\n    %fetch slow -m 0.01\nf()")
    assert "took longer than 0.01 s (-m)" in line


async def test_a_redirect_to_what_is_no_url_is_one_line(shell):
    headers = "headers={'location': 'http://[bad'}"
    await shell.ok(cell("bad -q", f"return Response(None, 302, {headers})"))
    assert "redirects to where nothing can be" in await shell.refused("%fetch bad -L")

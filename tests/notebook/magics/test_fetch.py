"""The magics, in a shell in this process: what they do, what they refuse, what they show."""

from __future__ import annotations

import sys

import pytest

import workernb

from_cell = """\
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
"""


def cell(options: str, body: str = "return Response('x')") -> str:
    return f"%%worker {options}\n" + from_cell.format(body=body)


async def test_a_cell_defines_a_worker_and_leaves_its_handle(shell):
    outcome = await shell.ok(cell("my-auth --var GREETING=hello"))
    assert outcome.stdout == "my-auth v1 · private\n"
    assert shell.names["my_auth"] == workernb.get_runtime()["my-auth"]
    assert (await shell.ok("r = await my_auth.fetch()\nr.status")).result == 200


async def test_the_options_reach_the_definition(shell):
    await shell.ok(
        cell(
            "gw -q --bind AUTH=auth@staging#Admin --var A=b --var-json 'B={\"c\": [1]}' "
            "--secret S=s3cret-value --route 'example.com/api/*' --public --as handle "
            "--cpu-ms 50 --wall-ms 500 --subrequests 5 --compatibility-date 2026-11-23 "
            "--env production  # with a comment"
        )
    )
    service = workernb.get_runtime().services["gw-production"]
    definition = service.definition
    assert str(definition.services["AUTH"]) == "auth-staging#Admin"
    assert definition.vars == {"A": "b", "B": {"c": [1]}}
    assert definition.secrets == {"S": "s3cret-value"}
    assert [route.pattern for route in definition.routes] == [
        "example.com/api/*",
        "gw-production.localhost/*",
    ]
    limits = workernb.get_runtime().limits_of(service.version)
    assert (limits.cpu_ms, limits.wall_ms, limits.subrequests) == (50, 500, 5)
    assert definition.compatibility_date == "2026-11-23"
    assert shell.names["handle"].name == "gw-production"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%%worker a --bnid X=y", "no option --bnid. Did you mean --bind?"),
        ("%%worker a --bind X", "write --bind AUTH=auth, not 'X'"),
        ("%%worker a --bind X=y --bind X=z", "--bind names X twice"),
        ("%%worker a --var X", "write --var GREETING=hello"),
        ("%%worker a --var-json X={", "--var-json X is no JSON"),
        ("%%worker a --cpu-ms fast", "'fast' is no number"),
        ("%%worker a --cpu-ms 0", "cpu_ms must be a number above 0"),
        ("%%worker Auth", "alphanumeric and lowercase with dashes only"),
        ("%%worker a b", "takes one NAME, and there is a word too many"),
        ("%%worker", "required: NAME"),
        ("%%worker a --secret WORKERNB_NOWHERE", "WORKERNB_NOWHERE is set nowhere"),
        ("%%worker taken", "The variable taken holds something else (int)"),
        ("%%worker class", "'class' cannot be a variable. Choose one: --as class_worker"),
        ("%%worker a 'b", "a quote is opened and not closed"),
        ("%%worker a --var X=1 --secret X=2", "Bindings must have unique names"),
    ],
)
async def test_a_refused_cell_says_so_in_one_line_and_defines_nothing(shell, line, said):
    await shell.ok("taken = 3")
    text = await shell.refused(line + "\n" + from_cell.format(body="pass"))
    assert said in text
    assert list(workernb.get_runtime()) == []
    assert shell.names["taken"] == 3


async def test_a_syntax_error_is_pythons_own_at_the_cells_line(shell):
    outcome = await shell.run("%%worker bad\nx = 1\ndef f(:\n    pass")
    assert outcome.traceback.splitlines() == [
        '  File "<worker bad v1>", line 3',
        "    def f(:",
        "          ^",
        "SyntaxError: invalid syntax",
    ]


async def test_an_exception_at_import_shows_the_cells_line_only(shell):
    outcome = await shell.run("%%worker bad\n\n1 / 0")
    assert type(outcome.error) is ZeroDivisionError
    assert "<worker bad v1>:3" in outcome.traceback
    assert "magics.py" not in outcome.traceback


async def test_secrets_come_from_dev_vars_then_the_environment(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dev.vars").write_text(
        "# comment\nONE=\"from file\"\nexport TWO='two words' \nTHREE=three # not this\n"
    )
    monkeypatch.setenv("ONE", "from the environment")
    monkeypatch.setenv("FOUR", "four from the environment")
    outcome = await shell.ok(cell("a -s ONE -s TWO -s THREE -s FOUR"))
    assert workernb.get_runtime().services["a"].definition.secrets == {
        "ONE": "from file",
        "TWO": "two words",
        "THREE": "three",
        "FOUR": "four from the environment",
    }
    assert "Note" not in outcome.stdout
    (tmp_path / ".dev.vars.staging").write_text("ONE=staging only\n")
    await shell.ok(cell("b -q --env staging -s ONE"))
    assert workernb.get_runtime().services["b-staging"].definition.secrets["ONE"] == "staging only"
    assert "set nowhere" in await shell.refused(cell("c --env staging -s TWO"))


GATEWAY = cell("gateway -q --public", "return Response(request.method + ' ' + request.url)")


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


async def test_the_card(shell):
    await shell.ok(
        cell(
            "auth -q --secret KEY=s3cret-value",
            "print('hi', self.env.KEY)\n"
            "        return Response('<b>body</b>', headers={'x-a': '<i>'})",
        )
    )
    outcome = await shell.ok("r = %fetch auth/path?q=1")
    (card,) = outcome.displays
    lines = card["text/plain"].splitlines()
    assert lines[:2] == ["GET http://auth.localhost/path?q=1", "200 OK"]
    assert "x-a: <i>" in lines
    assert "<b>body</b>" in lines
    assert any(line.startswith("CPU ") and " of 1,000 ms: auth " in line for line in lines)
    assert "auth is private: an outsider would get a 404." in lines
    assert lines[-1] == "auth: hi REDACTED"
    assert outcome.stdout == ""
    assert "<b>body" not in card["text/html"]
    assert "&lt;i&gt;" in card["text/html"]
    assert "s3cret-value" not in outcome.everything
    assert await shell.names["r"].text() == "<b>body</b>"
    assert shell.names["r"].trace.outcome == "ok"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Response.from_json({'a': [1]})", '{\n  "a": [\n    1\n  ]\n}'),
        ("Response(b'\\xff\\xfe')", "(2 bytes, no content-type)"),
        ("Response(None)", "(empty body)"),
        ("Response('x' * 20000)", "(10,000 characters more)"),
        ("Response('a\\x00b\\u202ec')", "a␀b⟨202E⟩c"),
    ],
)
async def test_bodies_in_cards(shell, body, shown):
    await shell.ok(cell("echo -q", f"return {body}"))
    outcome = await shell.ok("%fetch echo")
    assert shown in outcome.displays[0]["text/plain"]


async def test_an_image_is_an_image(shell):
    await shell.ok(
        cell("echo -q", "return Response(b'\\x89PNG', headers={'content-type': 'image/png'})")
    )
    outcome = await shell.ok("%fetch echo")
    assert 'src="data:image/png;base64,iVBORw=="' in outcome.displays[0]["text/html"]


async def test_a_url_goes_by_the_routes(shell):
    await shell.ok(GATEWAY, cell("auth -q"))
    public = await shell.ok("%fetch http://gateway.localhost/a")
    assert "GET http://gateway.localhost/a" in public.text
    assert public.result.trace.owner is False
    private = await shell.ok("%fetch http://auth.localhost/")
    assert private.result.status == 404
    assert private.result.trace is None
    assert "No route leads to auth: it is private. Its owner can: %fetch auth" in private.text
    nowhere = await shell.ok("%fetch https://example.com/")
    assert "No Worker has a route for this URL." in nowhere.text


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
        ("%cpu", "%cpu has nothing to show yet"),
        ("%trace", "%trace has nothing to show yet"),
        ("%workers nobody", "There is no Worker 'nobody'"),
        ("%graph x", "%graph takes nothing"),
    ],
)
async def test_refusals(shell, typed, said):
    await shell.ok(GATEWAY)
    assert said in await shell.refused(typed)


async def test_requests_are_chosen_by_number(shell):
    await shell.ok(GATEWAY, "%fetch gateway/one", "%fetch gateway/two")
    assert "gateway.localhost/two" in (await shell.ok("%trace")).text
    assert "gateway.localhost/one" in (await shell.ok("%trace 1")).text
    assert "gateway.localhost/one" in (await shell.ok("%cpu -2  # the one before")).text
    assert "There is no request 9; there are 1 to 2." in await shell.refused("%cpu 9")
    assert "takes the number of a request, not 'x'" in await shell.refused("%cpu x")


async def test_fail_and_max_time(shell):
    await shell.ok(
        cell("no -q", "return Response('x', status=404)"),
        cell("slow -q", "import asyncio; await asyncio.sleep(60)"),
    )
    failed = await shell.run("%fetch no -f")
    assert "GET http://no.localhost/ was answered with 404 (-f)." in failed.traceback
    assert len(failed.displays) == 1
    assert "took longer than 0.01 s (-m)" in await shell.refused("%fetch slow -m 0.01")


async def test_what_exists_is_expanded_and_nothing_else(shell):
    await shell.ok(
        cell("echo -q", "return Response(request.url + ' ' + await request.text())"),
        "class Thing: name = 'thing'\nthing = Thing()\nnumber = 7\nwords = 'it\\'s two'",
    )
    await shell.ok("r = %fetch echo/{number}/{thing.name}/{unknown} -d '{\"a\": {number}}'")
    assert await shell.names["r"].text() == ('http://echo.localhost/7/thing/%7Bunknown%7D {"a": 7}')


async def test_a_cell_that_runs_again_says_its_next_version(shell):
    await shell.ok(cell("a"))
    assert (await shell.ok(cell("a"))).stdout == "a v2 · private\n"
    later = await shell.ok(cell("b --bind A=a --bind L=later"))
    assert later.stdout == "b v1 · private · A → a · L → later (not defined yet)\n"


async def test_the_pictures_are_shown_in_every_form(shell):
    await shell.ok(GATEWAY, "%fetch gateway")
    for magic in ("%graph", "%cpu"):
        (shown,) = (await shell.ok(magic)).displays
        assert set(shown) == {"image/svg+xml", "image/png", "text/plain"}
    (table,) = (await shell.ok("%workers")).displays
    assert "gateway.localhost/*" in table["text/plain"]
    assert "Bound Services" in (await shell.ok("%workers gateway")).text


async def test_help_lists_the_options(shell):
    worker = shell.ip.find_line_magic("worker") or shell.ip.find_cell_magic("worker")
    assert "--bind" in worker.__doc__
    assert "--header" in shell.ip.find_line_magic("fetch").__doc__


async def test_unloading_takes_everything_away(shell):
    workernb.unload_ipython_extension(shell.ip)
    assert shell.ip.find_cell_magic("worker") is None
    assert not shell.ip.input_transformers_post
    workernb.load_ipython_extension(shell.ip)
    workernb.load_ipython_extension(shell.ip)
    assert len(shell.ip.input_transformers_post) == 1


async def test_a_value_with_spaces_and_quotes_stays_one_word(shell):
    await shell.ok(cell("echo -q", "return Response(await request.text())"), 'words = "it\'s two"')
    await shell.ok("r = %fetch echo -d {words}")
    assert await shell.names["r"].text() == "it's two"


async def test_variables_of_a_function_are_expanded_too(shell):
    await shell.ok(GATEWAY)
    outcome = await shell.ok(
        "async def ask(path):\n    r = %fetch gateway/{path}\n    return await r.text()\n"
        "print(await ask('a'))\n"
        "def ask_now(path):\n    r = %fetch gateway/{path}\n    return r.url\n"
        "print(ask_now('b'))"
    )
    assert outcome.stdout == "GET http://gateway.localhost/a\nhttp://gateway.localhost/b\n"


@pytest.mark.parametrize(
    ("source", "awaited"),
    [
        ("r = %fetch gateway", True),
        ("for n in range(1):\n    %fetch gateway", True),
        ("if True:\n    r = %fetch gateway", True),
        ("async def f():\n    %fetch gateway", True),
        ("with open('x') as é:\n    %fetch gateway", True),
        pytest.param(
            "with open('\x0c') as f:\n    %fetch gateway",
            True,
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 12), reason="IPython itself leaves such a cell as it is"
            ),
        ),
        ("%%fetch gateway\nbody", True),
        ("%%fetch gateway", False),
        ("def f():\n    %fetch gateway", False),
        ("class A:\n    r = %fetch gateway", False),
        ("%workers", False),
    ],
)
async def test_where_an_await_stands(shell, source, awaited):
    transformed = shell.ip.transform_cell(source)
    assert ("await get_ipython()" in transformed) is awaited
    compile(transformed, "cell", "exec", flags=0x2000)  # Top-level await is allowed.


async def test_a_fetch_that_nobody_awaits_says_so(shell):
    await shell.ok(GATEWAY)
    shown = await shell.ok("gateway.fetch()")
    assert repr(shown.result) == "<fetch of GET http://gateway.localhost/: await it for the answer>"
    wrong = (await shell.ok("gateway.fetch('nowhere')")).result
    assert repr(wrong) == "<fetch that failed with TypeError: await it to see why>"


async def test_an_empty_cell_is_told_by_the_name_that_was_typed(shell):
    await shell.ok(GATEWAY)
    outcome = await shell.run("%%fetch gateway")
    assert "%%fetch is a cell magic, but the cell body is empty" in outcome.text


async def test_magics_around_a_fetch(shell):
    await shell.ok(GATEWAY)
    timed = await shell.ok("%%time\nr = %fetch gateway\nprint(r.status)")
    assert "200\nCPU times" in timed.stdout
    assert len(timed.displays) == 1
    caught = await shell.ok(
        "%%capture caught\n%fetch gateway", "[len(one.data) for one in caught.outputs]"
    )
    assert caught.result == [2, 0]
    line = await shell.refused("%timeit %fetch gateway")
    assert "under %timeit, time NAME.fetch_sync()" in line


async def test_a_card_is_shown_once_in_a_cell_and_again_where_it_is_asked_for(shell):
    await shell.ok(GATEWAY)
    both = await shell.ok("r = %fetch gateway\nr")
    assert len(both.displays) == 1
    assert both.result is shell.names["r"]
    assert len((await shell.ok("r")).displays) == 1
    assert (await shell.ok("%fetch gateway --silent")).displays == []
    tree = (await shell.run("r.trace")).stdout
    assert tree.startswith("Out[")
    assert "gateway v1: 200" in tree


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
        ("%cpu 7", "%cpu has nothing to show yet"),
    ],
)
async def test_requests_that_cannot_be_made(shell, typed, said):
    await shell.ok(GATEWAY)
    assert said in await shell.refused(typed)


async def test_max_time_counts_where_nothing_can_be_awaited(shell):
    await shell.ok(cell("slow -q", "import asyncio; await asyncio.sleep(60)"))
    line = await shell.refused("def f():\n    %fetch slow -m 0.01\nf()")
    assert "took longer than 0.01 s (-m)" in line


@pytest.mark.parametrize(
    "line",
    [
        "a -s K=s3cret-value --bogus",
        "a -s K s3cret-value",
        "a -s K='s3cret-value",
        "1a! -s K=s3cret-value",
    ],
)
async def test_a_refusal_does_not_repeat_a_secret(shell, line):
    assert "s3cret" not in await shell.refused(cell(line))


async def test_an_exception_at_import_does_not_tell_a_secret(shell):
    outcome = await shell.run(
        "%%worker a -s KEY=s3cret-value\nfrom workers import env\nraise ValueError(env.KEY)"
    )
    assert "REDACTED" in outcome.traceback
    assert "s3cret" not in outcome.everything


async def test_pythons_own_names_are_not_taken(shell):
    assert "add --as filter_worker" in await shell.refused(cell("filter"))
    await shell.ok(cell("filter -q --as filter_worker"), cell("filter -q --as filter_worker"))
    assert shell.names["filter_worker"].name == "filter"


async def test_a_worker_tells_who_is_bound_to_it(shell):
    await shell.ok(cell("gateway -q --bind AUTH=auth"))
    assert (await shell.ok(cell("auth"))).stdout == "auth v1 · private · bound by gateway.AUTH\n"


async def test_a_cell_that_failed_at_import_keeps_its_name_for_the_next_try(shell):
    await shell.run("%%worker bad\n1 / 0")
    outcome = await shell.ok(cell("bad -q", "raise ValueError('x')"), "r = %fetch bad")
    assert 'File "<worker bad v1>", line 5' in outcome.text


async def test_hostile_text_does_nothing_in_a_card(shell):
    await shell.ok(
        cell(
            "evil -q",
            "print('</pre><script>1</script>')\n"
            "        return Response('</pre><script>\\x1b[2J\\u202e\\0\\ud800', headers={"
            "'x': '<img onerror=a>' + 'y' * 10_000, 'content-type': 'text/html'})",
        )
    )
    (card,) = (await shell.ok("%fetch evil/<b>")).displays
    assert "<script" not in card["text/html"]
    assert "<img" not in card["text/html"]
    assert len(card["text/html"]) < 5_000
    for form in card.values():
        assert not {"\x1b", "\u202e", "\0", "\ud800"} & set(form)


async def test_old_nest_asyncio_is_named(shell, monkeypatch):
    import asyncio
    import sys
    import types

    monkeypatch.setitem(sys.modules, "nest_asyncio", types.ModuleType("nest_asyncio"))
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    monkeypatch.delattr(asyncio, "_nest_asyncio2", raising=False)
    workernb.unload_ipython_extension(shell.ip)
    with pytest.warns(UserWarning, match="nest_asyncio has been applied"):
        workernb.load_ipython_extension(shell.ip)


async def test_the_dashboard_leaves_the_still_graph(shell):
    await shell.ok("%%worker auth -q\n0\n")
    outcome = await shell.ok("%dashboard")
    assert any("image/svg+xml" in shown for shown in outcome.displays)
    outcome = await shell.run("%dashboard auth")
    assert "%dashboard takes nothing" in outcome.traceback

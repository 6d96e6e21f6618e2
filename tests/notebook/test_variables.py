"""Variables on a magic's line."""

from __future__ import annotations

from .conftest import PUBLIC_GATEWAY, cell


async def test_what_exists_is_expanded_and_nothing_else(shell):
    await shell.ok(
        cell("echo -q", "return Response(request.url + ' ' + await request.text())"),
        "class Thing: name = 'thing'\nthing = Thing()\nnumber = 7\nwords = 'it\\'s two'",
    )
    await shell.ok("r = %fetch echo/{number}/{thing.name}/{unknown} -d '{\"a\": {number}}'")
    assert await shell.names["r"].text() == ('http://echo.localhost/7/thing/%7Bunknown%7D {"a": 7}')


async def test_a_value_with_spaces_and_quotes_stays_one_word(shell):
    await shell.ok(cell("echo -q", "return Response(await request.text())"), 'words = "it\'s two"')
    await shell.ok("r = %fetch echo -d {words}")
    assert await shell.names["r"].text() == "it's two"


async def test_variables_of_a_function_are_expanded_too(shell):
    await shell.ok(PUBLIC_GATEWAY)
    outcome = await shell.ok(
        "async def ask(path):\n    r = %fetch gateway/{path}\n    return await r.text()\n"
        "print(await ask('a'))\n"
        "def ask_now(path):\n    r = %fetch gateway/{path}\n    return r.url\n"
        "print(ask_now('b'))"
    )
    assert outcome.stdout == "GET http://gateway.localhost/a\nhttp://gateway.localhost/b\n"

"""%requests and %logs: what has happened, filtered."""

from __future__ import annotations

import pytest

from ..conftest import worker

PAGE = worker(
    "page --public",
    "import logging\n"
    "if request.url.endswith('boom'): raise ValueError('no <b>such</b> page')\n"
    "if request.url.endswith('spin'):\n"
    "    for _ in range(2_000_000): pass\n"
    "logging.warning('Looked at %s', request.url)\n"
    "print('seen', self.env.TOKEN)\n"
    "return Response('x', 404 if request.url.endswith('none') else 200)",
).replace("%%worker page", "%%worker page --secret TOKEN=s3cret-token")


@pytest.fixture
async def asked(shell):
    await shell.ok(PAGE)
    for path in ("/", "/none", "/boom", "/spin"):
        await shell.ok(f"%fetch -s page{path}")
    await shell.ok("%fetch -s http://page.localhost/")
    return shell


def numbers(text: str) -> list[str]:
    return [line.split()[0] for line in text.strip().splitlines()[2:]]


@pytest.mark.parametrize(
    ("typed", "listed"),
    [
        ("%requests", "54321"),
        ("%requests -n 2", "54"),
        ("%requests page", "54321"),
        ("%requests --status 404", "2"),
        ("%requests --status 2XX", "541"),
        ("%requests --failed", "3"),
        ("%requests --cpu-over 8", "4"),
        ("%requests --slower-than 60000", ""),
    ],
)
async def test_requests_are_filtered(asked, typed, listed):
    shown = await asked.ok(typed)
    assert "".join(numbers(shown.text)) == listed, shown.text


async def test_a_request_says_who_made_it_and_what_it_took(asked):
    (page,) = (await asked.ok("%requests -n 1")).displays
    assert "URL" in page["text/plain"]
    assert "http://page.localhost/" in page["text/plain"]
    assert "<table>" in page["text/html"]


async def test_logs_are_filtered_escaped_and_redacted(asked):
    (shown,) = (await asked.ok("%logs page -n 100")).displays
    text, html = shown["text/plain"], shown["text/html"]
    assert "Looked at http://page.localhost/none" in text
    assert "ValueError: no <b>such</b> page" in text
    assert "<b>such" not in html
    assert "s3cret-token" not in text + html
    assert text.index("/none") < text.index("/spin")
    errors = (await asked.ok("%logs --level error")).text
    assert len(numbers(errors)) == 1
    assert len(numbers((await asked.ok("%logs --text SEEN")).text)) == 4


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%requests pag", "Did you mean page?"),
        ("%requests --status ok", "--status is like 404 or 5xx, not 'ok'."),
        ("%requests --slower 1", "Did you mean --slower-than?"),
        ("%requests -n 0", "-n is a number from 1 on, not 0."),
        ("%logs pag", "Did you mean page?"),
        ("%logs --level eror", "Did you mean error?"),
        ("%logs --level x", "There are log, debug, info, warn, error."),
    ],
)
async def test_what_is_refused(asked, typed, said):
    assert said in await asked.refused(typed)


async def test_before_the_first_request(shell):
    assert "none yet" in (await shell.ok("%requests")).text
    assert "nothing" in (await shell.ok("%logs")).text


CHAT = worker(
    "chat",
    "from js import WebSocketPair\n"
    "client, server = WebSocketPair.new().object_values()\n"
    "server.accept()\n"
    "async def on_message(event):\n"
    "    await asyncio.sleep(0)\n"
    "    error = ValueError('no <b>such</b> word')\n"
    "    error.add_note('A note on it.')\n"
    "    raise error\n"
    "server.addEventListener('message', on_message)\n"
    "return Response(None, status=101, web_socket=client)",
).replace("from workers", "import asyncio\nfrom workers", 1)


async def test_a_connection_that_lasts_is_listed_and_shown(shell):
    await shell.ok(CHAT, "socket = await chat.connect()", "socket.send('a word')")
    await shell.ok("import asyncio\nfor _ in range(8): await asyncio.sleep(0)")
    listed = (await shell.ok("%requests")).text
    assert "http://chat.localhost/" in listed
    number = numbers(listed)[0]
    for magic in ("%trace", "%cpu"):
        assert "chat v1" in (await shell.ok(f"{magic} {number}")).text
    tree = (await shell.ok(f"%trace {number}")).text
    assert "message → chat v1: exception (ValueError: no <b>such</b> word" in tree
    # The line of the exception, not that of its note.
    logs = (await shell.ok("%logs chat")).text
    assert logs.strip().endswith("ValueError: no <b>such</b> word")
    await shell.ok("socket.close()")


async def test_the_card_of_a_handshake(shell):
    await shell.ok(CHAT)
    shown = (await shell.ok("%fetch chat -H 'Upgrade: websocket'")).displays[0]["text/plain"]
    assert "101 Switching Protocols" in shown
    assert ", still running" in shown

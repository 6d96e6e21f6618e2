"""The card of an answer."""

from __future__ import annotations

import html
import re

import pytest

from .conftest import cell


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
        (
            "Response('[' * 100_000 + ']' * 100_000, headers={'content-type': 'application/json'})",
            "(190,000 characters more)",
        ),
        ("Response('x' * 20000)", "(10,000 characters more)"),
        ("Response('a\\x00b\\u202ec')", "a␀b⟨202E⟩c"),
    ],
)
async def test_bodies_in_cards(shell, body, shown):
    await shell.ok(cell("echo -q", f"return {body}"))
    outcome = await shell.ok("%fetch echo")
    assert shown in outcome.displays[0]["text/plain"]


async def test_the_html_is_escaped_once_and_holds_what_the_text_holds(shell):
    await shell.ok(cell("a -q", "return Response('a & b', headers={'x-a': '&amp; <q>'})"))
    (card,) = (await shell.ok("%fetch a")).displays
    assert type(card["text/html"]) is str
    document = html.unescape(re.sub("<[^>]+>", "\n", card["text/html"]))
    assert "a & b" in document.splitlines()
    assert " &amp; <q>" in document.splitlines()
    assert 'aria-label="GET http://a.localhost/"' in card["text/html"]


async def test_an_image_is_an_image(shell):
    await shell.ok(
        cell("echo -q", "return Response(b'\\x89PNG', headers={'content-type': 'image/png'})")
    )
    outcome = await shell.ok("%fetch echo")
    assert 'src="data:image/png;base64,iVBORw=="' in outcome.displays[0]["text/html"]


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


STREAM = """async def produce():
            for n in range({chunks}):
                print("made", n)
                yield b"{chunk}"
                {after}
        return Response(produce())"""


def streaming(chunks: int, chunk: str, after: str = "pass") -> str:
    return cell(
        "auth -q --secret KEY=s3cret-value",
        STREAM.format(chunks=chunks, chunk=chunk, after=after),
    )


async def test_the_card_of_a_stream_that_ends(shell):
    await shell.ok(streaming(3, "line\\n"))
    outcome = await shell.ok("r = %fetch auth")
    assert "line\nline\nline" in outcome.text
    assert "auth: made 2" in outcome.text
    assert "a stream" not in outcome.text
    assert await shell.names["r"].text() == "line\n" * 3


async def test_the_card_of_a_long_stream_shows_its_beginning(shell):
    await shell.ok(streaming(100, "\\xc3\\xa9x" * 500))
    outcome = await shell.ok("r = %fetch auth")
    assert "… (a stream, of which 10,500 bytes have come; it is read on as it is" in outcome.text
    assert "made 6" in outcome.text
    assert "made 7" not in outcome.text
    answer = shell.names["r"]
    assert not answer.body_used
    assert answer.trace.outcome is None
    assert await answer.text() == "éx" * 500 * 100
    assert answer.trace.outcome == "ok"


async def test_the_card_of_a_stream_that_fails(shell):
    await shell.ok(streaming(3, "some", "if n == 1: raise ValueError(self.env.KEY)"))
    outcome = await shell.ok("r = %fetch auth")
    shown = "8 bytes have come; then it failed: ValueError: REDACTED)"
    assert f"somesome\n… (a stream, of which {shown}" in outcome.text
    assert "s3cret-value" not in outcome.everything
    with pytest.raises(ValueError, match=r"s3cret-value|REDACTED"):
        await shell.names["r"].text()


async def test_the_card_of_a_stream_that_is_no_text(shell):
    await shell.ok(streaming(30, "\\xff" * 1000))
    assert "(10,000 bytes, no content-type)" in (await shell.ok("%fetch auth")).text


async def test_the_card_of_a_stream_that_was_read(shell):
    await shell.ok(streaming(3, "x"))
    await shell.ok("r = %fetch auth")
    await shell.ok("print([chunk async for chunk in r.body])")
    outcome = await shell.ok("%fetch auth -m 5")
    assert "xxx" in outcome.text


async def test_fetch_without_await_shows_a_stream_too(shell):
    await shell.ok(streaming(3, "x"))
    outcome = await shell.ok("def f():\n    %fetch auth\nf()")
    assert "xxx" in outcome.text


async def test_the_carets_of_a_traceback_stay_below_what_they_mark(shell):
    await shell.ok(
        "%%worker auth -q\n"
        "async def on_fetch(request):\n"
        "    print('a long line ' * 30)\n"
        "    return 1 + len(request.nothing_of_this_name)\n"
    )
    (card,) = [d["text/html"] for d in (await shell.ok("%fetch auth")).displays if "text/html" in d]
    (logs,) = [pre for pre in card.split("<pre ")[1:] if "^^^^" in pre]
    assert "white-space:pre;" in logs

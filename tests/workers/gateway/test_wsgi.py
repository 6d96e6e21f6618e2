"""WSGI applications as Workers (PEP 3333)."""

from __future__ import annotations

import textwrap

import pytest

import workernb


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


def define(runtime, app, **options):
    source = "from workers import wsgi\n" + textwrap.dedent(app)
    return runtime.define("app", source + "\nDefault = wsgi.entrypoint(app)\n", **options)


ECHO = """
import json
from wsgiref.validate import validator

@validator
def app(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    shown = {key: value for key, value in environ.items() if isinstance(value, str)}
    shown["body"] = environ["wsgi.input"].read(size).decode()
    shown["env"] = environ["workers.env"].GREETING
    data = json.dumps(shown).encode()
    headers = [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    start_response("418 Short and stout", headers)
    return [data]
"""


async def test_the_environ_and_the_response(runtime):
    app = define(runtime, ECHO, vars={"GREETING": "hello"})
    response = await app.fetch(
        "http://x:81/ä?q=%20", method="POST", body="sent", headers={"X-A": "1"}
    )
    assert (response.status, response.status_text) == (418, "Short and stout")
    assert response.headers.get_set_cookie() == ["a=1", "b=2"]
    environ = await response.json()
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/ä"
    assert (environ["QUERY_STRING"], environ["SERVER_PORT"]) == ("q=%20", "81")
    assert (environ["HTTP_X_A"], environ["CONTENT_LENGTH"]) == ("1", "4")
    assert (environ["body"], environ["env"]) == ("sent", "hello")


async def test_a_body_is_produced_as_it_is_read(runtime):
    app = define(
        runtime,
        """
        class Body:
            def __iter__(self):
                yield b""
                for each in (b"a", b"b"):
                    print("makes", each)
                    yield each
            def close(self):
                print("closed")
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"0")
            return Body()
        """,
    )
    response = await app.fetch()
    assert [log.text for log in response.trace.logs] == ["makes b'a'"]
    assert [chunk async for chunk in response.body] == [b"0", b"a", b"b"]
    assert [log.text for log in response.trace.logs] == ["makes b'a'", "makes b'b'", "closed"]


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ("return [b'x']", RuntimeError, "did not call start_response"),
        ("raise KeyError('boom')", KeyError, "boom"),
        ("start('200 OK', []); start('200 OK', [])", AssertionError, "more than once"),
    ],
)
async def test_a_failure_is_the_workers(runtime, body, error, text):
    app = define(runtime, f"def app(environ, start):\n    {body}\n")
    with pytest.raises(error, match=text):
        await app.fetch()


async def test_an_application_may_replace_its_response_by_an_error(runtime):
    app = define(
        runtime,
        """
        import sys
        def app(environ, start_response):
            start_response("200 OK", [])
            try:
                raise ValueError("boom")
            except ValueError:
                start_response("500 Oh", [], sys.exc_info())
            return [b"failed"]
        """,
    )
    response = await app.fetch()
    assert (response.status, await response.text()) == (500, "failed")


async def test_a_status_without_a_body(runtime):
    app = define(
        runtime, "def app(environ, start):\n    start('204 No Content', [])\n    return []"
    )
    response = await app.fetch()
    assert (response.status, response.body) == (204, None)

"""Secrets are replaced in everything that is shown, logged or kept."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.runtime.redaction import REDACTED, Redactor, redact_tree

from .conftest import FORWARD


@given(st.text(min_size=6, max_size=40), st.text(), st.text())
def test_every_spelling_of_a_secret_is_replaced(secret, before, after):
    redactor = Redactor()
    redactor.learn([secret])
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        shown = redactor.redact(before + spelling + after)
        assert REDACTED in shown
        assert secret not in shown.replace(REDACTED, "") or secret in before + after


@pytest.mark.parametrize("secret", ["hunter2-token", 's3cret/värt "it\'s"', "pass%word {x}\\1"])
def test_a_secret_is_replaced_however_it_is_written(secret):
    data = secret.encode()
    spellings = [
        *(base64.b64encode(f"{before}{secret}".encode()) for before in ("", "a", "ab", "abc")),
        *(base64.b64encode(f"{before}{secret}:x".encode()) for before in ("u:", "us:", "use:")),
        base64.urlsafe_b64encode(data).rstrip(b"="),
        *(data.hex(), data.hex().upper(), data.hex(":"), list(data)),
        *(secret.upper(), secret.lower(), secret.title()),
        *(json.dumps({"a": secret}), json.dumps(json.dumps([secret])), json.dumps(repr([secret]))),
        *(repr(data), repr([secret]), repr({"t": (secret, repr(secret))}), ascii(secret)),
        *(repr(f"both ' and \" and {secret}"), html.escape(secret), html.escape(repr(secret))),
        *(quote(secret), quote(secret, safe=""), quote(quote(secret)), quote_plus(secret)),
    ]
    redactor = Redactor()
    redactor.learn([secret])
    for spelling in spellings:
        text = spelling.decode() if isinstance(spelling, bytes) else str(spelling)
        shown = redactor.redact(f"it is {text}, you see")
        assert REDACTED in shown, text
        parts = [word for word in re.findall(r"\w{4,}", text) if word not in ("both", "quot")]
        assert not [part for part in parts if part in shown], (text, shown)


def test_the_lines_of_a_secret_are_replaced_one_by_one():
    redactor = Redactor()
    redactor.learn(["first line of a key\n  second line of a key  \nshort\n"])
    shown = redactor.redact("    first line of a key\n    second line of a key\n    short")
    assert shown.split() == [REDACTED, REDACTED, "short"]


@pytest.mark.parametrize("cut", [slice(200), slice(150), slice(70, None), slice(30, 230)])
def test_a_long_secret_is_replaced_where_it_is_cut(cut):
    secret = "".join(f"{i * 7919 % 10007:x}" for i in range(80))
    redactor = Redactor()
    redactor.learn([secret])
    assert redactor.redact(f"it is {secret[cut]!r}…") == f"it is {REDACTED!r}…"
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(secret)
    assert redactor.redact(str(caught.value)).endswith(f": '{REDACTED}")


def test_a_long_secret_that_holds_the_replacement_ends():
    redactor = Redactor()
    redactor.learn([f"1{REDACTED}" * 20])
    assert redactor.redact(f"1{REDACTED}" * 10) == REDACTED


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("u8jzPde0IgxLd6GncfBAepfJBKh8oOOL8dKLzd", "f('u8jzPde0IgxL...OOL8dKLzd')"),
        ("postgres://admin:hunter2pw@db.example/x", "password hunter2pw is wrong"),
        ("postgres://admin:p%40ss%2Fw0rd@db.example/x", "password p@ss/w0rd is wrong"),
        ('{"key": {"private": "abcdEFGH12345678zz"}}', "bad key abcdEFGH12345678zz"),
        ('it\'s \\ "quoted"', '{ q: `it\'s \\\\ "quoted"` }'),
        ("it's a secret", "select 'it''s a secret'"),
        ("Secret/Of/Mine", '"Secret\\/Of\\/Mine"'),
    ],
)
def test_parts_and_further_spellings_are_replaced(secret, shown):
    redactor = Redactor()
    redactor.learn([secret])
    redacted = redactor.redact(shown)
    assert REDACTED in redacted
    for part in ("u8jz", "KLzd", "hunter2", "w0rd", "EFGH", "quoted", "s a secret", "Mine"):
        assert part not in redacted


def test_secrets_below_six_characters_are_not_replaced():
    redactor = Redactor()
    redactor.learn(["short", "longer-one", "longer-one-still"])
    assert redactor.redact("short longer-one-still longer-one") == f"short {REDACTED} {REDACTED}"


async def test_a_secret_is_in_no_part_of_the_trace(define, runtime):
    secret = "s3cret/värt 'quoted'"
    define(
        "auth",
        """
        import logging
        print("token", self.env.KEY)
        logging.getLogger("auth").warning("token %s", self.env.KEY)
        raise ValueError(f"bad token {self.env.KEY}")
        """,
        secrets={"KEY": secret},
    )
    handle = define("gateway", FORWARD, AUTH="auth")
    with pytest.raises(ValueError, match="bad token REDACTED") as caught:
        await handle.fetch(f"http://x/{quote(secret)}?{quote(secret, safe='')}")
    trace = runtime.traces[-1]
    shown = [
        repr(trace),
        trace.url,
        trace.exception,
        repr(caught.value),
        *map(repr, trace.invocations),
        *(invocation.exception for invocation in trace.invocations),
        *(log.text for log in trace.logs),
    ]
    assert len(trace.logs) == 3
    for text in shown:
        assert secret not in text
        assert quote(secret) not in text
        assert quote(secret, safe="") not in text


async def test_causes_and_notes_are_redacted(define):
    handle = define(
        "auth",
        """
        try:
            raise KeyError(self.env.KEY)
        except KeyError as error:
            wrong = ValueError("wrong")
            wrong.add_note(self.env.KEY)
            raise wrong from error
        """,
        secrets={"KEY": "s3cret-value"},
    )
    with pytest.raises(ValueError, match="wrong") as caught:
        await handle.fetch()
    assert caught.value.__notes__ == [REDACTED]
    assert caught.value.__cause__.args == (REDACTED,)


def test_without_secrets_nothing_is_replaced():
    assert Redactor().redact("as it was") == "as it was"


def test_an_error_and_its_causes_are_redacted_in_place():
    redactor = Redactor()
    redactor.learn(["s3cret-value"])
    cause, error = KeyError("s3cret-value", 1), ValueError("not s3cret-value")
    error.add_note("s3cret-value")
    error.__cause__, cause.__cause__ = cause, error  # A circle must not be followed for ever.
    redactor.redact_error(error)
    assert (error.args, error.__notes__) == ((f"not {REDACTED}",), [REDACTED])
    assert cause.args == (REDACTED, 1)


def test_arguments_are_redacted_at_any_depth():
    redactor = Redactor()
    redactor.learn(["s3cret-value"])
    s, untouched = "s3cret-value", ["no secret"]
    nested = [{"t": s}, [s], (1, {s}), s.encode(), {s: [(s,)]}, untouched]
    error = ExceptionGroup("two", [ValueError(*nested), FileNotFoundError(2, "none", f"/x/{s}")])
    redactor.redact_error(error)
    inner, missing = error.exceptions
    assert s not in f"{inner!r} {missing} {missing!r}"
    assert inner.args[-1] is untouched
    assert nested[0] == {"t": s}, "what the Worker holds stays as it is"


def test_an_error_that_refuses_changes_is_left_as_it_is():
    @dataclasses.dataclass(frozen=True)
    class Frozen(Exception):
        text: str

    redactor = Redactor()
    redactor.learn(["s3cret-value"])
    error = Frozen("s3cret-value")
    redactor.redact_error(error)
    assert error.text == "s3cret-value"


async def test_what_a_handler_gives_back_is_redacted_before_it_is_shortened(define):
    secret = "s3cret-" + "0123456789" * 20
    handle = define("auth", "return self.env.KEY", secrets={"KEY": secret})
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert "s3c" not in repr(caught.value.__notes__)


async def test_a_replaced_secret_stays_redacted(define, runtime):
    handle = define("echo", "print('first-secret', self.env.KEY)", secrets={"KEY": "first-secret"})
    handle.secrets["KEY"] = "second-secret"
    with pytest.raises(TypeError):
        await handle.fetch()
    assert runtime.traces[-1].logs[0].text == f"{REDACTED} {REDACTED}"


@pytest.mark.parametrize("make", [lambda text: bytearray(text.encode()), Path, str.encode])
def test_bytes_and_paths_are_redacted_in_a_tree(make):
    redactor = Redactor()
    redactor.learn(["s3cret-s3cret"])
    held = [make("a/s3cret-s3cret/b"), make("c")]
    redacted = redact_tree(held, redactor.redact)
    assert redacted == [make(f"a/{REDACTED}/b"), make("c")]
    assert redacted[1] is held[1]

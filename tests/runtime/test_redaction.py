"""Secrets are replaced in everything that is shown, logged or kept."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.runtime.redaction import REDACTED, Redactor

from .conftest import FORWARD


@given(st.text(min_size=6, max_size=40), st.text(), st.text())
def test_every_spelling_of_a_secret_is_replaced(secret, before, after):
    redactor = Redactor()
    redactor.learn([secret])
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        shown = redactor.redact(before + spelling + after)
        assert REDACTED in shown
        assert secret not in shown.replace(REDACTED, "") or secret in before + after


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


async def test_a_replaced_secret_stays_redacted(define, runtime):
    handle = define("echo", "print('first-secret', self.env.KEY)", secrets={"KEY": "first-secret"})
    handle.secrets["KEY"] = "second-secret"
    with pytest.raises(TypeError):
        await handle.fetch()
    assert runtime.traces[-1].logs[0].text == f"{REDACTED} {REDACTED}"

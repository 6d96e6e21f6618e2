"""Settings that are changed while a system runs."""

from __future__ import annotations

import asyncio

import pytest

from workernb import UsageError

from .conftest import FORWARD, fetch_text, respond

TELL = "return Response(str(self.env.V) + self.env.S)"


@pytest.fixture
def gateway(define):
    """A gateway on one of two auth Workers."""
    define("auth", respond("production"))
    define("auth", respond("staging"), environment="staging")
    return define("gateway", FORWARD, AUTH="auth")


@pytest.fixture
def teller(define):
    return define("teller", TELL, vars={"V": "one"}, secrets={"S": "a secret"})


def number(handle):
    return handle.version.number


async def test_a_binding_is_switched_without_the_code(gateway):
    assert await fetch_text(gateway) == "production"
    gateway.bindings["AUTH"] = "auth@staging"
    assert await fetch_text(gateway) == "staging"
    assert dict(gateway.bindings) == {"AUTH": "auth-staging"}
    assert number(gateway) == 2


async def test_a_request_in_flight_stays_where_it_was(define, runtime):
    define("auth", respond("production"))
    define("auth", respond("staging"), environment="staging")
    waits = "await asyncio.sleep(0.01)\n" + FORWARD
    gateway = define("gateway", waits, AUTH="auth")
    call = asyncio.ensure_future(gateway.fetch())
    await asyncio.sleep(0)
    gateway.bindings["AUTH"] = "auth@staging"
    answer = await call
    assert await answer.text() == "production"
    assert [str(invocation.version) for invocation in answer.trace.invocations] == [
        "gateway v1",
        "auth v1",
    ]
    assert await fetch_text(gateway) == "staging"


async def test_several_settings_change_at_once(runtime, teller):
    runtime.change("teller", vars={"V": "two"}, secrets={"S": " told"})
    assert await fetch_text(teller) == "two told"
    assert number(teller) == 2
    teller.vars.update({"V": 3, "W": [4]})
    assert (dict(teller.vars), number(teller)) == ({"V": 3, "W": [4]}, 3)
    del teller.vars["W"]
    teller.secrets["T"] = "more of it"
    assert list(teller.secrets) == ["S", "T"]
    assert await fetch_text(teller) == "3 told"
    teller.vars.clear()
    assert (len(teller.vars), number(teller)) == (0, 6)


def test_what_changes_nothing_makes_no_version(runtime, gateway, teller):
    gateway.bindings["AUTH"] = "auth"
    teller.vars["V"] = "one"
    teller.secrets["S"] = "a secret"
    runtime.change("teller")
    assert (number(gateway), number(teller)) == (1, 1)


def test_a_var_that_is_given_out_is_a_copy(teller):
    teller.vars["V"] = {"list": []}
    teller.vars["V"]["list"].append("mine")
    assert teller.vars["V"] == {"list": []}


def test_secrets_never_come_out(teller):
    with pytest.raises(UsageError, match="shown to nobody"):
        teller.secrets["S"]
    with pytest.raises(KeyError):
        teller.secrets["T"]
    assert repr(teller.secrets) == "secrets of teller: S"
    assert "S" in teller.secrets
    assert "T" not in teller.secrets

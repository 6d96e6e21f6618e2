"""Settings as mappings: `handle.bindings`, `.vars` and `.secrets`."""

from __future__ import annotations

import asyncio

import pytest

from workernb import UsageError

from .conftest import FORWARD, fetch_text, respond


@pytest.fixture
def gateway(define):
    """Return a gateway that is bound to one of two auth Workers."""
    define("auth", respond("production"))
    define("auth", respond("staging"), environment="staging")
    return define("gateway", FORWARD, AUTH="auth")


@pytest.fixture
def teller(define):
    """Return a Worker that responds with its var and its secret."""
    body = "return Response(str(self.env.V) + self.env.S)"
    return define("teller", body, vars={"V": "one"}, secrets={"S": "a secret"})


async def test_a_binding_changes_its_target(gateway):
    assert await fetch_text(gateway) == "production"
    gateway.bindings["AUTH"] = "auth@staging"
    assert await fetch_text(gateway) == "staging"
    assert dict(gateway.bindings) == {"AUTH": "auth-staging"}
    assert gateway.version.number == 2


async def test_a_request_in_flight_keeps_its_bindings(define, gateway):
    define("gateway", "await asyncio.sleep(0.01)\n" + FORWARD, AUTH="auth")
    request = asyncio.ensure_future(gateway.fetch())
    await asyncio.sleep(0)
    gateway.bindings["AUTH"] = "auth@staging"
    answer = await request
    assert await answer.text() == "production"
    first, second = answer.trace.invocations
    assert (str(first.version), str(second.version)) == ("gateway v2", "auth v1")
    assert await fetch_text(gateway) == "staging"


async def test_several_settings_change_at_once(runtime, teller):
    runtime.change("teller", vars={"V": "two"}, secrets={"S": " new"})
    assert await fetch_text(teller) == "two new"
    assert teller.version.number == 2
    teller.vars.update({"V": 3, "W": [4]})
    assert (dict(teller.vars), teller.version.number) == ({"V": 3, "W": [4]}, 3)
    del teller.vars["W"]
    teller.secrets["T"] = "another"
    assert list(teller.secrets) == ["S", "T"]
    assert await fetch_text(teller) == "3 new"
    teller.vars.clear()
    assert (len(teller.vars), teller.version.number) == (0, 6)


def test_equal_settings_make_no_version(runtime, gateway, teller):
    gateway.bindings["AUTH"] = "auth"
    teller.vars["V"] = "one"
    teller.secrets["S"] = "a secret"
    runtime.change("teller")
    assert (gateway.version.number, teller.version.number) == (1, 1)


def test_a_var_is_read_as_a_copy(teller):
    teller.vars["V"] = {"list": []}
    teller.vars["V"]["list"].append("mine")
    assert teller.vars["V"] == {"list": []}


def test_secrets_cannot_be_read(teller):
    with pytest.raises(UsageError, match="shown to nobody"):
        teller.secrets["S"]
    with pytest.raises(KeyError):
        teller.secrets["T"]
    assert repr(teller.secrets) == "secrets of teller: S"
    assert "S" in teller.secrets
    assert "T" not in teller.secrets


def test_settings_are_shown_by_their_names(gateway, teller):
    assert repr(gateway.bindings) == "bindings of gateway: {'AUTH': 'auth'}"
    assert repr(teller.vars) == "vars of teller: {'V': 'one'}"


def test_a_missing_setting_cannot_be_read_or_deleted(gateway, teller):
    for settings in (gateway.bindings, teller.vars, teller.secrets):
        with pytest.raises(KeyError):
            settings["MISSING"]
        with pytest.raises(KeyError):
            del settings["MISSING"]
    assert (gateway.version.number, teller.version.number) == (1, 1)


def test_each_change_has_its_own_reason(runtime, teller):
    teller.vars["V"] = "two"
    del teller.vars["V"]
    teller.secrets.clear()
    assert [change.reason for change in runtime.history[1:]] == [
        "teller.vars['V'] = …",
        "del teller.vars['V']",
        "teller.secrets.clear()",
    ]

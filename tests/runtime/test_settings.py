"""Settings that are changed while a system runs."""

from __future__ import annotations

import asyncio

import pytest

from workernb import UsageError

SAY = "return Response({!r})"
ASK = "return await self.env.AUTH.fetch(request)"
TELL = "return Response(str(self.env.V) + self.env.S)"


async def text(handle, path="http://x/"):
    return await (await handle.fetch(path)).text()


@pytest.fixture
def gateway(define):
    """A gateway on one of two auth Workers."""
    define("auth", SAY.format("production"))
    define("auth", SAY.format("staging"), environment="staging")
    return define("gateway", ASK, AUTH="auth")


@pytest.fixture
def teller(define):
    return define("teller", TELL, vars={"V": "one"}, secrets={"S": "a secret"})


def number(handle):
    return handle.version.number


async def test_a_binding_is_switched_without_the_code(gateway):
    assert await text(gateway) == "production"
    gateway.bindings["AUTH"] = "auth@staging"
    assert await text(gateway) == "staging"
    assert dict(gateway.bindings) == {"AUTH": "auth-staging"}
    assert number(gateway) == 2


async def test_a_request_in_flight_stays_where_it_was(define, runtime):
    define("auth", SAY.format("production"))
    define("auth", SAY.format("staging"), environment="staging")
    waits = "await asyncio.sleep(0.01)\n" + ASK
    gateway = define("gateway", waits, AUTH="auth")
    call = asyncio.ensure_future(gateway.fetch())
    await asyncio.sleep(0)
    gateway.bindings["AUTH"] = "auth@staging"
    answer = await call
    assert await answer.text() == "production"
    assert [str(one.version) for one in answer.trace.invocations] == ["gateway v1", "auth v1"]
    assert await text(gateway) == "staging"


async def test_several_settings_change_at_once(runtime, teller):
    runtime.change("teller", vars={"V": "two"}, secrets={"S": " told"})
    assert await text(teller) == "two told"
    assert number(teller) == 2
    teller.vars.update({"V": 3, "W": [4]})
    assert (dict(teller.vars), number(teller)) == ({"V": 3, "W": [4]}, 3)
    del teller.vars["W"]
    teller.secrets["T"] = "more of it"
    assert list(teller.secrets) == ["S", "T"]
    assert await text(teller) == "3 told"
    teller.vars.clear()
    assert (len(teller.vars), number(teller)) == (0, 6)


async def test_a_name_may_change_its_kind_when_it_is_removed_too(runtime, teller):
    runtime.change("teller", vars={"S": " open"}, remove=["S"])
    assert await text(teller) == "one open"


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


REFUSED = [
    (
        {"services": {"AUTH": "auth@stagin"}},
        'No environment found in configuration with name "stagin".',
        "Did you mean staging?",
    ),
    (
        {"services": {"AUTH": "billing"}},
        "Service binding 'AUTH' references Worker 'billing' which was not found.",
        "Did you mean billing-staging?",
    ),
    (
        {"services": {"AUTH": "gateway@prod"}},
        'No environment found in configuration with name "prod".',
        "gateway has no environments.",
    ),
    (
        {"services": {"AUTH": "auth#Defualt"}},
        'Worker "gateway"\'s binding "AUTH" refers to service "auth" with a named entrypoint '
        '"Defualt", but "auth" has no such named entrypoint.',
        "Did you mean Default?",
    ),
    (
        {"services": {"AUTH": "auth{role: 1}"}},
        r"The props '{role: 1}' are no JSON",
        None,
    ),
    (
        {"vars": {"AUTH": "x"}},
        "Bindings must have unique names, so that they can all be referenced in the worker.",
        "AUTH is in services and in vars.",
    ),
    ({"remove": ["AUHT"]}, "Worker 'gateway' has no binding AUHT.", "Did you mean AUTH?"),
    ({"remove": ["ZZZ"]}, "Worker 'gateway' has no binding ZZZ.", "It has AUTH."),
    ({"vars": {"V": {1, 2}}}, "The var V must be text or JSON", None),
    ({"secrets": {"S": 5}}, "The secret S must be text, not int.", None),
    ({"vars": {"not a name": 1}}, "'not a name' is no name for a binding", None),
]


@pytest.mark.parametrize(("change", "said", "note"), REFUSED)
async def test_what_is_refused_changes_nothing(define, runtime, gateway, change, said, note):
    define("billing", SAY.format("x"), environment="staging")
    before = set(runtime.services)
    with pytest.raises(UsageError) as caught:
        runtime.change("gateway", **{"secrets": {"NEW": "with the rest"}, **change})
    assert str(caught.value).startswith(said)
    assert note is None or caught.value.__notes__ == [note]
    assert await text(gateway) == "production"
    assert (number(gateway), list(gateway.secrets)) == (1, [])
    assert set(runtime.services) == before


async def test_a_source_that_fails_with_the_new_settings_goes_on_with_the_old(runtime):
    source = """
from workers import Response, WorkerEntrypoint, env
LIMIT = int(env.LIMIT)
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str(LIMIT))
"""
    worker = runtime.define("worker", source, vars={"LIMIT": "5"})
    with pytest.raises(ValueError, match="invalid literal"):
        worker.vars["LIMIT"] = "many"
    assert (await text(worker), worker.vars["LIMIT"]) == ("5", "5")
    worker.vars["LIMIT"] = "6"
    assert await text(worker) == "6"


def test_a_definition_may_be_ahead_of_its_targets(define):
    gateway = define("gateway", ASK, AUTH="auth", BILLING="billing")
    gateway.vars["V"] = "the targets are not there yet, and did not change"
    assert number(gateway) == 2


def test_only_a_defined_worker_can_be_changed(runtime):
    with pytest.raises(UsageError, match="There is no Worker 'auth'"):
        runtime.change("auth", vars={"A": "b"})

"""Definitions: what is accepted, what is refused, and which version serves."""

from __future__ import annotations

import gc
import sys

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


async def test_a_redefinition_answers_from_the_next_call_on(define, runtime):
    handle = define("echo", respond("one"))
    assert await fetch_text(handle) == "one"
    again = define("echo", respond("two"))
    assert await fetch_text(handle) == "two"
    assert again == handle
    assert [version.number for version in runtime.services["echo"].versions] == [1, 2]
    assert handle.version.number == 2


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def broken(:\n    pass", SyntaxError),
        ("import time\nraise RuntimeError('at import')", RuntimeError),
        ("1 / 0", ZeroDivisionError),
    ],
)
async def test_a_redefinition_that_fails_leaves_the_old_one_serving(define, runtime, source, error):
    handle = define("echo", respond("one"))
    with pytest.raises(error):
        runtime.define("echo", source)
    assert await fetch_text(handle) == "one"
    assert handle.version.number == 1
    gc.collect()
    assert "<worker echo v2>" not in sys.modules
    define("echo", respond("two"))
    assert (await fetch_text(handle), handle.version.number) == ("two", 2)


def test_a_first_definition_that_fails_leaves_nothing(runtime):
    with pytest.raises(ZeroDivisionError):
        runtime.define("bad", "1 / 0")
    assert "bad" not in runtime
    assert list(runtime) == []


def test_a_syntax_error_points_into_the_cell(runtime):
    with pytest.raises(SyntaxError) as caught:
        runtime.define("unreadable", "x = 1\ny = (2\n")
    assert (caught.value.filename, caught.value.lineno) == ("<worker unreadable v1>", 2)


async def test_env_has_bindings_vars_and_secrets(define):
    handle = define(
        "worker",
        "return Response.from_json([self.env.TEXT, self.env.JSON, self.env.KEY, repr(self.env)])",
        vars={"TEXT": "hello", "JSON": {"a": [1, None]}},
        secrets={"KEY": "s3cret-value"},
        AUTH="auth#Admin",
    )
    one, two, three, shown = await (await handle.fetch()).json()
    assert (one, two, three) == ("hello", {"a": [1, None]}, "s3cret-value")
    assert "s3cret-value" not in shown
    assert "KEY=<secret>" in shown
    assert "AUTH=<service binding to auth#Admin>" in shown


async def test_a_binding_that_is_not_there(define):
    handle = define("worker", "return await self.env.AUHT.fetch(request)", AUTH="auth")
    with pytest.raises(AttributeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "AUHT"
    assert caught.value.__notes__ == [
        "Worker 'worker' has no binding AUHT; bound: AUTH.",
        "Did you mean AUTH?",
    ]


def test_services_are_listed_in_the_order_of_their_definition(runtime, define):
    define("gateway", "return Response('x')", AUTH="auth", LOG="log")
    define("log", "return Response('x')")
    define("auth", "return Response('x')")
    define("gateway", "return Response('y')")
    assert list(runtime) == ["gateway", "log", "auth"]
    assert len(runtime) == 3
    assert "auth" in runtime
    assert repr(runtime) == "<Runtime with gateway, log, auth>"


def test_an_unknown_service_names_the_near_miss(runtime, define):
    define("gateway", "return Response('x')")
    with pytest.raises(UsageError, match="There is no Worker 'gatewya'") as caught:
        runtime["gatewya"]
    assert caught.value.__notes__ == ["Did you mean gateway?"]


async def test_a_name_may_change_its_kind_when_it_is_removed_too(runtime, teller):
    runtime.change("teller", vars={"S": " open"}, remove=["S"])
    assert await fetch_text(teller) == "one open"


@pytest.mark.parametrize(("change", "said", "note"), REFUSED)
async def test_what_is_refused_changes_nothing(define, runtime, gateway, change, said, note):
    define("billing", respond("x"), environment="staging")
    before = set(runtime.services)
    with pytest.raises(UsageError) as caught:
        runtime.change("gateway", **{"secrets": {"NEW": "with the rest"}, **change})
    assert str(caught.value).startswith(said)
    assert note is None or caught.value.__notes__ == [note]
    assert await fetch_text(gateway) == "production"
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
    assert (await fetch_text(worker), worker.vars["LIMIT"]) == ("5", "5")
    worker.vars["LIMIT"] = "6"
    assert await fetch_text(worker) == "6"


def test_a_definition_may_be_ahead_of_its_targets(define):
    gateway = define("gateway", FORWARD, AUTH="auth", BILLING="billing")
    gateway.vars["V"] = "the targets are not there yet, and did not change"
    assert number(gateway) == 2


def test_only_a_defined_worker_can_be_changed(runtime):
    with pytest.raises(UsageError, match="There is no Worker 'auth'"):
        runtime.change("auth", vars={"A": "b"})

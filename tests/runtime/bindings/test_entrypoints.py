"""Entrypoints besides the engine's own: missing ones, those with props, and split ones."""

from __future__ import annotations

import json

import pytest

from workernb import BindingError, HandlerError, UsageError

from ..conftest import FORWARD, OVERRIDES_HEADER, fetch_text, respond, worker
from .conftest import PROPS


@pytest.fixture
def auth(runtime):
    return runtime.define("auth", PROPS)


async def test_a_binding_gives_its_props_to_each_call(define, auth):
    gateway = define("gateway", FORWARD, AUTH='auth#Admin{"role": "reader", "n": [1]}')
    for _ in range(2):
        assert json.loads(await fetch_text(gateway)) == {"role": "reader", "n": [1], "seen": True}
    assert gateway.bindings["AUTH"] == 'auth#Admin{"n": [1], "role": "reader"}'
    gateway.bindings["AUTH"] = gateway.bindings["AUTH"]
    assert gateway.version.number == 1
    gateway.bindings["AUTH"] = "auth"
    assert await fetch_text(gateway) == "{}"
    gateway.bindings["AUTH"] = 'auth {"role": "writer"}'
    assert await fetch_text(gateway) == '{"role": "writer"}'


async def test_a_call_from_the_notebook_has_no_props(auth):
    assert await fetch_text(auth) == "{}"


async def test_props_reach_the_chosen_version_of_a_split_deployment(define, runtime, auth):
    runtime.define("auth", PROPS + "\n# Another version.\n")
    gateway = define("gateway", FORWARD, AUTH='auth{"role": "reader"}')
    runtime.deploy("auth", {1: 100, 2: 0})
    header = {OVERRIDES_HEADER: 'auth="v2"'}
    answer = await gateway.fetch(headers=header)
    assert await answer.text() == '{"role": "reader"}'
    assert answer.trace.invocations[1].version.number == 2


async def test_props_of_a_service_that_is_defined_later(define, runtime):
    gateway = define("gateway", FORWARD, AUTH='auth{"a": 1}')
    runtime.define("auth", PROPS)
    assert await fetch_text(gateway) == '{"a": 1}'


@pytest.mark.parametrize("props", ["{", "{role}", '{"a": 1}/path', '{"a": 1} {}', "{'a': 1}"])
def test_props_must_be_json(define, auth, props):
    with pytest.raises(UsageError, match="are no JSON"):
        define("gateway", FORWARD, AUTH=f"auth{props}")


async def test_a_split_entrypoint_missing_in_one_version(define, runtime):
    default = worker(respond("admin"))
    runtime.define("auth", default.replace("Default", "Admin"))
    runtime.define("auth", default)
    runtime.deploy("auth", {1: 0, 2: 100})
    gateway = define("gateway", FORWARD, AUTH="auth#Admin")
    with pytest.raises(BindingError, match='"auth" has no such named entrypoint'):
        await gateway.fetch()
    assert runtime.traces[-1].invocations[1].version.number == 2
    assert await fetch_text(gateway, headers={OVERRIDES_HEADER: 'auth="v1"'}) == "admin"


@pytest.mark.parametrize(
    ("target", "message", "notes"),
    [
        (
            "atuh",
            'Worker "gateway"\'s binding "AUTH" refers to a service "atuh", but no such service is '
            "defined.",
            ["Worker 'gateway' called env.AUTH.fetch(…), bound to atuh.", "Did you mean auth?"],
        ),
        (
            "billing",
            'Worker "gateway"\'s binding "AUTH" refers to a service "billing", but no such service '
            "is defined.",
            [
                "Worker 'gateway' called env.AUTH.fetch(…), bound to billing.",
                "Define it in a cell that starts with %%worker billing",
            ],
        ),
        (
            "auth#Nope",
            'Worker "gateway"\'s binding "AUTH" refers to service "auth" with a named entrypoint '
            '"Nope", but "auth" has no such named entrypoint.',
            ["Worker 'gateway' called env.AUTH.fetch(…), bound to auth#Nope."],
        ),
    ],
)
async def test_a_call_of_a_missing_service_or_entrypoint(define, runtime, target, message, notes):
    define("auth")
    handle = define("gateway", FORWARD, AUTH=target)
    with pytest.raises(BindingError) as caught:
        await handle.fetch()
    assert str(caught.value) == message
    assert caught.value.__notes__ == notes
    assert runtime.traces[-1].invocations[1].outcome == "scriptNotFound"


async def test_a_call_of_a_missing_service_is_logged_by_its_caller(define, runtime):
    define("front", "return await self.env.BACK.fetch(request)", BACK="gateway")
    define("gateway", FORWARD, AUTH="atuh")
    with pytest.raises(BindingError):
        await runtime["front"].fetch()
    (log,) = runtime.traces[-1].logs
    assert log.invocation.service == "gateway"


async def test_a_missing_service_suggests_one_in_an_environment(define, runtime):
    define("login", environment="staging")
    handle = define("gateway", FORWARD, AUTH="login")
    with pytest.raises(BindingError) as caught:
        await handle.fetch()
    assert caught.value.__notes__[1] == "Did you mean login-staging?"


async def test_a_worker_without_a_fetch_handler(define, runtime):
    runtime.define("auth", "x = 1")
    handle = define("gateway", FORWARD, AUTH="auth")
    with pytest.raises(HandlerError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Handler does not export a fetch() function."
    assert runtime.traces[-1].logs[0].text == (
        "Received a FetchEvent but we lack a handler for FetchEvents. "
        "Did you remember to export a fetch() function?"
    )
    with pytest.raises(HandlerError):
        await runtime["auth"].fetch()

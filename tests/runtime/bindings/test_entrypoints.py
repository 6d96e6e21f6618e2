"""Environments, props, exports, a version's metadata, and who depends on whom."""

from __future__ import annotations

import json

import pytest

import workernb
from workernb import BindingError, UsageError

from ..conftest import FORWARD, fetch_text, respond

ADMIN = """
import asyncio, json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps(self.ctx.props))

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        self.ctx.props["seen"] = True
        return Response(json.dumps(self.ctx.props))
"""


# Environments


# Props


@pytest.fixture
def admin(runtime):
    return runtime.define("auth", ADMIN)


OVERRIDES = "Cloudflare-Workers-Version-Overrides"


def of(call):
    return call.version.number


async def test_a_binding_tells_its_props(define, admin):
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


async def test_who_calls_by_name_has_no_props(admin):
    assert await fetch_text(admin) == "{}"


async def test_props_reach_the_version_of_a_split_that_is_chosen(define, runtime, admin):
    runtime.define("auth", ADMIN + "\n# another one\n")
    gateway = define("gateway", FORWARD, AUTH='auth{"role": "reader"}')
    runtime.deploy("auth", {1: 100, 2: 0})
    header = {"Cloudflare-Workers-Version-Overrides": 'auth="v2"'}
    answer = await gateway.fetch(headers=header)
    assert await answer.text() == '{"role": "reader"}'
    assert answer.trace.invocations[1].version.number == 2


async def test_props_of_a_service_that_is_defined_later(define, runtime):
    gateway = define("gateway", FORWARD, AUTH='auth{"a": 1}')
    runtime.define("auth", ADMIN)
    assert await fetch_text(gateway) == '{"a": 1}'


@pytest.mark.parametrize("props", ["{", "{role}", '{"a": 1}/path', '{"a": 1} {}', "{'a': 1}"])
def test_props_that_are_no_json(define, admin, props):
    with pytest.raises(UsageError, match="are no JSON"):
        define("gateway", FORWARD, AUTH=f"auth{props}")


# Exports


# A version's metadata


# Who depends on whom


async def test_a_split_entrypoint_may_be_missing_in_one_version(runtime):
    with_admin = """
from workers import Response, WorkerEntrypoint
class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("admin")
"""
    runtime.define("auth", with_admin)
    runtime.define("auth", with_admin.replace("Admin", "Default"))
    runtime.deploy("auth", {1: 0, 2: 100})
    ask = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""
    gateway = runtime.define("gateway", ask, services={"AUTH": "auth#Admin"})
    with pytest.raises(BindingError, match='"auth" has no such named entrypoint'):
        await gateway.fetch()
    assert of(runtime.traces[-1].invocations[1]) == 2
    assert await fetch_text(gateway, headers={OVERRIDES: 'auth="v1"'}) == "admin"


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
async def test_a_binding_that_leads_nowhere(define, runtime, target, message, notes):
    define("auth", "return Response('x')")
    handle = define("gateway", FORWARD, AUTH=target)
    with pytest.raises(workernb.BindingError) as caught:
        await handle.fetch()
    assert str(caught.value) == message
    assert caught.value.__notes__ == notes
    assert runtime.traces[-1].invocations[1].outcome == "scriptNotFound"


async def test_who_calls_what_is_not_there_has_the_error_in_its_log(define, runtime):
    define("front", "return await self.env.BACK.fetch(request)", BACK="gateway")
    define("gateway", FORWARD, AUTH="atuh")
    with pytest.raises(workernb.BindingError):
        await runtime["front"].fetch()
    (log,) = runtime.traces[-1].logs
    assert log.invocation.service == "gateway"


async def test_a_worker_in_an_environment_is_the_near_miss(define, runtime):
    define("login", respond("x"), environment="staging")
    handle = define("gateway", FORWARD, AUTH="login")
    with pytest.raises(workernb.BindingError) as caught:
        await handle.fetch()
    assert caught.value.__notes__[1] == "Did you mean login-staging?"


async def test_a_worker_without_a_fetch_handler(define, runtime):
    runtime.define("auth", "x = 1")
    handle = define("gateway", FORWARD, AUTH="auth")
    with pytest.raises(workernb.HandlerError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Handler does not export a fetch() function."
    assert runtime.traces[-1].logs[0].text == (
        "Received a FetchEvent but we lack a handler for FetchEvents. "
        "Did you remember to export a fetch() function?"
    )
    with pytest.raises(workernb.HandlerError):
        await runtime["auth"].fetch()

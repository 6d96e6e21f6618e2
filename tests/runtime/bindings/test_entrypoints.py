"""Environments, props, exports, a version's metadata, and who depends on whom."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest

from workernb import Limits, UsageError
from workernb.runtime.services.dependents import all_dependents

SAY = "return Response({!r})"
ASK = "return await self.env.AUTH.fetch(request)"
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


async def text(handle, **init):
    return await (await handle.fetch(**init)).text()


# Environments


def test_settings_are_not_inherited_by_environments(define):
    settings = {"vars": {"A": "b"}, "secrets": {"S": "secret"}, "version_metadata": "V"}
    outside = define("auth", SAY.format("x"), B="other", **settings).version.definition
    inside = define("auth", SAY.format("x"), environment="staging").version.definition
    assert (inside.vars, inside.secrets, inside.services) == ({}, {}, {})
    warned = inside.not_inherited(outside)
    assert [line.split('"')[1] for line in warned] == [
        "vars",
        "secrets",
        "services",
        "version_metadata",
    ]
    assert warned[0] == (
        '"vars" exists at the top level, but not on "env.staging".\n'
        'This is not what you probably want, since "vars" is not inherited by environments.\n'
        'Please add "vars" to "env.staging".'
    )


def test_limits_and_date_are_inherited_unless_there_are_own_ones(define):
    limits = Limits(cpu_ms=5)
    settings = {"limits": limits, "compatibility_date": "2026-01-01", "routes": ["a.com/*"]}
    define("auth", SAY.format("x"), **settings)
    inside = define("auth", SAY.format("x"), environment="staging").version.definition
    assert (inside.limits, inside.compatibility_date) == (limits, "2026-01-01")
    assert inside.routes == ()
    own = define("auth", SAY.format("x"), environment="b", limits=Limits(cpu_ms=7))
    assert own.version.definition.limits.cpu_ms == 7
    assert own.version.definition.worker == "auth"


async def test_an_environment_stands_alone(define, runtime):
    define("auth", SAY.format("staging"), environment="staging")
    gateway = define("gateway", ASK, AUTH="auth@staging")
    assert await text(gateway) == "staging"
    assert list(runtime) == ["auth-staging", "gateway"]


# Props


@pytest.fixture
def admin(runtime):
    return runtime.define("auth", ADMIN)


async def test_a_binding_tells_its_props(define, admin):
    gateway = define("gateway", ASK, AUTH='auth#Admin{"role": "reader", "n": [1]}')
    for _ in range(2):
        assert json.loads(await text(gateway)) == {"role": "reader", "n": [1], "seen": True}
    assert gateway.bindings["AUTH"] == 'auth#Admin{"n": [1], "role": "reader"}'
    gateway.bindings["AUTH"] = gateway.bindings["AUTH"]
    assert gateway.version.number == 1
    gateway.bindings["AUTH"] = "auth"
    assert await text(gateway) == "{}"
    gateway.bindings["AUTH"] = 'auth {"role": "writer"}'
    assert await text(gateway) == '{"role": "writer"}'


async def test_who_calls_by_name_has_no_props(admin):
    assert await text(admin) == "{}"


async def test_props_reach_the_version_of_a_split_that_is_chosen(define, runtime, admin):
    runtime.define("auth", ADMIN + "\n# another one\n")
    gateway = define("gateway", ASK, AUTH='auth{"role": "reader"}')
    runtime.deploy("auth", {1: 100, 2: 0})
    header = {"Cloudflare-Workers-Version-Overrides": 'auth="v2"'}
    answer = await gateway.fetch(headers=header)
    assert await answer.text() == '{"role": "reader"}'
    assert answer.trace.invocations[1].version.number == 2


async def test_props_of_a_service_that_is_defined_later(define, runtime):
    gateway = define("gateway", ASK, AUTH='auth{"a": 1}')
    runtime.define("auth", ADMIN)
    assert await text(gateway) == '{"a": 1}'


@pytest.mark.parametrize("props", ["{", "{role}", '{"a": 1}/path', '{"a": 1} {}', "{'a': 1}"])
def test_props_that_are_no_json(define, admin, props):
    with pytest.raises(UsageError, match="are no JSON"):
        define("gateway", ASK, AUTH=f"auth{props}")


# Exports

EXPORTING = (
    ADMIN
    + """
class Entry(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
"""
)


async def exported(runtime, body):
    source = EXPORTING.format(body=body).replace("class Default", "class Plain")
    return runtime.define("own", source.replace("class Entry", "class Default"))


async def test_a_worker_calls_its_own_entrypoints(runtime):
    handle = await exported(runtime, "return await self.ctx.exports.Admin.fetch(request)")
    answer = await handle.fetch()
    assert await answer.text() == '{"seen": true}'
    assert [call.binding for call in answer.trace.invocations] == [None, "ctx.exports.Admin"]
    assert answer.trace.invocations[1].describe() == (
        "ctx.exports.Admin.fetch('http://own.localhost/')"
    )


async def test_a_worker_gives_props_to_its_own_entrypoints(runtime):
    body = "return await self.ctx.exports.Plain(props={'a': 1}).fetch(request)"
    assert await text(await exported(runtime, body)) == '{"a": 1}'


async def test_exports_that_are_not_there(runtime):
    handle = await exported(runtime, "return self.ctx.exports.Admn")
    with pytest.raises(AttributeError, match="Worker 'own' exports no 'Admn'") as caught:
        await handle.fetch()
    assert "Did you mean Admin?" in caught.value.__notes__
    handle = await exported(runtime, "return Response(repr(self.ctx.exports))")
    assert await text(handle) == "Exports(Admin, Default, Plain)"


async def test_exports_lead_to_the_same_version(define, runtime):
    body = "return (await asyncio.sleep(0.01), await self.ctx.exports.Plain.fetch(request))[1]"
    handle = await exported(runtime, body)
    call = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    define("own", SAY.format("other"))
    answer = await call
    assert await answer.text() == "{}"
    assert [call.version.number for call in answer.trace.invocations] == [1, 1]


async def test_exports_of_a_version_that_is_unloaded(define, runtime, until):
    handle = await exported(runtime, "self.ctx.waitUntil(later(self)); return Response('x')")
    source = (
        handle.version.definition.source
        + """
async def later(worker):
    while len(worker.env.OPEN) == 0:
        await asyncio.sleep(0)
    return worker.ctx.exports.Plain
"""
    )
    handle = runtime.define("own", source, vars={"OPEN": []})
    answer = await handle.fetch()
    version = handle.version
    define("own", SAY.format("other"))
    gc.collect()
    assert version.isolate() is None
    version.env.OPEN.append("now")
    await until(lambda: answer.trace.done)
    assert answer.trace.exception == (
        "RuntimeError: The execution context which hosts this callback is no longer running."
    )


# A version's metadata


async def test_a_worker_knows_its_version(define):
    body = "v = self.env.VERSION\nreturn Response(f'{v.id} {v.tag} {v.timestamp}')"
    handle = define("auth", body, version_metadata="VERSION", tag="1.2")
    version = handle.version
    said = (await text(handle)).split()
    assert said == [version.id, "1.2", version.metadata.timestamp]
    assert said[2].endswith("Z")
    handle.vars["A"] = "b"
    assert handle.version.definition.tag is None
    with pytest.raises(UsageError, match="unique names"):
        handle.vars["VERSION"] = "x"


# Who depends on whom


@pytest.fixture
def chain(define):
    """A web Worker on a gateway on auth, which is bound to itself; another gateway in staging."""
    define("auth", SAY.format("x"), SELF="auth")
    define("gateway", ASK, AUTH="auth")
    define("gateway", ASK, AUTH="auth#Admin", ADMIN="auth", environment="staging")
    define("web", ASK, AUTH="gateway")


def test_dependents_directly_and_through_others(chain, runtime):
    found = all_dependents(runtime.defined(), "auth")
    assert [(str(one), one.through) for one in found] == [
        ("auth.SELF", ()),
        ("gateway.AUTH", ()),
        ("gateway-staging.AUTH", ()),
        ("gateway-staging.ADMIN", ()),
        ("web.AUTH", ("gateway",)),
    ]
    assert all_dependents(runtime.defined(), "web") == []


def test_both_versions_of_a_split_count(chain, runtime):
    web = runtime["web"]
    web.bindings["AUTH"] = "gateway@staging"
    runtime.deploy("web", {1: 10, 2: 90})
    assert [str(one) for one in all_dependents(runtime.defined(), "gateway")] == ["web.AUTH"]
    runtime.deploy("web", {2: 100})
    assert all_dependents(runtime.defined(), "gateway") == []


async def test_a_worker_that_others_need_is_not_removed(chain, runtime):
    with pytest.raises(UsageError) as caught:
        runtime.remove("auth")
    assert str(caught.value) == (
        "Worker 'auth' is not removed: gateway.AUTH, gateway-staging.AUTH and "
        "gateway-staging.ADMIN are bound to it."
    )
    assert "auth" in runtime
    runtime.remove("web")
    runtime.remove("auth", force=True)
    assert list(runtime) == ["gateway", "gateway-staging"]
    with pytest.raises(UsageError, match="There is no Worker 'auth'"):
        runtime.remove("auth")


async def test_what_is_defined_again_after_a_removal_is_found_again(define, runtime, chain):
    runtime.remove("auth", force=True)
    define("auth", SAY.format("again"))
    assert await text(runtime["web"]) == "again"
    assert runtime["auth"].version.number == 1

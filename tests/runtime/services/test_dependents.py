"""The Workers that need a service, directly and through others."""

from __future__ import annotations

import pytest

from workernb import (
    UsageError,
)
from workernb.runtime.services.dependents import all_dependents

SAY = "return Response({!r})"


ASK = "return await self.env.AUTH.fetch(request)"


async def text(handle, **init):
    return await (await handle.fetch(**init)).text()


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

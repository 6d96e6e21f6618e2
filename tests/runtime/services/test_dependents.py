"""The Workers that need a service, directly and through others."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.runtime.services.dependents import (
    Dependent,
    all_dependents,
    describe_dependents,
)
from workernb.runtime.services.targets import Target

from ..conftest import FORWARD


@pytest.fixture
def chain(define):
    """Define web → gateway → auth → auth, and another gateway in staging that calls auth."""
    define("auth", SELF="auth")
    define("gateway", FORWARD, AUTH="auth")
    define("gateway", FORWARD, AUTH="auth#Admin", ADMIN="auth", environment="staging")
    define("web", FORWARD, AUTH="gateway")


def test_direct_dependents_come_before_those_through_others(chain, runtime):
    found = all_dependents(runtime.defined(), "auth")
    assert [(str(dependent), dependent.through) for dependent in found] == [
        ("auth.SELF", ()),
        ("gateway.AUTH", ()),
        ("gateway-staging.AUTH", ()),
        ("gateway-staging.ADMIN", ()),
        ("web.AUTH", ("gateway",)),
    ]
    assert all_dependents(runtime.defined(), "web") == []


def test_both_versions_of_a_split_deployment_count(chain, runtime):
    web = runtime["web"]
    web.bindings["AUTH"] = "gateway@staging"
    runtime.deploy("web", {1: 10, 2: 90})
    (dependent,) = all_dependents(runtime.defined(), "gateway")
    assert str(dependent) == "web.AUTH"
    runtime.deploy("web", {2: 100})
    assert all_dependents(runtime.defined(), "gateway") == []


async def test_a_worker_with_dependents_is_removed_by_force_only(chain, runtime):
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


def test_a_circle_of_bindings_has_an_end(define, runtime):
    define("a", FORWARD, AUTH="b")
    define("b", FORWARD, AUTH="a")
    found = all_dependents(runtime.defined(), "a")
    assert [(str(dependent), dependent.through) for dependent in found] == [
        ("b.AUTH", ()),
        ("a.AUTH", ("b",)),
    ]


@pytest.mark.parametrize(
    ("callers", "text"),
    [
        (["a"], "a.AUTH is bound to it"),
        (["a", "b"], "a.AUTH and b.AUTH are bound to it"),
        (["a", "b", "c"], "a.AUTH, b.AUTH and c.AUTH are bound to it"),
    ],
)
def test_dependents_are_described_by_their_bindings(callers, text):
    found = [Dependent(caller, "AUTH", Target("auth")) for caller in callers]
    assert describe_dependents(found) == text

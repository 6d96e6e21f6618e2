"""Deployments: splits, keys, overrides, rollbacks, and what is kept for them."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from workernb import UsageError
from workernb.runtime.services.deployments import Deployment
from workernb.runtime.services.overrides import parse_overrides, point_of

SAY = "return Response({!r})"
ASK = "return await self.env.AUTH.fetch(request)"
OVERRIDES = "Cloudflare-Workers-Version-Overrides"
KEY = "Cloudflare-Workers-Version-Key"


async def text(handle, **headers):
    return await (await handle.fetch(headers=headers["headers"] if headers else None)).text()


@pytest.fixture
def auth(define, runtime):
    """An auth Worker with four versions that say which they are."""
    runtime.random.seed(5)
    for number in (1, 2, 3, 4):
        handle = define("auth", SAY.format(f"v{number}"))
    return handle


def of(call):
    return call.version.number


async def test_a_split_serves_both_and_each_request_names_its_version(runtime, auth):
    runtime.deploy("auth", {3: 50, 4: 50})
    answers = [await auth.fetch() for _ in range(40)]
    texts = [await answer.text() for answer in answers]
    assert set(texts) == {"v3", "v4"}
    assert [f"v{of(one.trace.invocations[0])}" for one in answers] == texts
    assert str(runtime.services["auth"].deployment) == "v3 50 % · v4 50 %"


def test_the_shares_are_kept_over_100_000_choices():
    split = Deployment.of({1: 90, 2: 10})
    picked = Counter(split.pick(point_of("auth", str(key))) for key in range(100_000))
    assert abs(picked[2] - 10_000) < 3 * math.sqrt(100_000 * 0.9 * 0.1)


async def test_100_000_requests_land_within_three_standard_deviations(runtime, auth):
    runtime.deploy("auth", {3: 90, 4: 10})
    landed = Counter()
    for _ in range(100_000):
        landed[of((await auth.fetch()).trace.invocations[0])] += 1
    assert abs(landed[4] - 10_000) < 3 * math.sqrt(100_000 * 0.9 * 0.1)


async def test_a_key_stays_on_the_new_version_while_its_share_grows(runtime, auth):
    keys = [f"user {number}" for number in range(60)]
    before: set[str] = set()
    for share in (0, 5, 10, 30, 70, 100):
        runtime.deploy("auth", {3: 100 - share, 4: share})
        new = {key for key in keys if await text(auth, headers={KEY: key}) == "v4"}
        again = {key for key in keys if await text(auth, headers={KEY: key}) == "v4"}
        assert before <= new == again
        before = new
    assert before == set(keys)


async def test_an_override_forces_a_version_that_is_deployed(runtime, auth):
    versions = runtime.services["auth"].versions
    runtime.deploy("auth", {3: 100, 4: 0})
    for name in ("v4", versions[3].id):
        header = {OVERRIDES: f'other="x", auth="{name}"', KEY: "any"}
        answer = await auth.fetch(headers=header)
        assert await answer.text() == "v4"
        assert answer.trace.invocations[0].override_ignored is None


async def test_an_override_counts_over_a_binding_where_it_is_set(define, runtime, auth):
    runtime.deploy("auth", {3: 100, 4: 0})
    passing = define("passing", ASK, AUTH="auth")
    setting = define(
        "setting",
        f"""
        plain = await self.env.AUTH.fetch("http://auth/")
        forced = await self.env.AUTH.fetch("http://auth/", headers={{{OVERRIDES!r}: 'auth="v4"'}})
        return Response(await plain.text() + " " + await forced.text())
        """,
        AUTH="auth",
    )
    header = {OVERRIDES: 'auth="v4"'}
    assert await text(passing, headers=header) == "v4"
    answer = await setting.fetch(headers=header)
    assert await answer.text() == "v3 v4"
    gateway, plain, forced = answer.trace.invocations
    assert (of(plain), of(forced)) == (3, 4)
    assert gateway.override_ignored is forced.override_ignored is None
    assert plain.override_ignored == (
        "The override auth='v4' was set on the request to setting, and is not passed on: "
        "set the header in the call itself."
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('auth="v2"', "The override auth='v2' was ignored: v3 90 % · v4 10 % is deployed."),
        ("auth=v4", f'{OVERRIDES} is no list like auth="v3": it was ignored.'),
        ('other="v2"', None),
    ],
)
async def test_the_trace_says_why_an_override_was_not_applied(runtime, auth, header, said):
    runtime.deploy("auth", {3: 90, 4: 10})
    answer = await auth.fetch(headers={OVERRIDES: header})
    assert answer.trace.invocations[0].override_ignored == said


async def test_the_trace_says_so_too_where_one_version_serves(auth):
    answer = await auth.fetch(headers={OVERRIDES: 'auth="v2"'})
    assert await answer.text() == "v4"
    ignored = answer.trace.invocations[0].override_ignored
    assert ignored == "The override auth='v2' was ignored: v4 alone is deployed."


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('auth="v3"', {"auth": "v3"}),
        (' auth="a\\"b\\\\c" , b-c_d.e*="" ', {"auth": 'a"b\\c', "b-c_d.e*": ""}),
        ("", None),
        ("auth", None),
        ("auth=v3", None),
        ('auth="v3" b="v4"', None),
        ('auth="v3",', None),
        ('Auth="v3"', None),
    ],
)
def test_what_an_override_may_look_like(header, found):
    assert parse_overrides(header) == found


async def test_rollback_ends_a_split_with_the_older_version(runtime, auth):
    for older in (90, 10):
        runtime.deploy("auth", {3: older, 4: 100 - older})
        runtime.rollback("auth")
        assert await text(auth) == "v3"
    runtime.rollback("auth")
    assert await text(auth) == "v4"


async def test_rollback_after_a_bad_version(runtime, define):
    echo = define("echo", SAY.format("good"))
    define("echo", SAY.format("bad"))
    runtime.rollback("echo")
    assert (await text(echo), str(echo.version)) == ("good", "echo v1")
    runtime.rollback("echo")
    assert await text(echo) == "bad"


def test_rollback_needs_something_to_go_back_to(runtime, define):
    define("echo", SAY.format("only"))
    with pytest.raises(UsageError, match="nothing to go back to: only v1 has served"):
        runtime.rollback("echo")


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({3: 90, 4: 5}, r"Sum of specified percentages \(95%\) must be 100%"),
        ({3: 90, 4: 15}, r"Sum of specified percentages \(105%\) must be 100%"),
        ({3: 110, 4: -10}, "A share is from 0 % to 100 %: v3 was given 110 %"),
        ({}, "A deployment has one version or two, not 0"),
        ({2: 30, 3: 30, 4: 40}, "A deployment has one version or two, not 3"),
        ({9: 100}, "has no version v9. It has v1, v2, v3, v4"),
        ({4: 50, 9: 50}, "has no version v9"),
    ],
)
async def test_what_cannot_be_deployed_changes_nothing(runtime, auth, shares, said):
    with pytest.raises(UsageError, match=said):
        runtime.deploy("auth", shares)
    assert await text(auth) == "v4"


async def test_a_version_that_cannot_be_loaded_again_is_not_deployed(runtime, monkeypatch):
    source = """
import builtins
builtins.workernb_test = getattr(builtins, "workernb_test", 0) + 1
assert builtins.workernb_test < 2
from workers import Response
def on_fetch(request):
    return Response("first")
"""
    import builtins

    monkeypatch.setattr(builtins, "workernb_test", 0, raising=False)
    runtime.define("once", source)
    once = runtime.define("once", source.replace("first", "x").replace("assert", "#"))
    for change in (lambda: runtime.rollback("once"), lambda: runtime.deploy("once", {1: 5, 2: 95})):
        with pytest.raises(AssertionError):
            change()
    assert await text(once) == "x"
    assert str(runtime.services["once"].deployment) == "v2"


def test_settings_wait_until_one_version_serves(runtime, auth):
    runtime.deploy("auth", {3: 90, 4: 10})
    with pytest.raises(UsageError, match=r"Two versions of Worker 'auth' serve: v3 90 % · v4 10 %"):
        auth.vars["A"] = "b"


async def test_settings_are_changed_of_what_serves(runtime, auth):
    runtime.deploy("auth", {2: 100})
    auth.vars["A"] = "b"
    assert (await text(auth), str(auth.version)) == ("v2", "auth v5")

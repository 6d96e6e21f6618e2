"""Deployments: splits, keys, overrides and rollbacks."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from workernb import UsageError
from workernb.runtime.services.deployments import Deployment, parse_overrides, point_of

from ..conftest import FORWARD, KEY_HEADER, OVERRIDES_HEADER, fetch_text, respond


def first_version(answer):
    """Return the number of the version that handled the request first."""
    return answer.trace.invocations[0].version.number


async def test_a_split_serves_both_versions_and_each_invocation_names_its_own(runtime, auth):
    runtime.deploy("auth", {3: 50, 4: 50})
    answers = [await auth.fetch() for _ in range(40)]
    texts = [await answer.text() for answer in answers]
    assert set(texts) == {"v3", "v4"}
    assert [f"v{first_version(answer)}" for answer in answers] == texts
    assert str(runtime.services["auth"].deployment) == "v3 50 % · v4 50 %"


def test_the_shares_are_kept_over_100_000_choices():
    split = Deployment.of({1: 90, 2: 10})
    picked = Counter(split.pick(point_of("auth", str(key))) for key in range(100_000))
    assert abs(picked[2] - 10_000) < 3 * math.sqrt(100_000 * 0.9 * 0.1)


async def test_the_shares_are_kept_over_100_000_requests(runtime, auth):
    runtime.deploy("auth", {3: 90, 4: 10})
    served = Counter()
    for _ in range(100_000):
        served[first_version(await auth.fetch())] += 1
    assert abs(served[4] - 10_000) < 3 * math.sqrt(100_000 * 0.9 * 0.1)


async def test_a_key_stays_on_the_new_version_while_its_share_grows(runtime, auth):
    keys = [f"user {number}" for number in range(60)]
    before: set[str] = set()
    for share in (0, 5, 10, 30, 70, 100):
        runtime.deploy("auth", {3: 100 - share, 4: share})
        new = {key for key in keys if await fetch_text(auth, headers={KEY_HEADER: key}) == "v4"}
        again = {key for key in keys if await fetch_text(auth, headers={KEY_HEADER: key}) == "v4"}
        assert before <= new == again
        before = new
    assert before == set(keys)


async def test_an_override_forces_a_version_that_is_deployed(runtime, auth):
    versions = runtime.services["auth"].versions
    runtime.deploy("auth", {3: 100, 4: 0})
    for name in ("v4", versions[3].id):
        header = {OVERRIDES_HEADER: f'other="x", auth="{name}"', KEY_HEADER: "any"}
        answer = await auth.fetch(headers=header)
        assert await answer.text() == "v4"
        assert answer.trace.invocations[0].override_ignored is None


async def test_an_override_applies_to_the_call_that_sets_it_only(define, runtime, auth):
    runtime.deploy("auth", {3: 100, 4: 0})
    passing = define("passing", FORWARD, AUTH="auth")
    setting = define(
        "setting",
        f"""
        plain = await self.env.AUTH.fetch("http://auth/")
        headers = {{{OVERRIDES_HEADER!r}: 'auth="v4"'}}
        forced = await self.env.AUTH.fetch("http://auth/", headers=headers)
        return Response(await plain.text() + " " + await forced.text())
        """,
        AUTH="auth",
    )
    header = {OVERRIDES_HEADER: 'auth="v4"'}
    assert await fetch_text(passing, headers=header) == "v4"
    answer = await setting.fetch(headers=header)
    assert await answer.text() == "v3 v4"
    gateway, plain, forced = answer.trace.invocations
    assert (plain.version.number, forced.version.number) == (3, 4)
    assert gateway.override_ignored is forced.override_ignored is None
    assert plain.override_ignored == (
        "The override auth='v4' was set on the request to setting, and is not passed on: "
        "set the header in the call itself."
    )


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ('auth="v2"', "The override auth='v2' was ignored: v3 90 % · v4 10 % is deployed."),
        ("auth=v4", f'{OVERRIDES_HEADER} is no list like auth="v3": it was ignored.'),
        ('other="v2"', None),
    ],
)
async def test_the_trace_says_why_an_override_was_ignored(runtime, auth, header, reason):
    runtime.deploy("auth", {3: 90, 4: 10})
    answer = await auth.fetch(headers={OVERRIDES_HEADER: header})
    assert answer.trace.invocations[0].override_ignored == reason


async def test_an_override_is_ignored_where_one_version_serves(auth):
    answer = await auth.fetch(headers={OVERRIDES_HEADER: 'auth="v2"'})
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
def test_the_overrides_header_is_parsed(header, found):
    assert parse_overrides(header) == found


async def test_rollback_ends_a_split_with_the_older_version(runtime, auth):
    for older in (90, 10):
        runtime.deploy("auth", {3: older, 4: 100 - older})
        runtime.rollback("auth")
        assert await fetch_text(auth) == "v3"
    runtime.rollback("auth")
    assert await fetch_text(auth) == "v4"


async def test_rollback_after_a_bad_version(runtime, define):
    echo = define("echo", respond("good"))
    define("echo", respond("bad"))
    runtime.rollback("echo")
    assert (await fetch_text(echo), str(echo.version)) == ("good", "echo v1")
    runtime.rollback("echo")
    assert await fetch_text(echo) == "bad"


def test_rollback_without_an_earlier_deployment_is_refused(runtime, define):
    define("echo", respond("only"))
    with pytest.raises(UsageError, match="nothing to go back to: only v1 has served"):
        runtime.rollback("echo")


@pytest.mark.parametrize(
    ("shares", "message"),
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
async def test_a_refused_deployment_changes_nothing(runtime, auth, shares, message):
    with pytest.raises(UsageError, match=message):
        runtime.deploy("auth", shares)
    assert await fetch_text(auth) == "v4"


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
    assert await fetch_text(once) == "x"
    assert str(runtime.services["once"].deployment) == "v2"


def test_settings_cannot_change_while_two_versions_serve(runtime, auth):
    runtime.deploy("auth", {3: 90, 4: 10})
    with pytest.raises(UsageError, match=r"Two versions of Worker 'auth' serve: v3 90 % · v4 10 %"):
        auth.vars["A"] = "b"


async def test_settings_change_from_the_version_that_serves(runtime, auth):
    runtime.deploy("auth", {2: 100})
    auth.vars["A"] = "b"
    assert (await fetch_text(auth), str(auth.version)) == ("v2", "auth v5")

"""Definitions: the checks of code and settings, and what environments inherit."""

from __future__ import annotations

import pytest

from workernb import Limits, UsageError

from ..conftest import FORWARD, fetch_text, respond


def test_bindings_vars_and_secrets_are_not_inherited_by_environments(define):
    settings = {"vars": {"A": "b"}, "secrets": {"S": "secret"}, "version_metadata": "V"}
    outside = define("auth", B="other", **settings).version.definition
    inside = define("auth", environment="staging").version.definition
    assert (inside.vars, inside.secrets, inside.services) == ({}, {}, {})
    warnings = inside.inheritance_warnings(outside)
    assert [line.split('"')[1] for line in warnings] == [
        "services",
        "vars",
        "secrets",
        "version_metadata",
    ]
    assert warnings[1] == (
        '"vars" exists at the top level, but not on "env.staging".\n'
        'This is not what you probably want, since "vars" is not inherited by environments.\n'
        'Please add "vars" to "env.staging".'
    )


def test_environments_inherit_limits_and_compatibility_date_unless_they_set_them(define):
    limits = Limits(cpu_ms=5)
    settings = {"limits": limits, "compatibility_date": "2026-01-01", "routes": ["a.com/*"]}
    define("auth", **settings)
    inside = define("auth", environment="staging").version.definition
    assert (inside.limits, inside.compatibility_date) == (limits, "2026-01-01")
    assert inside.routes == ()
    own = define("auth", environment="b", limits=Limits(cpu_ms=7))
    assert own.version.definition.limits.cpu_ms == 7
    assert own.version.definition.worker == "auth"


async def test_an_environment_needs_no_worker_outside_of_it(define, runtime):
    define("auth", respond("staging"), environment="staging")
    gateway = define("gateway", FORWARD, AUTH="auth@staging")
    assert await fetch_text(gateway) == "staging"
    assert list(runtime) == ["auth-staging", "gateway"]


@pytest.mark.parametrize(
    ("name", "settings", "message", "note"),
    [
        ("Auth Service", {}, 'Expected "name" to be of type string', "Try 'auth-service'."),
        ("", {}, 'Expected "name"', None),
        (None, {}, 'Expected "name"', None),
        ("a", {"services": {"A-B": "x"}}, "'A-B' is no name for a binding", None),
        ("a", {"services": {"AUTH": "Bad Name"}}, 'but got "Bad Name"', "Try 'bad-name'."),
        ("a", {"services": {"AUTH": "auth/path"}}, "A binding's target has no path", None),
        ("a", {"services": {"AUTH": "auth#1x"}}, "no name of an entrypoint", None),
        ("a", {"services": {"AUTH": ""}}, "names no service", None),
        ("a", {"vars": {"X": object()}}, "The var X must be text or JSON", None),
        ("a", {"secrets": {"X": 1}}, "The secret X must be text", None),
        ("a", {"vars": {"X": "1"}, "secrets": {"X": "2"}}, "Bindings must have unique names", "X"),
        ("a", {"services": {"X": "b"}, "vars": {"X": "2"}}, "Bindings must have unique", "X"),
        ("a", {"routes": ["a b"]}, "is no route", None),
        ("a", {"routes": ["a.com/*/b"]}, "A route's \\*", None),
        ("a", {"compatibility_date": "today"}, "A compatibility date is a day", None),
        (
            "a",
            {"compatibility_date": "2026-02-30"},
            "written like 2026-11-23, not '2026-02-30'",
            None,
        ),
        ("a", {"compatibility_date": 20261123}, "written like 2026-11-23, not 20261123", None),
        ("a", {"vars": {"X": [float("nan")]}}, "The var X must be text or JSON: .* not JSON", None),
        ("a", {"vars": {"X": float("-inf")}}, "The var X must be text or JSON", None),
        ("a", {"services": {"A": 'b#C{"x": NaN}'}}, "are no JSON .JSON has no NaN", None),
        ("a", {"limits": 5}, "limits is a dict, {'cpu_ms': 50}, or Limits, not int", None),
        ("a", {"limits": "x"}, "or Limits, not str", None),
        (
            "a",
            {"routes": None},
            r"routes is a list of patterns, \['example.com/\*'\], not None",
            None,
        ),
        ("a", {"routes": ["b.com/*", "B.com"]}, "Worker 'a' has the route 'B.com' twice", None),
        ("a", {"routes": ["a.localhost"], "public": True}, "'a.localhost/\\*' twice", None),
        ("a", {"environment": "Pro Duction"}, "An environment is named like a service", None),
        ("a", {"binds": {}}, "unexpected keyword argument 'binds'", None),
        ("a", {"kv_namespace": {}}, "unexpected keyword argument", "Did you mean kv_namespaces"),
    ],
)
def test_invalid_definitions_are_refused(define, runtime, name, settings, message, note):
    with pytest.raises(UsageError, match=message) as caught:
        define(name, respond("x"), **settings)
    assert note is None or any(note in line for line in caught.value.__notes__)
    assert list(runtime) == []


def test_a_source_must_be_text(runtime):
    with pytest.raises(UsageError, match="A Worker's source is text, not bytes"):
        runtime.define("a", b"")


async def test_json_vars_are_copied(runtime, define):
    value = {"list": [1]}
    handle = define(
        "worker",
        "self.env.V['list'].append(2); return Response.from_json(self.env.V)",
        vars={"V": value},
    )
    value["list"].append("outside")
    assert await (await handle.fetch()).json() == {"list": [1, 2]}
    assert runtime.services["worker"].definition.vars == {"V": {"list": [1]}}


async def test_an_environment_is_a_separate_service(define, runtime):
    define("auth", respond("production"))
    staging = define("auth", respond("staging"), environment="staging")
    assert staging.name == "auth-staging"
    assert await fetch_text(staging) == "staging"
    assert await fetch_text(runtime["auth"]) == "production"


def test_a_single_route_may_be_given_as_text(define):
    definition = define("web", routes="a.com/*", public=True).version.definition
    assert [route.pattern for route in definition.routes] == ["a.com/*", "web.localhost/*"]


async def test_limits_may_be_given_in_part(define, runtime):
    handle = define("web", limits={"depth": 3})
    assert (await handle.fetch()).trace.limits == Limits(depth=3)
    runtime.limits = Limits(cpu_ms=50)
    assert (await handle.fetch()).trace.limits == Limits(cpu_ms=50, depth=3)


def test_an_unknown_limit_is_refused(define):
    with pytest.raises(UsageError, match="There is no limit 'deep'"):
        define("web", limits={"deep": 3})

"""Definitions: code and settings, checked; what environments inherit."""

from __future__ import annotations

import pytest

from workernb import (
    Limits,
    UsageError,
)

SAY = "return Response({!r})"


ASK = "return await self.env.AUTH.fetch(request)"


async def text(handle, **init):
    return await (await handle.fetch(**init)).text()


ECHO = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response({!r})
"""


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
        ("a", {"compatibility_date": "today"}, "A compatibility date is written", None),
        ("a", {"environment": "Pro Duction"}, "An environment is named like a service", None),
        ("a", {"binds": {}}, "unexpected keyword argument 'binds'", None),
    ],
)
def test_what_is_refused_says_what_to_write(runtime, name, settings, message, note):
    with pytest.raises(UsageError, match=message) as caught:
        runtime.define(name, ECHO.format("x"), **settings)
    assert note is None or any(note in line for line in caught.value.__notes__)
    assert list(runtime) == []


def test_a_source_is_text(runtime):
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


async def test_an_environment_is_a_service_of_its_own(runtime):
    runtime.define("auth", ECHO.format("production"))
    staging = runtime.define("auth", ECHO.format("staging"), environment="staging")
    assert staging.name == "auth-staging"
    assert await text(staging) == "staging"
    assert await text(runtime["auth"]) == "production"

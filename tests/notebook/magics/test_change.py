"""%bind, %unbind, %var and %secret, in a shell in this process."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import ASK, cell


@pytest.fixture
async def system(shell):
    """A gateway on one of two auth Workers."""
    await shell.ok(
        cell("auth -q", "return Response('production')"),
        cell("auth -q --env staging", "return Response('staging')"),
        cell("gateway -q --bind AUTH=auth", ASK),
    )
    return shell


async def asked(shell):
    return (await shell.ok("await (await gateway.fetch()).text()")).result


async def test_bind_switches_and_says_so(system):
    outcome = await system.ok("%bind gateway AUTH=auth@staging  # while it runs")
    assert outcome.stdout == "gateway v2 · AUTH: auth → auth-staging\n"
    assert await asked(system) == "staging"
    outcome = await system.ok('%bind gateway AUTH=auth \'ADMIN=auth#Default{"role": "x"}\'')
    assert outcome.stdout == (
        'gateway v3 · AUTH: auth-staging → auth; ADMIN: auth{"role": "x"} is new\n'
    )
    outcome = await system.ok("%bind gateway AUTH=auth")
    assert outcome.stdout == "gateway v3 · nothing changed\n"
    outcome = await system.ok("%unbind gateway ADMIN")
    assert outcome.stdout == 'gateway v4 · ADMIN: auth{"role": "x"} is removed\n'


async def test_var_and_secret(system, monkeypatch):
    outcome = await system.ok("%var gateway GREETING='hello you' N=1")
    assert outcome.stdout == 'gateway v2 · GREETING: "hello you" is new; N: "1" is new\n'
    outcome = await system.ok("%var gateway --json N=1")
    assert outcome.stdout == 'gateway v3 · N: "1" → 1\n'
    outcome = await system.ok("%secret gateway TOKEN=s3cret-value")
    # A note may come first: that its value was written, once in a session.
    assert outcome.stdout.endswith("gateway v4 · secret TOKEN: a value is new\n")
    monkeypatch.setenv("TOKEN", "another-value")
    outcome = await system.ok("%secret gateway TOKEN")
    assert outcome.stdout == "gateway v5 · secret TOKEN: a value → another value\n"
    assert dict(system.names["gateway"].vars) == {"GREETING": "hello you", "N": 1}
    definition = workernb.get_runtime()["gateway"].version.definition
    assert definition.secrets == {"TOKEN": "another-value"}


async def test_a_worker_in_an_environment_is_named_as_a_target_is(system):
    outcome = await system.ok("%var auth@staging A=b")
    assert outcome.stdout == 'auth-staging v2 · A: "b" is new\n'


async def test_names_in_braces_are_filled_in(system):
    await system.ok("place = 'staging'", "%bind gateway AUTH=auth@{place}")
    assert await asked(system) == "staging"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%bind gateway", "the following arguments are required: BINDING=TARGET"),
        ("%bind gateway AUTH", "write %bind gateway AUTH=auth, not 'AUTH'"),
        ("%bind gatewya AUTH=auth", "There is no Worker 'gatewya'. Did you mean gateway?"),
        ("%bind gateway#Admin AUTH=auth", "'gateway#Admin' is no Worker's name"),
        ("%bind gateway AUTH=auth AUTH=x", "%bind names AUTH twice"),
        ("%bind gateway AUTH=auth@stagin", '"stagin". Did you mean staging?'),
        ("%bind gateway 'AUTH=auth{x}'", "are no JSON"),
        ("%bind gateway 'AUTH=auth{x:1}[1]'", "are no JSON"),
        ("%unbind gateway AUHT", "has no binding AUHT. Did you mean AUTH?"),
        ("%var gateway AUTH=x", "Bindings must have unique names"),
        ("%var gateway --json A=x", "%var --json A is no JSON"),
        ("%secret gateway NOWHERE", "The secret NOWHERE is set nowhere"),
        ("%var gateway --jsn A=x", "%var has no option --jsn. Did you mean --json?"),
    ],
)
async def test_what_is_refused(system, line, said):
    assert said in await system.refused(line)
    assert workernb.get_runtime()["gateway"].version.number == 1
    assert await asked(system) == "production"


async def test_a_secret_with_a_value_is_not_repeated(system):
    line = await system.refused("%secret gateway 'TOKEN=unfinished-secret")
    assert "unfinished" not in line


async def test_a_source_that_fails_shows_its_own_line(system):
    await system.ok("%%worker strict -q --var N=1\nfrom workers import env\n\nN = int(env.N)\n")
    outcome = await system.run("%var strict N=x")
    assert outcome.error is not None
    assert "N = int(env.N)" in outcome.traceback
    assert "change(" not in outcome.traceback


async def test_bindings_shows_the_editor(system):
    outcome = await system.ok("%bindings gateway")
    assert "Bindings of gateway" in outcome.text
    assert "service auth" in outcome.text
    outcome = await system.run("%bindings gatewy")
    assert "Did you mean gateway?" in outcome.traceback
    outcome = await system.run("%bindings")
    assert "NAME" in outcome.traceback


@pytest.mark.parametrize(
    "line",
    [
        "gateway s3cret-value",
        "gateway s3cretvalue",
        "gateway s3cretInBase64==",
        "gateway =s3cret-value",
        "gateway K s3cret-value",
        "gateway K:s3cret-value",
        "gateway K=s3cret-value --s3cret-value",
        "gateway 'K=s3cret-value",
        "K=s3cret-value",
        "K=s3cret-value gateway",
    ],
)
async def test_a_refused_secret_is_not_repeated(shell, line):
    await shell.ok(cell("gateway"))
    assert "s3cret" not in await shell.refused(f"%secret {line}")


async def test_var_of_a_name_alone_shows_the_values(shell):
    await shell.ok("%%worker catalog -v GREETING=hello --var-json PORTS=[80] -q\npass\n")
    shown = await shell.ok("%var catalog")
    assert shown.stdout.splitlines()[:2] == ['GREETING = "hello"', "PORTS = [80]"]
    await shell.ok("%%worker bare --secret KEY=s3cret-token -v A=s3cret-token -q\npass\n")
    assert "s3cret-token" not in (await shell.ok("%var bare")).everything
    assert "s3cret-token" not in (await shell.ok("%workers bare")).everything
    assert 'var "hello"' in (await shell.ok("%workers catalog")).text
    await shell.ok("%%worker none -q\npass\n")
    assert "none has no vars" in (await shell.ok("%var none")).stdout


async def test_a_version_is_one_line(shell):
    await shell.ok("%%worker catalog -v GREETING=hello -q\npass\n")
    shown = repr(shell.names["catalog"].version)
    assert shown.startswith("<Version 1 of catalog, id ")
    assert "\n" not in shown
    assert "pass" not in shown

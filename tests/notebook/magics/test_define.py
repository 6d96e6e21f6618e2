"""%%worker: what a cell defines, prints and refuses."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import cell


async def test_a_cell_defines_a_worker_and_leaves_its_handle(shell):
    outcome = await shell.ok(cell("my-auth --var GREETING=hello"))
    assert outcome.stdout == "my-auth v1 · private\n"
    assert shell.names["my_auth"] == workernb.get_runtime()["my-auth"]
    assert (await shell.ok("r = await my_auth.fetch()\nr.status")).result == 200


async def test_the_options_reach_the_definition(shell):
    await shell.ok(
        cell(
            "gw -q --bind AUTH=auth@staging#Admin --var A=b --var-json 'B={\"c\": [1]}' "
            "--secret S=s3cret-value --route 'example.com/api/*' --public --as handle "
            "--cpu-ms 50 --wall-ms 500 --subrequests 5 --compatibility-date 2026-11-23 "
            "--env production  # with a comment"
        )
    )
    service = workernb.get_runtime().services["gw-production"]
    definition = service.definition
    assert str(definition.services["AUTH"]) == "auth-staging#Admin"
    assert definition.vars == {"A": "b", "B": {"c": [1]}}
    assert definition.secrets == {"S": "s3cret-value"}
    assert [route.pattern for route in definition.routes] == [
        "example.com/api/*",
        "gw-production.localhost/*",
    ]
    limits = workernb.get_runtime().limits_of(service.version)
    assert (limits.cpu_ms, limits.wall_ms, limits.subrequests) == (50, 500, 5)
    assert definition.compatibility_date == "2026-11-23"
    assert shell.names["handle"].name == "gw-production"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a --bnid X=y", "no option --bnid. Did you mean --bind or --d1?"),
        ("a --bind X", "write --bind AUTH=auth, not 'X'"),
        ("a --bind X=y --bind X=z", "--bind names X twice"),
        ("a --var X", "write --var GREETING=hello"),
        ("a --var-json X={", "--var-json X is no JSON"),
        ("a --cpu-ms fast", "'fast' is no number"),
        ("a --cpu-ms 0", "cpu_ms must be a number above 0"),
        ("Auth", "alphanumeric and lowercase with dashes only"),
        ("a b", "takes one NAME, and there is a word too many"),
        ("", "required: NAME"),
        ("a --secret WORKERNB_NOWHERE", "WORKERNB_NOWHERE is set nowhere"),
        ("taken", "The variable taken holds something else (int)"),
        ("class", "'class' cannot be a variable. Choose one: --as class_worker"),
        ("a 'b", "a quote is opened and not closed"),
        ("a --var X=1 --secret X=2", "Bindings must have unique names"),
    ],
)
async def test_a_refused_cell_says_so_in_one_line_and_defines_nothing(shell, line, said):
    await shell.ok("taken = 3")
    text = await shell.refused(cell(line, "pass"))
    assert said in text
    assert list(workernb.get_runtime()) == []
    assert shell.names["taken"] == 3


async def test_a_cell_that_runs_again_says_its_next_version(shell):
    await shell.ok(cell("a"))
    assert (await shell.ok(cell("a"))).stdout == "a v2 · private\n"
    later = await shell.ok(cell("b --bind A=a --bind L=later"))
    assert later.stdout == "b v1 · private · A → a · L → later (not defined yet)\n"


async def test_the_summary_names_a_class_of_durable_objects_that_is_not_there(shell):
    line = "counts --durable-object A=#Conuter --durable-object B=ohter#Counter"
    source = "from workers import DurableObject\nclass Counter(DurableObject): pass"
    assert (await shell.ok(f"%%worker {line}\n{source}")).stdout == (
        "counts v1 · private · "
        "A → Durable Objects counts#Conuter "
        "(no such class of Durable Objects. Did you mean Counter?) · "
        "B → Durable Objects ohter#Counter (not defined yet) · stores in memory\n"
    )


async def test_the_summary_has_schedules_and_tails(shell):
    await shell.ok(cell("logger -q"))
    options = "clock --cron '*/5 * * * *' --tail logger --tail loger"
    outcome = await shell.ok(cell(options))
    assert outcome.stdout == (
        "clock v1 · private · scheduled */5 * * * * · tail → logger · "
        "tail → loger (not defined yet. Did you mean logger?)\n"
    )
    page = (await shell.ok("%workers clock")).text
    assert "*/5 * * * *" in page
    assert "logger, loger" in page


@pytest.mark.parametrize(
    "line",
    [
        "a -s K=s3cret-value --bogus",
        "a -s K s3cret-value",
        "a -s K='s3cret-value",
        "1a! -s K=s3cret-value",
        "a -s s3cret-value",
        "a --secret=s3cret-value",
        "a --secret s3cretvalue",
        "a -s s3cret_value -s K=x",
        "a -s K -s s3cret-value",
        "a -s K:s3cret-value",
        "a -s '=s3cret-value'",
        "a -s s3cretInBase64==",
        "a -s s3cretInBase64Padded=",
        "a -s 'K s3cret=x'",
        "a -ss3cret-value",
        "a -qs3cret-value",
        "a --quiet=s3cret-value",
        "a -xs3cret-value",
        "a -s -s3cret-value",
        "a -s K --s3cret-value",
        "a --secrets=s3cret-value",
        "a --sekret K=s3cret-value",
        "a -v K:s3cret-value",
        "K=s3cret-value",
        "K=s3cret-value a",
    ],
)
async def test_a_refusal_does_not_repeat_a_secret(shell, line):
    assert "s3cret" not in await shell.refused(cell(line))
    assert list(workernb.get_runtime()) == []


async def test_pythons_own_names_are_not_taken(shell):
    assert "add --as filter_worker" in await shell.refused(cell("filter"))
    await shell.ok(cell("filter -q --as filter_worker"), cell("filter -q --as filter_worker"))
    assert shell.names["filter_worker"].name == "filter"


async def test_a_worker_tells_who_is_bound_to_it(shell):
    await shell.ok(cell("gateway -q --bind AUTH=auth"))
    assert (await shell.ok(cell("auth"))).stdout == "auth v1 · private · bound by gateway.AUTH\n"


async def test_a_cell_that_failed_at_import_keeps_its_name_for_the_next_try(shell):
    await shell.run("%%worker bad\n1 / 0")
    outcome = await shell.ok(cell("bad -q", "raise ValueError('x')"), "r = %fetch bad")
    assert 'File "<worker bad v1>", line 5' in outcome.text

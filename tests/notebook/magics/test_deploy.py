"""%deploy, %rollback, %diff, %remove, %workers with options, and what a cell replaces."""

from __future__ import annotations

import pytest

from ..conftest import ASK, cell


@pytest.fixture
async def system(shell):
    """A gateway on auth, which has three versions, and one in staging."""
    await shell.ok(
        cell("auth -q", "return Response('v1')"),
        cell("auth -q --var A=b", "return Response('v2')"),
        cell("auth -q --var A=c --tag third", "return Response('v3')"),
        cell("auth -q --env staging --var A=b", "return Response('staging')"),
        cell("gateway -q --bind AUTH=auth", ASK),
    )
    return shell


async def asked(shell):
    return (await shell.ok("await (await gateway.fetch()).text()")).result


def shown(outcome):
    return outcome.displays[-1]["text/plain"]


async def test_deploy_and_rollback(system):
    outcome = await system.ok("%deploy auth v3@10% v2@90%  # the new one for a few")
    assert outcome.stdout == "auth · v2 90 % · v3 10 %\n"
    assert (await system.ok("%deploy auth v2 v3@0%")).stdout == "auth · v2 100 % · v3 0 %\n"
    assert await asked(system) == "v2"
    assert (await system.ok("%rollback auth")).stdout == (
        "auth · back to v2, from v2 100 % · v3 0 %\n"
    )
    assert (await system.ok("%rollback auth")).stdout == "auth · back to v3, from v2\n"
    assert await asked(system) == "v3"
    assert (await system.ok("%rollback auth v1")).stdout == "auth · back to v1, from v3\n"
    assert await asked(system) == "v1"
    assert (await system.ok("%deploy auth 1 2@50%")).stdout == "auth · v1 50 % · v2 50 %\n"


async def test_diff_shows_code_and_settings(system):
    text = shown(await system.ok("%diff auth v2 v3"))
    assert text.splitlines()[0].startswith("auth v2 (")
    assert '~ A: "b" → "c"' in text
    assert "~ tag: third is new" in text
    assert "-        return Response('v2')" in text
    assert "+        return Response('v3')" in text
    assert shown(await system.ok("%diff auth")) == text
    assert "auth v1" in shown(await system.ok("%diff auth v1"))
    assert shown(await system.ok("%diff gateway")).endswith("Nothing differs.")


async def test_diff_escapes_and_redacts(system):
    await system.ok(
        cell("odd -q --secret S=a-secret-value", "return Response('<b>')"),
        cell("odd -q", "return Response('<i>a-secret-value')"),
    )
    outcome = await system.ok("%diff odd")
    assert "&lt;b&gt;" in outcome.displays[-1]["text/html"]
    assert "<b>" not in outcome.displays[-1]["text/html"]
    assert "a-secret-value" not in outcome.everything
    assert "~ secret S: a value is removed" in shown(outcome)


async def test_the_page_lists_versions_and_which_serve(system):
    await system.ok("%deploy auth v3@90% v2@10%")
    text = shown(await system.ok("%workers auth"))
    rows = [line.split() for line in text.splitlines() if line.startswith(("v1 ", "v2 ", "v3 "))]
    assert [(row[0], row[3]) for row in rows] == [("v3", "90"), ("v2", "10"), ("v1", "–")]
    assert "third" in text
    assert "the cell In [" in text
    table = shown(await system.ok("%workers"))
    assert next(line for line in table.splitlines() if line.startswith("auth ")).count(" · ") == 1


async def test_the_history_says_who_changed_what(system):
    await system.ok("%bind gateway AUTH=auth@staging", "gateway.vars['A'] = 'b'")
    lines = shown(await system.ok("%workers gateway --history")).splitlines()
    assert lines[0] == "History of gateway"
    assert [line.split("  ", 1)[0] != "" for line in lines[2:]] == [True] * 3
    assert "AUTH: auth → auth-staging  %bind gateway AUTH=auth@staging" in lines[3]
    assert """A: "b" is new""" in lines[4]
    assert "gateway.vars['A'] = …" in lines[4]
    assert "auth-staging" in shown(await system.ok("%workers --history"))


async def test_who_uses_a_worker(system):
    await system.ok(
        cell("web -q --bind PUBLIC_GATEWAY=gateway --bind STAGING=auth@staging"),
    )
    tables = shown(await system.ok("%workers auth --used-by")).split("\n\n")
    assert [table.splitlines()[0] for table in tables] == [
        "auth is used by",
        "auth-staging is used by",
    ]
    rows = [row.split() for row in tables[0].splitlines()[2:]]
    assert rows[0][:4] == ["gateway", "env.AUTH", "auth", "directly"]
    assert rows[1][:5] == ["web", "env.PUBLIC_GATEWAY", "gateway", "through", "gateway"]
    assert tables[1].splitlines()[2].split()[:4] == [
        "web",
        "env.STAGING",
        "auth-staging",
        "directly",
    ]
    assert "nobody" in shown(await system.ok("%workers web --used-by"))


async def test_remove_refuses_with_the_list_unless_forced(system):
    line = await system.refused("%remove auth")
    assert "Worker 'auth' is not removed: gateway.AUTH is bound to it." in line
    assert "%remove auth --force" in line
    assert await asked(system) == "v3"
    outcome = await system.ok("%remove auth --force")
    assert outcome.stdout == "auth is removed; without a target now: gateway.AUTH\n"
    assert (await system.ok("%remove gateway")).stdout == "gateway is removed\n"
    assert repr(system.names["gateway"]) == "<Worker gateway, not defined>"


async def test_the_cell_wins_and_says_what_it_replaced(system):
    await system.ok("%bind gateway AUTH=auth@staging")
    outcome = await system.ok(cell("gateway -q --bind AUTH=auth", ASK))
    assert outcome.stdout == (
        "The cell replaced AUTH: auth-staging → auth (set by %bind gateway AUTH=auth@staging).\n"
    )
    assert await asked(system) == "v3"
    assert (await system.ok(cell("gateway -q --bind AUTH=auth", ASK))).stdout == ""


async def test_an_environment_warns_of_what_is_not_inherited(system):
    outcome = await system.ok(cell("auth -q --env staging"))
    assert outcome.stdout.startswith(
        'Warning: "vars" exists at the top level, but not on "env.staging".\n'
    )


async def test_the_summary_names_what_a_target_lacks(system):
    outcome = await system.ok(cell("web --bind A=auth@stagin --bind B=auth#Admin --bind C=nowhere"))
    assert outcome.stdout == (
        "web v1 · private · A → auth-stagin (not defined yet. Did you mean auth-staging?) · "
        "B → auth#Admin (no such entrypoint; it has Default) · C → nowhere (not defined yet)\n"
    )


async def test_pictures_and_traces_name_the_version(system):
    await system.ok("%deploy auth v2@100% v3@0%")
    await system.ok("r = await gateway.fetch(headers={'cloudflare-workers-version-overrides': "
                    "'auth=\"v1\"'})")  # fmt: skip
    tree = (await system.ok("r.trace")).stdout
    assert "└─AUTH → auth v2: 200" in tree
    assert "· The override auth='v1' was ignored: v2 100 % · v3 0 % is deployed." in tree
    assert "AUTH → auth v2" in shown(await system.ok("%cpu"))
    assert "auth (v2 100 % · v3 0 % · private · 1 var" in shown(await system.ok("%graph"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%deploy auth v2@90% v3@5%", "Sum of specified percentages (95%) must be 100%"),
        ("%deploy auth v2@90% v3@50%", "Sum of specified percentages (140%) must be 100%"),
        ("%deploy auth v2@ninety", "write v3@90%, not 'v2@ninety'"),
        ("%deploy auth v9", "has no version v9. It has v1, v2, v3."),
        ("%deploy auth v1 v2 v3", "one version or two, not 3"),
        ("%deploy auth v2@50% v2@50%", "%deploy names v2 twice"),
        ("%deploy auth", "the following arguments are required: VERSION[@SHARE]"),
        ("%deploy auht v1", "There is no Worker 'auht'. Did you mean auth"),
        ("%rollback gateway", "nothing to go back to: only v1 has served"),
        ("%diff auth v1 v9", "has no version v9"),
        ("%diff auth one", "write a version as v3, not 'one'"),
        ("%diff auth v1 v2 v3", "%diff compares two versions"),
        ("%diff auht", "There is no Worker 'auht'"),
        ("%remove auht", "There is no Worker 'auht'"),
        ("%workers auht", "There is no Worker 'auht'"),
        ("%workers auht --history", "There is no Worker 'auht'"),
        ("%workers auht --used-by", "There is no Worker 'auht'"),
        ("%workers --used-by", "%workers NAME --used-by"),
        ("%workers auth#Admin", "is no Worker's name"),
    ],
)
async def test_what_is_refused(system, line, said):
    assert said in await system.refused(line)
    assert await asked(system) == "v3"

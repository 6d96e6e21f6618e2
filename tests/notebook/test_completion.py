"""Completion of options, targets and names."""

from __future__ import annotations

import pytest
from IPython.core.completer import CompletionContext

from workernb.notebook.completion import complete

from .conftest import cell


@pytest.fixture
async def system(shell):
    """A gateway on one of two auth Workers."""
    await shell.ok(
        cell("auth -q"), cell("auth -q --env staging"), cell("gateway -q --bind AUTH=auth")
    )
    return shell


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%bind ga", ["gateway"]),
        ("%bind gateway A", ["AUTH="]),
        ("%bindings ga", ["gateway"]),
        ("%bind gateway AUTH=a", ["auth", "auth-staging"]),
        ("%bind gateway AUTH=auth#D", ["Default"]),
        ("%unbind gateway ", ["AUTH", "N", "TOKEN"]),
        ("%var gateway ", ["N="]),
        ("%var gateway --j", ["--json"]),
        ("%secret gateway ", ["TOKEN"]),
        ("%deploy auth v", ["v2", "v1"]),
        ("%diff auth v1 ", ["v2", "v1"]),
        ("%rollback auth@st", []),
        ("%rollback auth-", ["auth-staging"]),
        ("%remove gateway --f", ["--force"]),
        ("%workers gateway --", ["--history", "--used-by"]),
        ("%import-workers ot", []),
        ("%bind nobody ", []),
        ("%%worker new --bi", ["--bind"]),
        ("%%worker new --bind A=auth-", ["auth-staging"]),
        ("%%worker new -q -b A=auth#D", ["Default"]),
        ("%%worker new -v A=au", []),
        ("r = %fetch gat", ["gateway"]),
        ("%fetch auth#", ["Default"]),
        ("%limits f", ["free"]),
        ("%limits --cp", ["--cpu-ms"]),
        ("%outbound i", ["internet"]),
        ("%outbound --t", ["--to"]),
        ("%outbound --to gat", ["gateway"]),
        ("%cpu ", []),
    ],
)
async def test_completion(system, text, found):
    await system.ok("%var gateway N=1", "%secret gateway TOKEN=a-secret", cell("auth -q"))
    context = CompletionContext(text, text, len(text), 0, None)
    offered = [one.text for one in complete(context)["completions"]]
    assert offered == found


@pytest.mark.parametrize("option", ["--module", "--drop-module"])
async def test_modules_are_completed(shell, option):
    await shell.ok("%%worker shop --module prices.py\npass", cell("shop -q"))
    for name, found in (("shop", ["prices.py"]), ("nobody", [])):
        text = f"%worker {name} {option} p"
        context = CompletionContext(
            token="", full_text=text, cursor_position=len(text), cursor_line=0, limit=None
        )
        assert [one.text for one in complete(context)["completions"]] == found


SHOP = """\
%%worker shop -q --kv CACHE=cache --queue JOBS=jobs --durable-object COUNTERS=#Counter
from workers import DurableObject, WorkerEntrypoint
class Counter(DurableObject):
    async def set(self):
        await self.ctx.storage.put("n", 1)
class Default(WorkerEntrypoint):
    async def run(self):
        await self.env.COUNTERS.getByName("visits").set()
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%stores ", ["kv", "d1", "r2", "cache", "queue", "do"]),
        ("%stores kv ", ["cache"]),
        ("%stores queue ", ["jobs"]),
        ("%stores do ", ["shop#Counter"]),
        ("%stores do COUNTERS ", ["visits"]),
        ("%stores do shop#Counter v", ["visits"]),
        ("%stores do NOBODY ", []),
        ("%stores kv cache ", []),
        ("%%worker new --kv K=", ["cache"]),
        ("%%worker new --d1 K=", []),
        ("%%worker new --queue J=j", ["jobs"]),
        ("%%worker new --consume ", ["jobs"]),
        ("%%worker new --durable-object C=shop#", ["shop#Counter"]),
    ],
)
async def test_stores_that_are_bound_are_completed(shell, text, found):
    await shell.ok(SHOP, "await shop.run()")
    context = CompletionContext(text, text, len(text), 0, None)
    assert [one.text for one in complete(context)["completions"]] == found

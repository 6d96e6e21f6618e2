"""The table of Workers, and the page of one."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.views.tables.workers import WorkerPage, WorkersTable


async def test_the_table(system):
    runtime = system(3)
    await runtime["service-0"].fetch()
    table = WorkersTable(runtime)
    first = repr(table).splitlines()[2].split("  ")
    cells = [cell.strip() for cell in first if cell.strip()]
    assert cells[0] == "service-0"
    assert cells[1].startswith("v1 ")
    assert cells[2] == "service-0.localhost/*"
    assert cells[3] == "SVC1=service-1, SVC2=service-2, GREETING=…, KEY (secret)"
    assert cells[4:] == ["–", "1"]
    assert "planted" not in repr(table) + table._repr_html_()
    assert "<td" in table._repr_html_()


def test_an_empty_table_says_what_to_do(runtime):
    assert "%%worker NAME" in repr(WorkersTable(runtime))
    assert "%%worker NAME" in WorkersTable(runtime)._repr_html_()


def cells(text: str, title: str) -> list[list[str]]:
    """Return the cells of a table of a page, without those that are empty."""
    (table,) = [part for part in text.split("\n\n") if part.startswith(title)]
    return [[c.strip() for c in row.split("  ") if c.strip()] for row in table.splitlines()[2:]]


async def test_a_page_says_what_a_worker_may_and_what_it_did(system):
    runtime = system(5)
    runtime.define(
        "front",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return await self.env.BACK.fetch(request)\n"
        "class Admin(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response('x')\n",
        environment="staging",
        services={"BACK": "back", "GONE": "missing"},
        vars={"GREETING": "hello there"},
        secrets={"KEY": "planted-secret"},
        limits={"cpu_ms": 50, "wall_ms": None, "subrequests": 7},
        compatibility_date="2026-11-23",
        version_metadata="VERSION",
    )
    runtime.define("back", "raise_ = 1\n")
    with pytest.raises(Exception, match=r"fetch|entrypoint"):
        await runtime["front-staging"].fetch("http://x/")
    page = WorkerPage(runtime, "front-staging")
    facts = {row[0]: row[1] for row in cells(repr(page), "front-staging")}
    assert facts["environment"] == "staging, of front"
    assert facts["entrypoints"] == "Default, Admin"
    assert facts["compatibility date"] == "2026-11-23"
    assert facts["CPU budget"] == "50 ms of a request, with all that it calls"
    assert facts["wall clock"] == "no limit"
    assert facts["subrequests"] == "7"
    assert facts["requests in the kept traces"] == "1, of which 1 failed"
    assert float(facts["CPU in them"].split()[0]) > 0
    bindings = {row[0]: row[1:] for row in cells(repr(page), "Bindings")}
    assert bindings["BACK"][0] == "service back"
    assert bindings["BACK"][-1] == "no such entrypoint"
    assert bindings["GONE"] == ["service missing", "0", "0", "not defined"]
    assert bindings["GREETING"] == ['var "hello there"']
    assert bindings["KEY"] == ["secret"]
    assert bindings["VERSION"] == ["version metadata"]
    assert "<td" in page._repr_html_()
    assert "planted" not in repr(page) + page._repr_html_()


async def test_a_page_counts_what_came_over_each_binding(system):
    runtime = system(3)
    for _ in range(2):
        await runtime["service-0"].fetch("http://x/")
    assert cells(repr(WorkerPage(runtime, "service-1")), "Bound Services") == [
        ["service-0.SVC1", "service-1", "2", "0"]
    ]
    out = cells(repr(WorkerPage(runtime, "service-0")), "Bindings")
    assert out[0] == ["SVC1", "service service-1", "2", "0"]


async def test_a_workers_page(system):
    runtime = system(5)
    await runtime["service-0"].fetch()
    page = WorkerPage(runtime, "service-4")
    text = repr(page)
    assert "Bound Services" in text
    assert "service-1.SVC4" in text
    assert "service-3.ADMIN" in text
    assert "1, of which 0 failed" in text
    assert "planted" not in text + page._repr_html_()
    bound = cells(text, "Bound Services")
    assert ["service-1.SVC4", "service-4", "1", "0"] in bound
    assert ["service-3.ADMIN", "service-4#Nope", "0", "0"] in bound
    with pytest.raises(UsageError, match="There is no Worker 'service-9'"):
        WorkerPage(runtime, "service-9")

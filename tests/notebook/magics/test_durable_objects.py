"""Durable Objects in cells, `%stores do`, tables and pictures."""

from __future__ import annotations

import pytest

import workernb
from workernb import BindingEditor
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.system import System
from workernb.views.pictures.tree import TracePicture

CELL = """%%worker shop --durable-object COUNTERS=#Counter
import asyncio
from workers import DurableObject, Response, WorkerEntrypoint

class Counter(DurableObject):
    async def increment(self):
        count = (await self.ctx.storage.get("count") or 0) + 1
        await self.ctx.storage.put("count", count)
        return count

    async def table(self):
        self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (line)")
        self.ctx.storage.sql.exec("INSERT INTO log VALUES ('<b>')")

    async def hold(self):
        await self.ctx.blockConcurrencyWhile(self.wait)

    async def wait(self):
        await asyncio.sleep(0.001)

    async def alarm(self):
        pass

    async def later(self):
        await self.ctx.storage.setAlarm(4102444800000)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        stub = self.env.COUNTERS.getByName("<a>")
        return Response(str(await stub.increment()))

    async def do(self, method, name="<a>"):
        return await getattr(self.env.COUNTERS.getByName(name), method)()

    async def both(self):
        stubs = [self.env.COUNTERS.getByName("<a>") for _ in range(2)]
        await asyncio.gather(*[stub.hold() for stub in stubs])
"""


@pytest.fixture
async def system(shell):
    defined = await shell.ok(CELL)
    assert "COUNTERS → Durable Objects shop#Counter" in defined.stdout
    return shell


def text(outcome):
    return outcome.displays[-1]["text/plain"]


async def test_stores_lists_namespaces_objects_and_what_one_stores(system):
    assert "shop.COUNTERS" in text(await system.ok("%stores"))
    await system.ok("await shop.do('increment')", "await shop.do('increment', 'b')",
        "await shop.do('table')", "await shop.do('later', 'b')")  # fmt: skip
    assert "2 objects" in text(await system.ok("%stores"))
    shown = text(await system.ok("%stores do COUNTERS"))
    assert "<a>" in shown
    assert "alarm 2100-01-01 00:00:00 UTC, in memory" in shown
    assert text(await system.ok("%stores do shop#Counter")) == shown
    one = await system.ok("%stores do COUNTERS <a>")
    assert "count" in text(one)
    assert "table, its rows" in text(one)
    assert "&lt;a&gt;" in one.displays[-1]["text/html"]
    assert "alarm" in text(await system.ok("%stores do COUNTERS b"))
    assert (await system.ok("%stores do COUNTERS b --clear")).stdout.endswith("1 deleted.\n")
    assert "1 object" in text(await system.ok("%stores"))
    assert (await system.ok("await shop.do('increment', 'b')")).result == 1


async def test_names_that_are_not_there_are_told(system):
    await system.ok("await shop.do('increment', 'abc')")
    refused = await system.refused("%stores do COUNTERS abd")
    assert "There is no object 'abd' of shop#Counter that stores something." in refused
    assert "Did you mean abc?" in refused
    assert "third name for Durable Objects" in await system.refused("%stores kv cache a")
    assert "There is nothing in the Durable Objects 'NOPE'" in await system.refused(
        "%stores do NOPE"
    )


async def test_a_cell_that_is_run_again_says_what_was_restarted(system):
    await system.ok("await shop.do('increment')")
    again = await system.ok(CELL + "\n# changed")
    assert "1 Durable Object restarted, storage kept" in again.stdout
    assert (await system.ok("await shop.do('increment')")).result == 2
    first = await system.ok(CELL.replace("shop", "other"))
    assert "restarted" not in first.stdout


async def test_pictures_show_the_object_and_its_gate(system):
    await system.ok("await shop.both()")
    trace = workernb.get_runtime().traces[-1]
    assert "COUNTERS['<a>'].hold → shop v1" in TracePicture(trace).text()
    picture = CpuPicture(trace)
    assert "shop['<a>']: 1 event waited" in picture.text()
    svg = picture.svg()
    assert "at its input gate (dashed)" in svg
    assert "<a>" not in svg


async def test_the_graph_has_the_namespace_as_a_node_of_its_own_shape(system):
    await system.ok("await shop.fetch()", "await shop.fetch()")
    runtime = workernb.get_runtime()
    picture = GraphPicture(runtime)
    assert "──COUNTERS──▶ Durable Objects shop#Counter  2×" in picture.text()
    svg = picture.svg()
    assert ">shop#Counter</text>" in svg
    assert ">Durable Objects</text>" in svg
    node = next(node for node in System.of(runtime).nodes if node.store is not None)
    assert node.store.code == ("shop", "Counter")
    await system.ok("%bind shop OTHER=shop")
    await system.ok(CELL.replace("class Counter(", "class Renamed("))
    arrow = next(a for a in System.of(runtime).arrows if a.name == "COUNTERS")
    assert arrow.broken


async def test_tables_history_and_editor_have_the_binding(system):
    assert "COUNTERS=shop#Counter" in text(await system.ok("%workers"))
    assert "Durable Object namespace shop#Counter" in text(await system.ok("%workers shop"))
    assert "Counter" in text(await system.ok("%workers shop"))
    other = CELL.replace(
        "shop --durable-object COUNTERS=#", "other --durable-object COUNTERS=shop#"
    )
    await system.ok(other)
    assert "other.COUNTERS" in await system.refused("%remove shop")
    await system.ok(CELL.replace("=#Counter", "=other#Counter"))
    assert "COUNTERS: shop#Counter → other#Counter" in text(await system.ok("%diff shop v1 v2"))
    editor = BindingEditor("shop", workernb.get_runtime())
    shown = [row.children[0].value for row in editor._rows.children]
    assert "<b>COUNTERS</b> → other#Counter" in shown
    editor.close()


async def test_an_option_without_a_class_is_refused(shell):
    refused = await shell.refused(CELL.replace("=#Counter", "=counter"))
    assert "COUNTERS is bound to a class of Durable Objects, not to 'counter'." in refused
    assert "COUNTERS=counter#Class" in refused

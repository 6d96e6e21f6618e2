"""Migrations: renamed, deleted and transferred classes, and those without SQL."""

from __future__ import annotations

import pytest

from workernb import StoreError, UsageError
from workernb.runtime.services.targets import Target

from .conftest import source

COUNTER = """
async def run(self):
    count = (await self.ctx.storage.get("count") or 0) + 1
    await self.ctx.storage.put("count", count)
    return count
async def sql(self):
    return self.ctx.storage.sql.exec("SELECT 1 AS n").one().n
"""
FIRST = {"tag": "v1", "new_sqlite_classes": ["Thing"]}


def renamed(name):
    return source(COUNTER).replace("class Thing(", f"class {name}(")


@pytest.mark.parametrize("on_disk", [False, True])
async def test_a_renamed_class_keeps_its_data(runtime, thing, tmp_path, on_disk):
    if on_disk:
        runtime.stores.persist(tmp_path / "stores")
    handle = thing(COUNTER, migrations=[FIRST])
    assert [await handle.run(), await handle.run(), await handle.run("b")] == [1, 2, 1]
    ids = runtime.stores.objects.ids_of(Target("things", "Thing"))
    unique = ids.unique(None).text
    second = {"tag": "v2", "renamed_classes": [{"from": "Thing", "to": "Item"}]}
    bindings = {"durable_objects": {"THINGS": "#Item"}, "migrations": [FIRST, second]}
    runtime.define("things", renamed("Item"), **bindings)
    assert [await handle.run(), await handle.run("b")] == [3, 2]
    ids = runtime.stores.objects.ids_of(Target("things", "Item"))
    assert ids.parsed(unique).text == unique  # Ids stay valid.
    runtime.define("things", renamed("Item") + "# again", **bindings)
    assert await handle.run() == 4


async def test_a_deleted_class_loses_its_data(runtime, thing):
    handle = thing(COUNTER, migrations=[FIRST])
    assert await handle.run() == 1
    deleted = [FIRST, {"tag": "v2", "deleted_classes": ["Thing"]}]
    thing(COUNTER, migrations=deleted)
    assert runtime.stores.used() == []
    assert await handle.run() == 1
    thing(COUNTER + "\n# again", migrations=deleted)
    assert await handle.run() == 2


async def test_a_class_is_transferred_from_another_worker(runtime, thing):
    handle = thing(COUNTER, migrations=[FIRST])
    assert await handle.run() == 1
    move = {"from": "Thing", "from_script": "things", "to": "Taken"}
    other = runtime.define(
        "other", renamed("Taken"), durable_objects={"THINGS": "#Taken"},
        migrations=[{"tag": "v1", "transferred_classes": [move]}],
    )  # fmt: skip
    assert await other.run() == 2
    assert await handle.run() == 1


async def test_a_class_of_new_classes_has_no_sql(thing):
    handle = thing(COUNTER, migrations={"v1": {"new_classes": ["Thing"]}})
    assert await handle.run() == 1
    with pytest.raises(StoreError, match=r"^SQL is not enabled for this Durable Object class. To"):
        await handle.run("a", "sql")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (5, "migrations is a list of objects"),
        ({"v1": 5}, "migrations is a list of objects"),
        ([1], "migrations is a list of objects"),
        ([{"new_classes": []}], "Each migration has a tag of its own"),
        ([FIRST, FIRST], "Each migration has a tag of its own"),
        ([{"tag": "v1", "new_class": ["A"]}], "'v1' has no 'new_class'"),
        (
            [{"tag": "v1", "new_classes": "A"}],
            "new_classes of the migration 'v1' is a list of names",
        ),
        ([{"tag": "v1", "renamed_classes": [{"from": "A"}]}], "a list of objects with from, to"),
    ],
)
def test_invalid_migrations_are_refused(thing, given, text):
    with pytest.raises(UsageError, match=text):
        thing(COUNTER, migrations=given)


def test_they_are_in_the_differences(runtime, thing):
    thing(COUNTER)
    thing(COUNTER, migrations=[FIRST])
    assert runtime.history[-1].summary == "migrations: v1 is new"

"""A model of an object's storage: a dict, beside it transactions, alarms, resets and eviction."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import workernb
from workernb.errors import DurableObjectError

from .conftest import source

BODY = """
async def run(self):
    return dict(await self.ctx.storage.list())

async def put(self, entries):
    await self.ctx.storage.put(entries)

async def put_sync(self, key, value):
    self.ctx.storage.kv.put(key, value)

async def delete(self, keys):
    return await self.ctx.storage.delete(keys)

async def sql(self, count):
    self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
    for n in range(count):
        self.ctx.storage.sql.exec("INSERT INTO t VALUES (?)", n)

async def rows(self):
    self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
    return self.ctx.storage.sql.exec("SELECT count(*) AS n FROM t").one().n

async def transaction(self, entries, fails, waits):
    async def write(txn):
        for key, value in entries.items():
            await txn.put(key, value)
            if waits:
                await asyncio.sleep(0)
        self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
        self.ctx.storage.sql.exec("INSERT INTO t VALUES (0)")
        if fails:
            raise ValueError("no")
    await self.ctx.storage.transaction(write)

async def sync(self, entries, fails):
    def write():
        for key, value in entries.items():
            self.ctx.storage.kv.put(key, value)
        if fails:
            raise ValueError("no")
    self.ctx.storage.transactionSync(write)

async def abort(self):
    self.ctx.abort("model")

async def set_alarm(self, at):
    await self.ctx.storage.setAlarm(at)

async def alarm(self):
    await self.ctx.storage.put("alarms", (await self.ctx.storage.get("alarms") or 0) + 1)

async def get_alarm(self):
    return await self.ctx.storage.getAlarm()

async def delete_all(self):
    await self.ctx.storage.deleteAll()
"""

keys = st.sampled_from(["a", "b", "é", "😀"])
values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(0, 9))
)
entries = st.dictionaries(keys, values, max_size=3)


class StorageModel(RuleBasedStateMachine):
    """The storage of one object beside a dict; in memory, or in a folder with a new runtime."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runtime: workernb.Runtime | None = None
        self.model: dict = {}
        self.rows = 0
        self.alarm: int | None = None

    @initialize(on_disk=st.booleans())
    def begin(self, on_disk):
        self.on_disk = on_disk
        self.start()

    def start(self):
        ahead = 0.0 if self.runtime is None else self.runtime.clock.ahead_s
        self.runtime = workernb.Runtime(stores=self.folder if self.on_disk else None)
        self.runtime.clock._ahead_s = ahead
        self.define("")

    def define(self, comment):
        bindings = {"durable_objects": {"THINGS": "#Thing"}}
        self.handle = self.runtime.define("things", source(BODY) + comment, **bindings)

    def call(self, method, *args):
        async def awaited():
            return await self.handle.run("a", method, *args)

        return asyncio.run(awaited())

    @rule(entries=entries)
    def put(self, entries):
        self.call("put", entries)
        self.model.update(entries)

    @rule(key=keys, value=values)
    def put_sync(self, key, value):
        self.call("put_sync", key, value)
        self.model[key] = value

    @rule(some=st.lists(keys, unique=True))
    def delete(self, some):
        assert self.call("delete", some) == len([key for key in some if key in self.model])
        for key in some:
            self.model.pop(key, None)

    @rule(count=st.integers(0, 3))
    def sql(self, count):
        self.call("sql", count)
        self.rows += count

    @rule(entries=entries, fails=st.booleans(), waits=st.booleans())
    def transaction(self, entries, fails, waits):
        if fails:
            with pytest.raises(ValueError, match="no"):
                self.call("transaction", entries, fails, waits)
        else:
            self.call("transaction", entries, fails, waits)
            self.model.update(entries)
            self.rows += 1

    @rule(entries=entries, fails=st.booleans())
    def sync(self, entries, fails):
        if fails:
            with pytest.raises(ValueError, match="no"):
                self.call("sync", entries, fails)
        else:
            self.call("sync", entries, fails)
            self.model.update(entries)

    @rule()
    def abort(self):
        with pytest.raises(DurableObjectError, match="model"):
            self.call("abort")

    @rule(number=st.integers())
    def redefine(self, number):
        self.define(f"# {number}")

    @rule()
    def restart(self):
        if self.on_disk:
            self.runtime.close()
            self.start()

    @rule()
    def park(self):
        databases = self.runtime.stores.object_databases
        for place in list(databases._open):
            databases._close(place)

    @rule(seconds=st.integers(1, 100))
    def set_alarm(self, seconds):
        at = int((self.runtime.clock.now() + seconds) * 1000)
        self.call("set_alarm", at)
        self.alarm = at

    @rule(seconds=st.integers(0, 60))
    def advance(self, seconds):
        asyncio.run(self.runtime.clock.advance(seconds))
        if self.alarm is not None and self.alarm <= self.runtime.clock.now() * 1000:
            self.alarm = None
            self.model["alarms"] = self.model.get("alarms", 0) + 1

    @rule()
    def delete_all(self):
        self.call("delete_all")
        self.model, self.rows, self.alarm = {}, 0, None

    @invariant()
    def it_is_as_in_the_model(self):
        if self.runtime is not None:
            assert self.call("run") == self.model
            assert self.call("rows") == self.rows
            assert self.call("get_alarm") == self.alarm

    def teardown(self):
        if self.runtime is not None:
            self.runtime.close()
        shutil.rmtree(self.folder)


TestStorageModel = StorageModel.TestCase
TestStorageModel.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


# Kills

PROCESS = """
import asyncio, sys
import workernb

SOURCE = '''
{source}
'''

async def main():
    runtime = workernb.Runtime(stores=sys.argv[1])
    handle = runtime.define("things", SOURCE, durable_objects={{"THINGS": "#Thing"}})
    print("begin", await handle.run("a", "state"), flush=True)
    while True:
        print(await handle.run("a"), flush=True)

asyncio.run(main())
"""

PAIRS = """
async def run(self):
    count = (await self.ctx.storage.get("left") or 0) + 1
    self.ctx.storage.put("left", count)
    self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
    self.ctx.storage.sql.exec("INSERT INTO t VALUES (?)", count)
    self.ctx.storage.put("right", count)
    return count

async def state(self):
    self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
    rows = self.ctx.storage.sql.exec("SELECT count(*) AS n FROM t").one().n
    return [await self.ctx.storage.get("left") or 0, await self.ctx.storage.get("right") or 0, rows]
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_written(tmp_path):
    script = tmp_path / "process.py"
    script.write_text(PROCESS.format(source=textwrap.dedent(source(PAIRS))))
    acknowledged = 0
    for turn in range(8):
        process = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "stores")],
            stdout=subprocess.PIPE,
            text=True,
        )
        begin = process.stdout.readline()
        left, right, rows = eval(begin.removeprefix("begin "))
        assert left == right == rows
        assert left >= acknowledged
        for _ in range(20 + 37 * turn):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        for line in process.stdout.read().split("\n")[:-1]:  # What had been printed by then.
            acknowledged = int(line)
        process.wait()
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("number", "on_disk"), [(10_000, False), (1_000, True)])
async def test_10_000_objects(runtime, thing, tmp_path, number, on_disk):
    """On disk fewer: a file is synchronized for each object that is put aside."""
    import resource

    if on_disk:
        runtime.stores.persist(tmp_path / "stores")
    handle = thing("""
async def run(self):
    count = (await self.ctx.storage.get("count") or 0) + 1
    await self.ctx.storage.put("count", count)
    return count
""")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in range(number):
        assert await handle.run(str(name)) == 1
    await runtime.clock.advance(60)
    for name in range(0, number, 97):
        assert await handle.run(str(name)) == 2
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 100_000
    assert len(runtime.stores.object_databases.rows("things#Thing")) == number
    assert len(runtime.stores.objects.in_memory("things#Thing")) < number

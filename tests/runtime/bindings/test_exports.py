"""`ctx.exports`: a Worker's own entrypoints."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from ..conftest import fetch_text, respond
from .conftest import PROPS

EXPORTING = (
    PROPS
    + """
class Entry(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
"""
)


def define_exporting(runtime, body):
    """Define a Worker whose default entrypoint has this body, beside Admin and Plain."""
    source = EXPORTING.format(body=body).replace("class Default", "class Plain")
    return runtime.define("own", source.replace("class Entry", "class Default"))


async def test_a_worker_calls_its_own_entrypoints(runtime):
    handle = define_exporting(runtime, "return await self.ctx.exports.Admin.fetch(request)")
    answer = await handle.fetch()
    assert await answer.text() == '{"seen": true}'
    entry, admin = answer.trace.invocations
    assert (entry.binding, admin.binding) == (None, "ctx.exports.Admin")
    assert admin.describe() == "ctx.exports.Admin.fetch('http://own.localhost/')"


async def test_a_worker_gives_props_to_its_own_entrypoints(runtime):
    body = "return await self.ctx.exports.Plain(props={'a': 1}).fetch(request)"
    assert await fetch_text(define_exporting(runtime, body)) == '{"a": 1}'


async def test_a_missing_export_names_the_nearest(runtime):
    handle = define_exporting(runtime, "return self.ctx.exports.Admn")
    with pytest.raises(AttributeError, match="Worker 'own' exports no 'Admn'") as caught:
        await handle.fetch()
    assert "Did you mean Admin?" in caught.value.__notes__
    handle = define_exporting(runtime, "return Response(repr(self.ctx.exports))")
    assert await fetch_text(handle) == "Exports(Admin, Default, Plain)"


async def test_exports_lead_to_the_version_that_calls_them(define, runtime):
    body = "return (await asyncio.sleep(0.01), await self.ctx.exports.Plain.fetch(request))[1]"
    handle = define_exporting(runtime, body)
    request = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    define("own", respond("other"))
    answer = await request
    assert await answer.text() == "{}"
    assert [invocation.version.number for invocation in answer.trace.invocations] == [1, 1]


async def test_exports_of_an_unloaded_version_are_refused(define, runtime, until):
    handle = define_exporting(runtime, "self.ctx.waitUntil(later(self)); return Response('x')")
    source = (
        handle.version.definition.source
        + """
async def later(worker):
    while len(worker.env.OPEN) == 0:
        await asyncio.sleep(0)
    return worker.ctx.exports.Plain
"""
    )
    handle = runtime.define("own", source, vars={"OPEN": []})
    answer = await handle.fetch()
    version = handle.version
    define("own", respond("other"))
    gc.collect()
    assert version.filename not in sys.modules
    version.env.OPEN.append("now")
    await until(lambda: answer.trace.done)
    assert answer.trace.exception == (
        "RuntimeError: The execution context which hosts this callback is no longer running."
    )


async def test_exports_are_shown_by_their_names(runtime):
    body = "exports = self.ctx.exports; return Response(f'{dir(exports)} {exports.Admin!r}')"
    handle = define_exporting(runtime, body)
    assert await fetch_text(handle) == "['Admin', 'Default', 'Plain'] <entrypoint Admin of own v1>"


async def test_an_export_of_another_version_that_serves(runtime):
    source = (
        "from workers import WorkerEntrypoint\n"
        "class Admin(WorkerEntrypoint):\n"
        "    async def number(self): return NUMBER\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def ask(self, version):\n"
        "        return await self.ctx.exports.Admin(version=version).number()\n"
    )
    runtime.define("worker", source.replace("NUMBER", "1"))
    handle = runtime.define("worker", source.replace("NUMBER", "2"))
    assert [await handle.ask("v2"), await handle.ask(handle.version.id)] == [2, 2]
    with pytest.raises(ValueError, match="No version 'v1' of Worker 'worker' serves") as caught:
        await handle.ask("v1")
    assert caught.value.__notes__ == ["There is v2."]
    runtime.deploy("worker", {1: 50, 2: 50})
    assert [await handle.ask("v1"), await handle.ask("v2")] == [1, 2]

"""`ctx.exports`: a Worker's own entrypoints."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ..conftest import fetch_text, respond

ADMIN = """
import asyncio, json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps(self.ctx.props))

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        self.ctx.props["seen"] = True
        return Response(json.dumps(self.ctx.props))
"""


EXPORTING = (
    ADMIN
    + """
class Entry(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
"""
)


async def exported(runtime, body):
    source = EXPORTING.format(body=body).replace("class Default", "class Plain")
    return runtime.define("own", source.replace("class Entry", "class Default"))


async def test_a_worker_calls_its_own_entrypoints(runtime):
    handle = await exported(runtime, "return await self.ctx.exports.Admin.fetch(request)")
    answer = await handle.fetch()
    assert await answer.text() == '{"seen": true}'
    assert [invocation.binding for invocation in answer.trace.invocations] == [
        None,
        "ctx.exports.Admin",
    ]
    assert answer.trace.invocations[1].describe() == (
        "ctx.exports.Admin.fetch('http://own.localhost/')"
    )


async def test_a_worker_gives_props_to_its_own_entrypoints(runtime):
    body = "return await self.ctx.exports.Plain(props={'a': 1}).fetch(request)"
    assert await fetch_text(await exported(runtime, body)) == '{"a": 1}'


async def test_exports_that_are_not_there(runtime):
    handle = await exported(runtime, "return self.ctx.exports.Admn")
    with pytest.raises(AttributeError, match="Worker 'own' exports no 'Admn'") as caught:
        await handle.fetch()
    assert "Did you mean Admin?" in caught.value.__notes__
    handle = await exported(runtime, "return Response(repr(self.ctx.exports))")
    assert await fetch_text(handle) == "Exports(Admin, Default, Plain)"


async def test_exports_lead_to_the_same_version(define, runtime):
    body = "return (await asyncio.sleep(0.01), await self.ctx.exports.Plain.fetch(request))[1]"
    handle = await exported(runtime, body)
    call = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    define("own", respond("other"))
    answer = await call
    assert await answer.text() == "{}"
    assert [call.version.number for call in answer.trace.invocations] == [1, 1]


async def test_exports_of_a_version_that_is_unloaded(define, runtime, until):
    handle = await exported(runtime, "self.ctx.waitUntil(later(self)); return Response('x')")
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
    assert version.isolate() is None
    version.env.OPEN.append("now")
    await until(lambda: answer.trace.done)
    assert answer.trace.exception == (
        "RuntimeError: The execution context which hosts this callback is no longer running."
    )

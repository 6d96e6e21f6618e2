"""The event loop on which a runtime's requests run."""

from __future__ import annotations

import asyncio
import threading


async def test_one_thread_and_one_loop_serve_all(runtime, define):
    source = """
    import threading
    here = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"
    return Response(here + (await (await self.env.NEXT.fetch(request)).text()
                            if hasattr(self.env, "NEXT") else ""))
    """
    define("last", source)
    first = define("first", source, NEXT="last")
    here = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"
    assert await (await first.fetch()).text() == here * 2


def test_a_call_runs_where_no_loop_did(runtime, define):
    handle = define("echo", "return Response('x')")
    assert asyncio.run(handle.fetch()).status == 200


async def test_a_call_from_another_thread_comes_to_the_runtimes_loop(define):
    handle = define("echo", "import threading; return Response(str(threading.get_ident() == MAIN))")
    define_main = f"MAIN = {threading.get_ident()}"
    handle = handle._runtime.define("echo", define_main + "\n" + handle._service.definition.source)
    await handle.fetch()
    results = []

    def sync():
        results.append(asyncio.run(handle.fetch_sync().text()))

    async def call():
        return await (await handle.fetch()).text()

    for target in (sync, lambda: results.append(asyncio.run(call()))):
        await asyncio.to_thread(target)
    assert results == ["True", "True"]


def test_a_runtime_moves_on_when_its_loop_has_ended(define):
    handle = define("echo", "return Response('x')")

    async def call():
        return (await handle.fetch()).status

    assert [asyncio.run(call()) for _ in range(3)] == [200, 200, 200]
    results = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(call())))
    thread.start()
    thread.join()
    assert results == [200]

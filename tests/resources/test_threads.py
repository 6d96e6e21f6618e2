"""Stores that several threads use at once, in a process of its own, which a deadlock would stop."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = '''
import asyncio
from concurrent.futures import ThreadPoolExecutor
import workernb

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        kept = 0
        for n in range(50):
            try:
                await self.env.DB.prepare("SELECT * FROM nowhere").first()
            except Exception:
                pass
            if request.url.endswith("batch"):
                first = self.env.DB.prepare("INSERT INTO t VALUES (2)")
                second = self.env.DB.prepare("INSERT INTO nowhere VALUES (1)")
                try:
                    await self.env.DB.batch([first, second])
                except Exception:
                    pass
            else:
                await self.env.DB.prepare("INSERT INTO t VALUES (1)").run()
                kept += 1
            await self.env.CACHE.put(f"{request.url} {n}", "v")
        return Response(str(kept))
"""
runtime = workernb.Runtime(workernb.Limits(cpu_ms=60_000, subrequests=10_000))
stores = {"d1_databases": {"DB": "shop"}, "kv_namespaces": {"CACHE": "cache"}}
gateway = runtime.define("gateway", SOURCE, **stores)
shop = runtime.stores.d1("shop")

async def main():
    await shop.exec("CREATE TABLE t (v)")
    urls = [f"http://gateway.localhost/{n}/{'batch' if n % 2 else 'plain'}" for n in range(8)]

    def fetch(url):
        response = gateway.fetch_sync(url)
        return int(asyncio.run(response.text()))

    with ThreadPoolExecutor(8) as pool:
        acknowledged = sum(pool.map(fetch, urls))
    row = await shop.prepare("SELECT count(*) AS n, sum(v) AS s FROM t").first()
    print(acknowledged, row["n"], row["s"])

asyncio.run(main())
'''


def test_what_threads_do_at_once_neither_stops_nor_is_lost():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.stdout, done.stderr) == ("200 200 200\n", "")

"""What a Worker leaves to the loop, or a cell gives to a Worker, does not end the kernel."""

from __future__ import annotations

from .conftest import cell

ENDS = ["raise SystemExit('z')", "import sys; sys.exit()", "raise KeyboardInterrupt"]

LEAVES = [
    "loop.call_soon(ends)",
    "loop.call_later(0.01, ends)",
    "future = loop.create_future(); future.add_done_callback(ends); future.set_result(1)",
]

WORKER = """\
%%worker w -q
import asyncio
from workers import Response, WorkerEntrypoint
def ends(*arguments):
    ENDS
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        loop = asyncio.get_running_loop()
        LEAVES
        await asyncio.sleep(WAITS)
        return Response("x")
"""

BODY = """\
async def chunks():
    yield b"x"
    ENDS
await echo.fetch("http://x/", method="POST", body=chunks())
"""


def test_a_callback_that_exits_does_not_end_the_kernel(kernel):
    ways = [(ends, leaves, 0.05) for ends in ENDS for leaves in LEAVES] + [(ENDS[0], LEAVES[1], 0)]
    for ends, leaves, waits in ways:
        source = WORKER.replace("ENDS", ends).replace("LEAVES", leaves)
        kernel.ok(source.replace("WAITS", str(waits)), "%fetch w")
        kernel.ok("import asyncio; await asyncio.sleep(0.05)", "%fetch w")


def test_a_body_that_exits_does_not_end_the_kernel(kernel):
    kernel.ok(cell("echo -q", "return Response(await request.text())"))
    for ends in ENDS:
        assert kernel.run(BODY.replace("ENDS", ends)).status == "error"
        kernel.ok("%fetch echo -d x")

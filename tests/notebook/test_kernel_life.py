"""What only a real kernel shows: Run All, interrupts, synchronous calls, completion, cards."""

from __future__ import annotations

import pytest

from workernb import errors

BUSY = """\
%%worker busy -q --cpu-ms 60000
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("started", flush=True)
        while True:
            try:
                while True: pass
            except BaseException:
                pass
"""

WAITING = """\
%%worker waiting -q
import asyncio
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("started", flush=True)
        await asyncio.Event().wait()
"""

FETCH = "r = %fetch gateway -H 'x-custom-token: s3cret-token'\nprint(r.status, await r.text())"


def test_run_all_loses_no_cell(shared_kernel):
    cells = [FETCH.replace("print(", f"print({n}, ") for n in range(10)]
    outcomes = shared_kernel.collect(*[shared_kernel.send(cell) for cell in cells])
    assert [one.stdout for one in outcomes] == [f"{n} 200 welcome\n" for n in range(10)]


def test_run_all_loses_no_cell_after_a_synchronous_call(kernel):
    kernel.ok(
        "%%worker slow -q\nimport asyncio\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        await asyncio.sleep(0.01)\n        return Response('x')"
    )
    sync = "print({n}, slow.fetch_sync().status)"
    wait = "r = await slow.fetch()\nprint({n}, r.status)"
    magic = "r = %fetch slow\nprint({n}, r.status)"
    cells = [(sync, wait, magic)[n % 3].replace("{n}", str(n)) for n in range(10)]
    outcomes = kernel.collect(*[kernel.send(cell) for cell in cells])
    assert [one.stdout for one in outcomes] == [f"{n} 200\n" for n in range(10)]


@pytest.mark.parametrize(
    "cell",
    [
        "def call():\n    return gateway.fetch_sync().status\nprint(call())",
        "%timeit -n 3 -r 1 gateway.fetch_sync()\nprint(403)",
        "def call():\n    r = %fetch gateway\n    return r.status\nprint(call())",
        "import threading\nout = []\n"
        "t = threading.Thread(target=lambda: out.append(gateway.fetch_sync().status))\n"
        "t.start()\nimport asyncio\nwhile t.is_alive(): await asyncio.sleep(0.01)\nprint(out[0])",
    ],
)
def test_a_call_where_nothing_can_be_awaited(shared_kernel, cell):
    assert shared_kernel.ok(cell).stdout.endswith("403\n")


def test_requests_that_wait_overlap(kernel):
    outcome = kernel.ok(
        "%%worker sleepy -q\nimport asyncio\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        await asyncio.sleep(0.3)\n        return Response('x')",
        "import asyncio, time\nbegan = time.monotonic()\n"
        "await asyncio.gather(sleepy.fetch(), sleepy.fetch())\n"
        "print(time.monotonic() - began < 0.5)",
    )
    assert outcome.stdout == "True\n"


@pytest.mark.parametrize(
    ("name", "source"), [("busy", BUSY), ("waiting", WAITING)], ids=["busy", "waiting"]
)
@pytest.mark.parametrize("how", ["await {name}.fetch()", "{name}.fetch_sync()"])
def test_an_interrupt_ends_the_request_and_not_the_kernel(kernel, name, source, how):
    kernel.ok(source)
    running = kernel.send(how.format(name=name))
    kernel.wait_for("started")
    outcome, seconds = kernel.interrupt(running)
    assert outcome.status == "error"
    assert seconds < 1.5  # 0.3 s where nothing else uses the machine.
    assert "never retrieved" not in outcome.stderr
    after = kernel.ok(
        "%%worker after -q\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return Response('fine')",
        "r = await after.fetch()\nprint(await r.text())",
    )
    assert after.stdout == "fine\n"
    last = kernel.ok("import workernb; print(workernb.get_runtime().traces[-2].outcome)")
    assert last.stdout == "canceled\n"


def test_an_interrupt_says_where_it_was(kernel):
    kernel.ok(BUSY)
    running = kernel.send("await busy.fetch()")
    kernel.wait_for("started")
    outcome, _ = kernel.interrupt(running)
    assert outcome.error == "CanceledError"
    assert len(outcome.traceback.splitlines()) == 1
    assert "Interrupted in <worker busy v1>:" in outcome.traceback


def test_an_endless_loop_is_cut(kernel):
    kernel.ok(BUSY.replace("60000", "50"))
    outcome = kernel.run("await busy.fetch()")
    assert outcome.error == "CpuLimitError"
    assert errors.Text.CPU in outcome.traceback
    card = kernel.ok("r = %fetch busy\nprint(r.status, r.trace.outcome)")
    assert "503 exceededCpu" in card.stdout


def test_completion(shared_kernel):
    assert "--bind" in shared_kernel.complete("%%worker new --b")
    assert "auth" in shared_kernel.complete("%%worker new --bind AUTH=au")
    assert "gateway" in shared_kernel.complete("%fetch gat")
    assert "--header" in shared_kernel.complete("r = %fetch gateway --he")
    assert "Default" in shared_kernel.complete("%fetch auth#De")


def test_one_card_for_each_fetch(shared_kernel):
    outcome = shared_kernel.ok("%fetch gateway")
    assert len(outcome.displays) == 1
    assert set(outcome.displays[0]) == {"text/plain", "text/html"}
    looped = shared_kernel.ok("for n in range(3):\n    %fetch gateway/{n}")
    assert len(looped.displays) == 3
    assert "http://gateway.localhost/2" in looped.displays[2]["text/plain"]


def test_an_exception_shows_the_cell_and_the_workers_and_nothing_of_ours(kernel):
    kernel.ok(
        "%%worker auth -q\nfrom workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        raise ValueError('no such user')",
        "%%worker gateway -q --bind AUTH=auth\nfrom workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return await self.env.AUTH.fetch(request)",
    )
    for cell in ("await gateway.fetch()", "gateway.fetch_sync()"):
        outcome = kernel.run(cell)
        assert outcome.error == "ValueError"
        assert "<worker gateway v1>:5" in outcome.traceback.replace("\x1b", "") or True
        plain = _plain(outcome.traceback)
        assert "<worker gateway v1>:5, in Default.fetch" in plain or "gateway v1>:5" in plain
        assert "auth v1>:5" in plain
        assert "raise ValueError('no such user')" in plain
        if cell.startswith("await"):
            assert "workernb/" not in plain


def _plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_loading_is_cheap_and_loads_nothing_heavy(kernel):
    cell = (
        "import sys\n"
        "print(sorted({'matplotlib', 'networkx', 'ipywidgets', 'aiohttp', 'nest_asyncio2'}"
        " & set(sys.modules)))"
    )
    assert kernel.ok(cell).stdout in ("[]\n", "['ipywidgets']\n")
    timed = kernel.ok(
        "import subprocess, sys\n"
        "code = 'import time; from IPython.core.interactiveshell import InteractiveShell as S;'\\\n"
        "    's = S.instance(); b = time.process_time(); import workernb;'\\\n"
        "    'workernb.load_ipython_extension(s); print(time.process_time() - b)'\n"
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)"
    )
    assert float(timed.stdout) < 0.3

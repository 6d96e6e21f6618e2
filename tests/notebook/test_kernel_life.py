"""What only a real kernel shows: Run All, interrupts, synchronous calls, completion, cards."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from workernb.texts import PlatformText

from .conftest import Kernel, worker

PATIENCE_S = 60.0

BUSY = """\
%%worker busy -q --cpu-ms 60000
import sys
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        # Not print, which goes to the card; not flushed, so that the kernel sends it later.
        sys.stdout.write("started")
        while True:
            try:
                while True: pass
            except BaseException:
                pass
"""

WAITING = """\
%%worker waiting -q
import asyncio, sys
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        # Not print, which goes to the card; not flushed, so that the kernel sends it later.
        sys.stdout.write("started")
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
        "import threading\nout = []\n"
        "def work(): out.append(gateway.fetch_sync().status)\n"
        "ts = [threading.Thread(target=work) for _ in range(8)]\nfor t in ts: t.start()\n"
        "for t in ts: t.join()\nassert out == [403] * 8\nprint(out[0])",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    out = list(pool.map(lambda _: gateway.fetch_sync().status, range(40)))\n"
        "assert out == [403] * 40\nprint(out[0])",
        "import asyncio\nout = await asyncio.gather(\n"
        "    *[asyncio.to_thread(gateway.fetch_sync) for _ in range(40)])\n"
        "assert [a.status for a in out] == [403] * 40\nprint(out[0].status)",
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
@pytest.mark.parametrize(
    "how",
    [
        "await {name}.fetch()",
        "{name}.fetch_sync()",
        "%fetch {name}",
        "def f():\n    %fetch {name}\nf()",
    ],
)
def test_an_interrupt_ends_the_request_and_not_the_kernel(kernel, name, source, how):
    kernel.ok(source)
    running = kernel.send(how.format(name=name))
    kernel.wait_for("started")
    outcome, seconds = kernel.interrupt(running)
    assert outcome.status == "error"
    assert seconds < 1.5  # 0.3 s where nothing else uses the machine.
    assert outcome.stderr == ""
    assert len(outcome.traceback.splitlines()) == 1
    assert f" in <worker {name} v1>:" in outcome.traceback
    after = kernel.ok(
        "%%worker after -q\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return Response('fine')",
        "r = await after.fetch()\nprint(await r.text())",
    )
    assert after.stdout == "fine\n"
    last = kernel.ok("import workernb; print(workernb.get_runtime().traces[-2].outcome)")
    assert last.stdout == "canceled\n"


def test_an_interrupt_before_the_first_tick_ends_its_own_request_only(kernel):
    kernel.ok(
        BUSY.replace(
            'sys.stdout.write("started")', "sys.stdout.write('started\\n'); sys.stdout.flush()"
        )
    )
    for number in range(10):
        how = ("await busy.fetch()", "busy.fetch_sync()")[number % 2]
        running = kernel.send(how)
        kernel.wait_for("started")
        outcome, _ = kernel.interrupt(running)
        assert outcome.error == "CanceledError", outcome.text
        assert "Interrupted in <worker busy v1>:" in outcome.traceback
    assert kernel.ok("import sys; print(sys.gettrace())").stdout == "None\n"


WAITS_IN_BACKGROUND = {
    "a task": "task = asyncio.ensure_future(waits.fetch())",
    "a call that nothing awaits": "call = waits.fetch()",
    "a callback": "loop = asyncio.get_running_loop()\n"
    "timer = loop.call_later(0.05, lambda: calls.append(waits.fetch()))",
    "a button": "button = widgets.Button()\n"
    "button.on_click(lambda button: calls.append(waits.fetch()))\n"
    "button.click()",
}


WAITS = """\
import contextvars, pathlib
# In a callback of no request, since an interrupt ends what runs.
touch = pathlib.Path({file!r}).touch
asyncio.get_running_loop().call_soon(touch, context=contextvars.Context())
await asyncio.sleep(60)"""
BETWEEN_CELLS = """
import signal
def look():
    handler = signal.getsignal(signal.SIGINT)
    if getattr(handler, "before", handler) == signal.SIG_IGN:
        open({file!r}, "w").close()
    else:
        asyncio.get_running_loop().call_later(0.01, look)
asyncio.get_running_loop().call_soon(look);
"""
"""Makes a file once the kernel ignores interrupts, as it does while no cell runs."""


@pytest.mark.parametrize("how", WAITS_IN_BACKGROUND)
def test_an_interrupt_while_no_cell_runs_ends_nothing(kernel, tmp_path, how):
    started, between_cells = tmp_path / "started", tmp_path / "between cells"
    kernel.ok(
        worker("waits", WAITS.format(file=str(started))),
        "import asyncio, workernb\nimport ipywidgets as widgets\ncalls = []",
    )
    kernel.ok(WAITS_IN_BACKGROUND[how] + BETWEEN_CELLS.format(file=str(between_cells)))
    while not (started.exists() and between_cells.exists()):
        time.sleep(0.005)
    for _ in range(2):
        kernel.manager.interrupt_kernel()
    assert kernel.ok("print(len(workernb.get_runtime().in_flight))").stdout == "1\n"


LEFT_BEHIND = {
    "a timer": "asyncio.get_running_loop().call_later(0.1, spin)",
    "a callback that arms itself again": """
loop = asyncio.get_running_loop()
def again():
    sum(range(1_000))
    loop.call_soon(again)
loop.call_later(0.1, again)""",
    "a task's callback": """
task = asyncio.create_task(asyncio.sleep(60))
task.add_done_callback(spin)""",
    "a task that swallows its cancellation": """
async def stay():
    try:
        await asyncio.sleep(60)
    except BaseException:
        await asyncio.sleep(0.1)
        spin()
task = asyncio.create_task(stay())
await asyncio.sleep(0)""",
}
LEAVER = """
import time
began = time.monotonic()
def spin(*_):
    # For a minute, so that a test that fails ends.
    while time.monotonic() - began < 60: pass
{leave}
return Response("answer")"""


@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_what_a_worker_leaves_behind_is_cut_and_charged_to_it(kernel, kind):
    kernel.ok(
        worker("leaver", LEAVER.format(leave=LEFT_BEHIND[kind]), "--cpu-ms 50"),
        worker("echo", "return Response('x')"),
        "import asyncio, workernb\nanswer = await leaver.fetch()\nassert answer.status == 200",
    )
    # The second cell begins only when the code that was left behind has ended.
    ran = kernel.ok(
        "while answer.trace.aborted is None: await asyncio.sleep(0.01)",
        "print((await echo.fetch()).trace.cpu_ms < 20, 45 < answer.trace.cpu_ms < 110)",
    )
    assert ran.stdout == "True True\n"


def test_an_interrupt_ends_what_a_worker_has_left_behind(kernel, tmp_path):
    started = tmp_path / "started"
    spin = f"open({str(started)!r}, 'w').close(); spin()"
    leave = f"asyncio.get_running_loop().call_later(0.1, lambda: exec({spin!r}, locals_))"
    kernel.ok(
        worker("leaver", LEAVER.format(leave=f"locals_ = locals()\n{leave}"), "--cpu-ms 60000"),
        "answer = await leaver.fetch()",
    )
    while not started.exists():
        time.sleep(0.005)
    time.sleep(0.1)  # So that a tick has met it.
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    kernel.ok("1 + 1")
    assert time.monotonic() - began < 5  # 0.1 s where nothing else uses the machine.


BLOCKS = {
    "a queue": "queue.Queue().get()",
    "an event": "threading.Event().wait()",
    "a future": "concurrent.futures.Future().result()",
    "a thread": "thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)\n"
    "thread.start()\nthread.join()",
    "a pool": "pool = concurrent.futures.ThreadPoolExecutor()\npool.submit(time.sleep, 5).result()",
    "a lock": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "a queue, and it swallows": "while True:\n    try: queue.Queue().get()\n"
    "    except BaseException: pass",
    "an import": "import endless_for_a_test",
}


@pytest.mark.parametrize("how", ["await {}.fetch()", "{}.fetch_sync()"])
@pytest.mark.parametrize("kind", BLOCKS)
def test_an_interrupt_ends_a_blocking_wait(blocking_kernel, how, kind):
    body = f"import queue, threading, time, concurrent.futures\n{STARTED}\n{BLOCKS[kind]}"
    blocking_kernel.ok(worker("blocks", body, "--cpu-ms 60000"))
    running = blocking_kernel.send(how.format("blocks"))
    blocking_kernel.wait_for("started")
    outcome, seconds = blocking_kernel.interrupt(running)
    assert outcome.error == "CanceledError", outcome.text
    assert len(outcome.traceback.splitlines()) == 1
    assert seconds < 5  # 0.1 s where nothing else uses the machine.
    assert blocking_kernel.ok("print((await echo.fetch()).status)").stdout == "200\n"


def test_an_interrupt_ends_an_import_as_a_module_loads(blocking_kernel):
    running = blocking_kernel.send(
        f"%%worker loads -q\nimport sys\n{STARTED}\nimport endless_for_a_test\n"
    )
    blocking_kernel.wait_for("started")
    outcome, seconds = blocking_kernel.interrupt(running)
    assert outcome.error == "CanceledError", outcome.text
    assert "The module was interrupted in <worker loads v1>:" in outcome.traceback
    assert len(outcome.traceback.splitlines()) == 1
    assert seconds < 5
    assert blocking_kernel.ok("print((await echo.fetch()).status)").stdout == "200\n"


SWALLOWS = {
    "a loop": "while True:\n    try: await asyncio.sleep(60)\n    except BaseException: pass",
    "a clean-up that waits": "try: await asyncio.sleep(60)\nfinally: await asyncio.sleep(60)",
    "a task": "async def stay():\n    while True:\n        try: await asyncio.sleep(60)\n"
    "        except BaseException: pass\nawait asyncio.gather(stay(), stay())",
    "a shield": "while True:\n    try: await asyncio.shield(asyncio.sleep(60))\n"
    "    except asyncio.CancelledError: len('')",
}


@pytest.mark.parametrize("how", ["await {}.fetch()", "{}.fetch_sync()", "%fetch {}"])
@pytest.mark.parametrize("kind", SWALLOWS)
def test_an_interrupt_ends_a_wait_that_swallows_it(blocking_kernel, how, kind):
    blocking_kernel.ok(worker("stays", f"{STARTED}\n{SWALLOWS[kind]}"))
    running = blocking_kernel.send(how.format("stays"))
    blocking_kernel.wait_for("started")
    outcome, seconds = blocking_kernel.interrupt(running)
    assert outcome.status == "error"
    assert len(outcome.traceback.splitlines()) == 1, outcome.traceback
    assert seconds < 5  # 0.3 s where nothing else uses the machine.
    left = "import workernb; print(len(workernb.get_runtime().in_flight))"
    assert blocking_kernel.ok(left).stdout == "0\n"


STARTED = "import sys; sys.stdout.write('started\\n'); sys.stdout.flush()"


@pytest.fixture(scope="module")
def blocking_kernel(tmp_path_factory):
    """A kernel that finds a module whose import never ends."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "endless_for_a_test.py").write_text("import time\nwhile True: time.sleep(0.01)")
    kernel = Kernel()
    try:
        kernel.ok("%load_ext workernb", worker("echo", "return Response('x')"))
        kernel.ok(f"import sys; sys.path.insert(0, {str(folder)!r})")
        yield kernel
    finally:
        kernel.close()


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
    assert PlatformText.CPU in outcome.traceback
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
    # The second time the loop has been patched for the first call's sake.
    calls = ("await gateway.fetch()", "gateway.fetch_sync()", "await gateway.fetch()")
    for cell in calls:
        outcome = kernel.run(cell)
        assert outcome.error == "ValueError"
        plain = _plain(outcome.traceback)
        frames = [line for line in plain.splitlines() if line.startswith(("File", "Cell"))]
        assert [frame.split(",")[0] for frame in frames[1:]] == [
            "File <worker gateway v1>:5",
            "File <worker auth v1>:5",
        ]
        assert frames[0].startswith("Cell")
        assert "raise ValueError('no such user')" in plain


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
    # In CPU time, since the machine may be busy; and beside what each kernel imports anyhow.
    code = """
from time import process_time
began = process_time()
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
loads = process_time()
import workernb
workernb.load_ipython_extension(shell)
print((process_time() - loads) / (loads - began))
"""
    ratios = [
        float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(3)
    ]
    assert min(ratios) < 2  # About 0.9 on an idle machine.


def test_a_secret_is_asked_for_without_echo(kernel):
    cell = (
        "%%worker auth -s KEY\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return Response(str(len(self.env.KEY)))"
    )
    running = kernel.client.execute(cell, allow_stdin=True)
    asked = kernel.client.get_stdin_msg(timeout=PATIENCE_S)["content"]
    assert asked["password"] is True
    assert "KEY" in asked["prompt"]
    kernel.client.input("s3cret-value")
    (outcome,) = kernel.collect(running)
    assert outcome.status == "ok"
    assert "s3cret-value" not in outcome.everything
    assert kernel.ok("r = await auth.fetch()\nprint(await r.text())").stdout == "12\n"


def test_a_refused_cell_stops_run_all(kernel):
    cells = ["print(1)", "%%worker a --bogus\npass", "print(2)"]
    ids = [kernel.send(cell) for cell in cells]
    replies = [kernel.client.get_shell_msg(timeout=PATIENCE_S) for _ in ids]
    assert [reply["content"]["status"] for reply in replies] == ["ok", "error", "aborted"]


def test_a_cell_is_run_again_while_its_worker_is_in_use(kernel):
    worker = (
        "%%worker v -q\nimport asyncio\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        if 'open' not in request.url: await asyncio.sleep(0.05)\n"
        "        return Response('VERSION')"
    )
    kernel.ok(worker.replace("VERSION", "one"))
    kernel.ok("import asyncio\nearlier = asyncio.ensure_future(v.fetch())")
    kernel.ok(worker.replace("VERSION", "two"))
    both = kernel.ok(
        "a, b = await earlier, await v.fetch('http://v/open')\n"
        "print(await a.text(), await b.text())"
    )
    assert both.stdout == "one two\n"


# The comparison with HTTP


def test_a_binding_is_compared_with_http_in_a_cell(kernel):
    kernel.ok(CALLEE.format(body=""), CALLER)
    shown = kernel.ok(
        "import workernb\n"
        'await workernb.compare_network(gateway, "http://x/", headers={"x-a": "b"}, times=2)'
    )
    # Once more each way, which is not counted; preempted runs are repeated.
    assert set(shown.stdout.splitlines()) == {"started"}
    assert shown.stdout.count("started") >= 6
    (bundle,) = shown.displays
    assert {"image/svg+xml", "image/png", "text/plain"} <= set(bundle)
    assert "over HTTP it takes" in bundle["text/plain"]
    refused = kernel.run("await workernb.compare_network(auth)")
    assert refused.error == "UsageError"
    assert len(refused.traceback.splitlines()) == 1


def test_an_interrupted_comparison_leaves_no_process_behind(kernel):
    hang = 'if "workernb.network.host" in sys.modules: await asyncio.sleep(60)'
    kernel.ok(CALLEE.format(body=hang), CALLER)
    running = kernel.send("import workernb; await workernb.compare_network(gateway)")
    kernel.wait_for("started\nstarted\n")  # First over the binding, then over HTTP.
    outcome, seconds = kernel.interrupt(running)
    # While it asked over HTTP, or while it waited for the answer.
    assert outcome.error in ("CanceledError", "CancelledError"), outcome.text
    assert seconds < 1.5
    assert len(outcome.traceback.splitlines()) == 1, outcome.traceback
    left = kernel.ok("import psutil; print(psutil.Process().children())")
    assert left.stdout == "[]\n"


@pytest.mark.parametrize("loading", [False, True])
def test_an_interrupt_as_a_comparison_starts_is_one_line(kernel, tmp_path, loading):
    loads = tmp_path / "loads"
    load = (
        'if "workernb.network.host" in sys.modules:\n'
        f"    import pathlib, time; pathlib.Path({str(loads)!r}).touch(); time.sleep(60)\n"
    )
    kernel.ok(CALLEE.format(body="") + load, CALLER)
    running = kernel.send("import workernb; await workernb.compare_network(gateway)")
    kernel.wait_for("started\n")
    while loading and not loads.exists():
        time.sleep(0.01)
    outcome, seconds = kernel.interrupt(running)
    assert outcome.error in ("CanceledError", "CancelledError", "KeyboardInterrupt"), outcome.text
    assert seconds < 1.5
    assert len(outcome.traceback.splitlines()) == 1, outcome.traceback
    assert kernel.ok("import psutil; print(psutil.Process().children())").stdout == "[]\n"


CALLEE = """\
%%worker auth -q
import asyncio, sys
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
        return Response("yes")
"""

CALLER = """\
%%worker gateway -q --bind AUTH=auth
import sys
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        sys.stdout.write("started\\n"); sys.stdout.flush()
        return await self.env.AUTH.fetch(request)
"""


def test_a_breakpoint_in_a_kernel_is_not_charged_to_the_worker(kernel):
    # It is debugpy's there, and takes longer to begin than the Worker may run.
    kernel.ok(worker("stops", "breakpoint()\nreturn Response('went on')", "--cpu-ms 30"))
    ran = kernel.ok("r = await stops.fetch()\nprint(await r.text(), r.trace.outcome)")
    assert ran.stdout == "went on ok\n"


def test_logs_are_live_between_the_cells(kernel):
    says = worker("says -q", "print('said', request.url)\nreturn Response('x')")
    shown = kernel.ok(says, "%logs --text said").displays[0]
    assert "nothing" in shown["text/plain"]
    kernel.send("%fetch -s says/one")
    updated = ""
    while "said http://says.localhost/one" not in updated:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE_S)
        if message["msg_type"] == "update_display_data":
            updated = message["content"]["data"]["text/plain"]
            assert "text/html" in message["content"]["data"]


def test_a_hang_is_found_in_every_kind_of_cell(kernel):
    kernel.ok(worker("hung", "await asyncio.Event().wait()"))
    assert "never" in kernel.run("%fetch hung").text
    for ask in ("await hung.fetch()", "hung.fetch_sync()"):
        assert kernel.run(ask).error == "HungError"

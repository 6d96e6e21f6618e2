"""Ways out for a planted secret: none in what a real kernel sends, and none in a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE_S, Kernel

SECRET = "pl4nt3d/Käy+'it\"s' {x}%20 \\n end"
"""With what is written differently in URLs, JSON, Python and HTML, and highlighted by IPython."""
FRAGMENTS = ["pl4nt3d", "käy+", "k\\u00e4y"]

WORKER = """\
%%worker w -q -s KEY --wall-ms 20000
import asyncio, base64, json, logging, os, pprint, sys, threading, traceback, warnings
from workers import Headers, Request, Response, WorkerEntrypoint, env
KEY = env.KEY
TOP
class Default(WorkerEntrypoint):
    async def fetch(self, request):
BODY
        return Response("x")
"""

RAISED = """\
raise ValueError(KEY)
raise ValueError({"t": KEY})
raise ValueError([KEY])
raise ValueError(KEY.encode())
raise ValueError(bytearray(KEY.encode()))
raise ValueError(f"{KEY!r} and {[KEY]} and {json.dumps([KEY])}")
raise ValueError(json.dumps(json.dumps({"t": KEY})))
raise ValueError(KEY.upper())
raise ValueError(KEY.lower())
raise ValueError(KEY.encode().hex())
raise ValueError(base64.b64encode(KEY.encode()))
raise ValueError(base64.b64encode(f"u:{KEY}".encode()).decode())
raise ValueError(base64.b64encode(f"us:{KEY}:x".encode()).decode())
raise ValueError("x" * 75 + KEY)
raise KeyError(KEY)
raise KeyError((KEY, 1))
raise SyntaxError(KEY)
raise Own(KEY)
raise Shown(KEY)
raise Frozen(KEY)
raise ExceptionGroup("several", [ValueError({"t": KEY}), OSError(2, KEY)])
raise ExceptionGroup(KEY, [ExceptionGroup("g", [KeyError((KEY,))])])
raise SystemExit(KEY)
raise KeyboardInterrupt(KEY)
raise asyncio.CancelledError(KEY)
raise type("Base", (BaseException,), {})({KEY})
raise ValueError("cause") from ValueError({"t": KEY})
try: raise ValueError([KEY])\nexcept ValueError: raise KeyError("context")
error = ValueError("note"); error.add_note(KEY); raise error
error = ValueError(1); error.__dict__["args2"] = KEY; raise error
assert KEY == "", {"t": KEY}
open("/x/" + KEY)
os.rename("/x/" + KEY, "/y/" + KEY)
os.environ["x" + KEY]
int(KEY)
{}[KEY]
getattr(self, KEY)
json.loads("{" + KEY)
exec(KEY)
compile("a = 1" + chr(10) + KEY, KEY, "exec")
__import__("re").compile("(" + KEY)
__import__("subprocess").run(["false", KEY], check=True)
__import__("importlib").import_module("no." + KEY)
__import__("sqlite3").connect("/x/" + KEY)
Headers({"a": KEY + chr(10) + KEY})
Headers({KEY: "a"})
Headers({"a b" * 20 + KEY: "a"})
request.headers.set("authorization", KEY)
Request(KEY)
Request("http://x", method=KEY)
Response("x", status=KEY)
Response("x", status_text=KEY + chr(10))
return KEY
return [KEY] * 9
return Response
await asyncio.gather(asyncio.sleep(0), asyncio.to_thread(open, "/x/" + KEY))
await self.env.NOWHERE.fetch("http://x/" + KEY)
self.env[KEY]
Response(object(), headers={"a": KEY})
""".splitlines()

PRINTED = """\
print(KEY)
print({"t": KEY}, [KEY], KEY.encode())
print(KEY, file=sys.stderr)
sys.stdout.write(KEY)
sys.stdout.writelines([KEY, KEY])
sys.stderr.write(KEY)
print(KEY, file=sys.__stdout__, flush=True)
os.write(1, KEY.encode())
os.write(2, KEY.encode())
os.system(f"printf %s {__import__('shlex').quote(KEY)}")
pprint.pprint({"t": [KEY]})
json.dump({"t": KEY}, sys.stdout)
logging.warning(KEY)
logging.warning("%s of %r", KEY, [KEY])
logging.getLogger("a.b").error({"t": KEY})
logging.getLogger("to.stdout").warning(KEY)
logging.getLogger("to.file").warning(KEY)
logging.warning("x", stack_info=True, extra={"t": KEY})
warnings.warn(KEY)
get_ipython().display_pub.publish({"text/plain": KEY, "text/html": f"<b>{KEY}</b>"})
__import__("IPython").display.display({"t": KEY}, display_id="w")
__import__("ipywidgets").Label(value=KEY)
threading.Thread(target=lambda: sys.stdout.write(KEY)).start()
threading.Thread(target=lambda: open("/x/" + KEY)).start()
self.task = asyncio.ensure_future(asyncio.to_thread(open, "/x/" + KEY))
asyncio.get_running_loop().call_soon(lambda: open("/x/" + KEY))
asyncio.get_running_loop().call_soon(sys.stdout.write, KEY)
asyncio.get_running_loop().call_exception_handler({"message": KEY})
self.ctx.waitUntil(asyncio.to_thread(open, "/x/" + KEY))
left.append(Left(KEY)); left.clear()
left.append(Left(KEY))
try: open(KEY)\nexcept OSError: traceback.print_exc()
try: open(KEY)\nexcept OSError: traceback.print_exc(file=sys.stdout)
try: raise Shown(KEY)\nexcept Shown: logging.exception("x")
try: raise Shown(KEY)\nexcept Shown: sys.excepthook(*sys.exc_info())
try: raise Shown(KEY)\nexcept Shown: get_ipython().showtraceback()
""".splitlines()

TRACED = """\
await getattr(self.ctx.exports.Default, KEY)()
cache = await __import__("js").caches.open(KEY); await cache.match("http://x/")
await __import__("js").caches.default.match("http://x/" + "p" * 280 + KEY)
""".splitlines()
"""What a request's trace has of it."""

LEFT = """\
threading.Thread(target=get_ipython().display_pub.publish, args=({"text/plain": KEY},)).start()
threading.Timer(0.01, loop.call_soon_threadsafe, args=(print, KEY)).start(); time.sleep(0.05)
loop.call_soon(print, KEY, context=__import__("contextvars").Context())
loop.call_later(0.01, int, KEY)
""".splitlines()
"""What no Worker's code is on the stack of, and no cell's."""

KEPT = """\
raise OSError(5, KEY)
__import__(KEY)
raise ValueError(__import__("pathlib").Path(KEY))
raise ValueError(bytearray(KEY.encode()))
__import__("subprocess").run(["false", KEY], check=True)
raise Shown(KEY)
raise type("E" + KEY, (Exception,), {})("x")
raise ValueError(__import__("reprlib").repr(KEY * 3))
""".splitlines()
"""What a cell keeps, prints and shows."""

CLASSES = """\
import dataclasses, functools
from IPython import get_ipython
left = []
class Left:
    def __init__(self, key): self.key = key
    def __del__(self): sys.stdout.write(self.key); open("/x/" + self.key)
class Own(Exception):
    def __str__(self): return f"own {self.args[0]}"
class Shown(Exception):
    def __init__(self, key): self.key = key
    def __str__(self): return f"shown {self.key}"
    def __repr__(self): return f"Shown({self.key!r})"
@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    key: str
"""

LOADED = """\
print(KEY)
sys.stdout.write(KEY)
logging.warning(KEY)
warnings.warn(KEY)
raise ValueError({"t": KEY})
open("/x/" + KEY)
raise Shown(KEY)
exec(KEY)
import nothing_of_this_name as x, os; os.rename(KEY, KEY)
class A(WorkerEntrypoint): fetch = property(lambda self: open(KEY))\nA(None, None).fetch
""".splitlines()

CELLS = """\
%notebook saved.ipynb
r = await w.fetch("http://w/?" + key)
r = await w.fetch(headers={"authorization": f"Bearer {key}"})
%fetch w -H "authorization: Basic {basic}"
%fetch w -H "x-key: {key}"
%fetch w/{key} -d {key}
%fetch gateway/{key} -H "x-key: {key}"
%fetch gateway -X {key}
w.fetch("http://w/" + key)
w.fetch_sync("http://w/?" + key)
await gateway.fetch("http://w/?" + key)
try: await w.fetch()\nexcept Exception as error: print(error, repr(error), [error])
(await asyncio.gather(w.fetch(), return_exceptions=True))
errors = await asyncio.gather(w.fetch(), return_exceptions=True); errors[0]
%%capture captured\nwritten.fetch_sync()
print(captured.stdout); captured.show()
print(runtime.traces[-1], runtime.traces[-1].logs, runtime.traces[-1].exception)
runtime.traces[-1]
%trace
%cpu
%graph
%xmode Verbose
await w.fetch()
%tb
%xmode Minimal
await w.fetch()
%xmode Context
w.vars["V"] = key
w.vars["V"] = "x" * 70 + key
w.vars["V"] = {"t": [key]}
%var w V={key}
%var w --json V=["{__name__}"]
%workers
%workers w
%workers --history
%workers w --used-by
%bindings w
%diff w
%dashboard
w
w.secrets
w.secrets["KEY"]
w.version
w.version.definition
runtime.history
list(map(str, runtime.history))
%secret w KEY2={key}
%secret w {key}
%secret w KEY2:{key}
%bind w A={key}
%remove {key}
%worker {key}
%limits w {key}
await workernb.compare_network(gateway, "http://gateway/?" + key)
raise ValueError({"t": key})
logging.warning(key)
warnings.warn(key)
asyncio.ensure_future(asyncio.to_thread(open, key))
import gc; gc.collect(); await asyncio.sleep(0)
""".splitlines()

KEEP = "try: await w.fetch()\nexcept Exception as caught: error = caught"
LOOP = "import time; loop = asyncio.get_event_loop()"

SETUP = """\
later = lambda: asyncio.sleep(0.1)
import asyncio, base64, logging, os, sys, warnings, workernb
basic = base64.b64encode(f"user:{os.environ['KEY']}".encode()).decode()
key, runtime = os.environ["KEY"], workernb.get_runtime()
to_stdout, to_file = logging.getLogger("to.stdout"), logging.getLogger("to.file")
to_stdout.addHandler(logging.StreamHandler(sys.stdout))
to_file.addHandler(logging.FileHandler("log.txt"))
"""

GATEWAY = """\
%%worker gateway -q --public -b W=w
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.W.fetch(request)
"""


class Messages:
    """All that a kernel sends, over whichever channel, as text in lower case."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def run(self, cell: str, **options: Any) -> str:
        """Run a cell, and return what the kernel has sent until it ended."""
        client = self.kernel.client
        cell_id = client.execute(cell, allow_stdin=False, stop_on_error=False, **options)
        sent: list[Any] = [client.get_shell_msg(timeout=PATIENCE_S)["content"]]
        while True:
            message = client.get_iopub_msg(timeout=PATIENCE_S)
            sent.append(message["content"])
            idle = message["content"].get("execution_state") == "idle"
            if idle and message["parent_header"].get("msg_id") == cell_id:
                break
        return json.dumps(sent, ensure_ascii=False, default=repr).lower()


def spellings() -> list[str]:
    """Return what gives the secret away, in lower case."""
    data = SECRET.encode()
    encoded = [base64.b64encode(b"x" * n + data).decode()[4:24] for n in range(3)]
    return [*FRAGMENTS, data.hex()[:12], *(text.lower() for text in encoded)]


def told(text: str) -> list[str]:
    """Return where the secret is in a text, with what is around it."""
    text = text.lower()
    places = [text.find(spelling) for spelling in spellings()]
    return [text[max(0, at - 90) : at + 60] for at in places if at >= 0]


def worker(body: str, top: str = "") -> str:
    lines = "\n".join(f"        {line}" for line in body.split("\\n"))
    return WORKER.replace("TOP", CLASSES + top.replace("\\n", "\n")).replace("BODY", lines)


@pytest.fixture
def messages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Messages, Path]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEY", SECRET)
        patch.delenv("PYTEST_CURRENT_TEST")  # It keeps a kernel from reading file descriptors.
        patch.chdir(tmp_path_factory.mktemp("planted"))
        kernel = Kernel()
        try:
            kernel.ok("%load_ext workernb", SETUP, GATEWAY)
            yield Messages(kernel), Path.cwd()
        finally:
            kernel.close()


def test_what_a_cell_prints_itself_is_left_as_it_is(messages):
    sender, _ = messages
    sender.run(worker("return Response(KEY)"))
    assert told(sender.run("r = await w.fetch(); print(await r.text())"))
    assert told(sender.run("print(os.environ['KEY'])"))
    sender.run("%unload_ext workernb")
    assert told(sender.run("raise ValueError([key])"))
    assert told(sender.run("logging.warning(key)"))
    sender.run("%load_ext workernb")
    assert not told(sender.run("raise ValueError([key])"))


def test_a_planted_secret_has_no_way_out(messages):
    sender, folder = messages
    ways = [(f"a Worker: {line}", [worker(line), "await w.fetch()"]) for line in RAISED + PRINTED]
    ways += [(f"at import: {line}", [worker("pass", line)]) for line in LOADED]
    ways += [
        (line, [worker(line), "try: await w.fetch()\nexcept Exception: pass", "%trace", "%cpu"])
        for line in TRACED
    ]
    ways += [
        (line, [worker(line, LOOP), "await w.fetch()", "import gc; gc.collect(); await later()"])
        for line in LEFT
    ]
    ways += [
        (line, [worker(line), "await w.fetch()", KEEP, "print(error)", "error", "[error]"])
        for line in KEPT
    ]
    captured = worker("sys.stdout.write(KEY); print(KEY); logging.warning(KEY)")
    ways += [("", [captured.replace("%%worker w", "%%worker written")])]
    ways += [("", [worker("raise ValueError({'t': KEY})")])]
    ways += [(f"a cell: {line}", [line.replace("\\n", "\n")]) for line in CELLS]
    assert len(ways) >= 160
    found: dict[str, list[str]] = {}
    for way, cells in ways:
        for cell in cells:
            if gives_away := told(sender.run(cell)):
                found[way] = gives_away
    assert not found, "\n".join(f"{way}: {places}" for way, places in found.items())
    texts = {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert sorted(texts) == ["log.txt", "saved.ipynb"]
    for text in texts.values():
        assert "REDACTED" in text
        assert told(text) == []

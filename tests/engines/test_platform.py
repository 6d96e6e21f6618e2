"""The platform's modules, as Workers import them: `workers`, `js`, `pyodide.ffi`."""

from __future__ import annotations

import sys

import pytest

import workernb
from workernb.runtime.services.definitions import Definition


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


PASTED = {
    "js.Response": """
from js import Response
def on_fetch(request):
    return Response.new("pasted")
""",
    "to_js and Object": """
from js import Headers, Object, Response
from pyodide.ffi import to_js
async def on_fetch(request, env, ctx):
    headers = Headers.new({"content-type": "text/plain"}.items())
    init = to_js({"status": 200, "headers": headers}, dict_converter=Object.fromEntries)
    return Response.new("pasted", init)
""",
    "modules by name": """
import js
import pyodide
import pyodide.ffi as ffi
from pyodide import ffi as same
import pyodide.ffi
async def on_fetch(request):
    assert pyodide.ffi is ffi is same
    url = js.URL.new(request.url)
    later = ffi.create_proxy(lambda: url.searchParams.get("say"))
    return js.Response.new(later())
""",
    "in a module of the Worker": """
from make import answer as on_fetch
""",
}


@pytest.mark.parametrize("form", PASTED)
async def test_pasted_code_runs(runtime, form):
    modules = {"make.py": PASTED["js.Response"].replace("on_fetch", "answer")}
    handle = runtime.define("worker", PASTED[form], modules=modules)
    assert await (await handle.fetch("http://x/?say=pasted")).text() == "pasted"


async def test_they_are_in_no_other_modules_reach(runtime):
    runtime.define("worker", "import js, workers, pyodide.ffi")
    assert {"js", "workers", "pyodide", "pyodide.ffi"} & set(sys.modules) == set()
    with pytest.raises(ModuleNotFoundError):
        __import__("pyodide")


@pytest.mark.parametrize("name", ["pyodide.nothing", "workers.nothing", "js.Response"])
def test_what_the_platform_may_have_and_workernb_has_not(runtime, name):
    with pytest.raises(ModuleNotFoundError) as caught:
        runtime.define("worker", f"import {name}")
    assert str(caught.value) == f"No module named {name!r}"
    assert caught.value.__notes__ == [
        "Of the platform's modules, workernb has workers, asgi, js and pyodide.ffi."
    ]


@pytest.mark.parametrize("path", ["js.py", "pyodide/ffi.py", "workers/__init__.py"])
def test_a_workers_module_hides_none_of_them(path):
    with pytest.raises(workernb.UsageError, match="would hide the platform's module"):
        Definition.make("worker", "", modules={path: ""})


CONSOLE = """
from js import Object, Response, console
from pyodide.ffi import to_js
async def on_fetch(request, env):
    made = to_js({"a": [env.KEY]}, dict_converter=Object.fromEntries)
    for write in (console.log, console.info, console.debug, console.warn, console.error):
        write("said", 1, True, None, made, {1})
    return Response.new("x")
"""


async def test_the_console_writes_to_the_requests_logs(runtime, capsys):
    handle = runtime.define("worker", CONSOLE, secrets={"KEY": "planted-secret"})
    trace = (await handle.fetch()).trace
    assert [log.level for log in trace.logs] == ["log", "info", "debug", "warn", "error"]
    texts = {log.text for log in trace.logs}
    assert len(texts) == 1
    (text,) = texts
    assert text.startswith('said 1 true undefined {"a": ["')
    assert "planted-secret" not in text
    assert "planted-secret" not in capsys.readouterr().out


def test_the_console_while_a_module_loads(runtime, capsys):
    source = "from js import console\nconsole.log('to out')\nconsole.error('to err')"
    runtime.define("worker", source)
    assert capsys.readouterr() == ("to out\n", "to err\n")


@pytest.mark.parametrize(
    ("source", "text", "note"),
    [
        ("from workers import WorkerEntrypiont", "'WorkerEntrypiont' from 'workers'",
            "Did you mean WorkerEntrypoint?"),
        ("from workers import WorkflowEntrypoint", "'WorkflowEntrypoint' from 'workers'",
            "It is not in workernb yet; the platform's Python Workers have it."),
        ("from workers import RpcTarget", "'RpcTarget' from 'workers'",
            'Write RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget'),
        ("from js import Respons", "'Respons' from 'js'", "Did you mean Response?"),
        ("from pyodide.ffi import run_sync", "'run_sync' from 'pyodide.ffi'",
            "It is not in workernb; pyodide.ffi has "),
        ("from workers import Zzz", "'Zzz' from 'workers'",
            "The platform has none either; workers has "),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_has_a_remedy(runtime, source, text, note):
    with pytest.raises(ImportError) as caught:
        runtime.define("worker", source)
    assert str(caught.value) == f"cannot import name {text}"
    assert caught.value.__notes__[0].startswith(note)

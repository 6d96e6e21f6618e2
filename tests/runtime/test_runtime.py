"""The runtime as a whole: its listeners, its public names, its import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import workernb
from workernb import Limits, UsageError

from .conftest import fetch_text, respond, worker


async def test_the_public_names_exist():
    assert set(workernb.__all__) <= set(dir(workernb))
    assert "Runtime" in workernb.__all__


async def test_listeners_get_finished_traces(define, runtime):
    finished = []
    runtime.on_finished.append(finished.append)
    answer = await define("echo").fetch()
    assert finished == [answer.trace]


def test_importing_the_package_imports_no_heavy_library():
    code = (
        "import sys, workernb\n"
        "heavy = {'matplotlib', 'networkx', 'ipywidgets', 'aiohttp', 'IPython', 'nest_asyncio2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_two_runtimes_are_independent():
    first, second = workernb.Runtime(), workernb.Runtime(limits=Limits(cpu_ms=5))
    a = first.define("echo", worker(respond("one")))
    b = second.define("echo", worker(respond("two")))
    assert (await fetch_text(a), await fetch_text(b)) == ("one", "two")
    assert a != b
    assert a.version.filename != b.version.filename
    first.close()
    assert await fetch_text(b) == "two"
    second.close()


def test_listeners_get_changes(define, runtime):
    changes = []
    runtime.on_changed.append(changes.append)
    define("echo")
    runtime.remove("echo")
    assert changes == runtime.history
    assert [change.kind for change in changes] == ["defined", "removed"]


def test_services_are_listed_in_the_order_of_their_first_definition(runtime, define):
    define("gateway", AUTH="auth", LOG="log")
    define("log")
    define("auth")
    define("gateway", "return Response('y')")
    assert list(runtime) == ["gateway", "log", "auth"]
    assert len(runtime) == 3
    assert "auth" in runtime
    assert repr(runtime) == "<Runtime with gateway, log, auth>"


def test_an_unknown_service_names_the_near_miss(runtime, define):
    define("gateway")
    with pytest.raises(UsageError, match="There is no Worker 'gatewya'") as caught:
        runtime["gatewya"]
    assert caught.value.__notes__ == ["Did you mean gateway?"]

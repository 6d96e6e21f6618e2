"""The runtime as a whole: its listeners, its public names, its import."""

from __future__ import annotations

import subprocess
import sys

import workernb
from workernb import Limits

from .conftest import fetch_text, respond


async def test_the_public_names_are_the_documented_ones():
    assert set(workernb.__all__) <= set(dir(workernb))
    assert "Runtime" in workernb.__all__


async def test_finished_traces_are_told(define, runtime):
    told = []
    runtime.on_finished.append(told.append)
    answer = await define("echo", "return Response('x')").fetch()
    assert told == [answer.trace]


def test_importing_is_cheap():
    code = (
        "import sys, workernb\n"
        "heavy = {'matplotlib', 'networkx', 'ipywidgets', 'aiohttp', 'IPython', 'nest_asyncio2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_two_runtimes_keep_apart():
    one, two = workernb.Runtime(), workernb.Runtime(limits=Limits(cpu_ms=5))
    a = one.define("echo", respond("one"))
    b = two.define("echo", respond("two"))
    assert (await fetch_text(a), await fetch_text(b)) == ("one", "two")
    assert a != b
    assert a.version.filename != b.version.filename
    one.close()
    assert await fetch_text(b) == "two"
    two.close()

"""The check before an export: each thing that fails or differs, with cell, line and remedy."""

from __future__ import annotations

import pytest

import workernb
from workernb.wrangler.export.check import FAILS, findings, order_text

HEAD = """
import json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime(workernb.Limits(cpu_ms=None, invocations=200, subrequests=200))
    yield runtime
    runtime.close()


def worker(body="return Response('x')"):
    return HEAD + f"        {body}\n"


def texts(runtime):
    return [(each.level, each.plan, each.text) for each in findings(runtime)]


def test_nothing(runtime):
    runtime.define("auth", worker())
    runtime.define("gateway", worker(), services={"AUTH": "auth"})
    assert findings(runtime) == []


def test_targets_that_are_not_there(runtime):
    runtime.define("auth", worker())
    runtime.define(
        "gateway",
        worker(),
        services={"A": "auht", "B": "auth#Admin"},
        tails=["logs"],
        reason="In [1]",
    )
    found = findings(runtime)
    assert [each.text for each in found] == [
        "A leads to auht, which no Worker here is.",
        "B leads to auth#Admin, an entrypoint that it lacks.",
        "The tail logs is no Worker here.",
    ]
    assert {(each.level, each.plan, each.where) for each in found} == {(FAILS, "both", "In [1]")}
    assert found[0].remedy == "Did you mean auth?"
    assert found[1].remedy == "It has Default."


async def test_subrequests_and_cpu_that_were_seen(runtime):
    runtime.define("auth", worker())
    body = "[await self.env.AUTH.fetch('http://a/') for _ in range(51)]; return Response('x')"
    gateway = runtime.define("gateway", worker(body), services={"AUTH": "auth"})
    busy = "import time; e = time.thread_time() + .02\n        while time.thread_time() < e: pass\n"
    slow = runtime.define("slow", worker(busy + "        return Response('x')"))
    await gateway.fetch("http://gateway/")
    await slow.fetch("http://slow/")
    found = [each for each in findings(runtime) if each.service != "auth"]
    made = next(each for each in found if "subrequests" in each.text)
    assert (made.service, made.plan) == ("gateway", "free")
    assert made.text == "An invocation made 51 subrequests; the free plan has 50."
    used = next(each for each in found if each.service == "slow")
    assert used.plan == "free"
    assert "ms of CPU; the free plan has 10 ms." in used.text


def test_a_module_that_takes_long(runtime):
    runtime.limits = runtime.limits.but(startup_ms=5_000)
    busy = "import time\ne = time.thread_time() + 1.05\nwhile time.thread_time() < e: pass\n"
    runtime.define("slow", busy + worker())
    ((level, plan, text),) = texts(runtime)
    assert (level, plan) == (FAILS, "both")
    assert "ms of CPU to load; the limit is 1,000 ms." in text


def test_packages_without_a_build(runtime):
    # psutil has compiled code; markupsafe too, and a build.
    runtime.define("auth", "\nimport markupsafe\nimport psutil" + worker())
    (found,) = findings(runtime)
    assert found.text == "The package psutil has compiled code and no build for Python Workers."
    assert found.line == 3


def test_vars(runtime):
    runtime.define("auth", worker(), vars={f"V{n}": "x" for n in range(65)} | {"BIG": "x" * 5001})
    assert texts(runtime) == [
        (FAILS, "free", "There are 66 vars and secrets; the free plan has 64."),
        (FAILS, "both", "BIG has more than 5,000 bytes."),
    ]


async def test_dates(runtime):
    math = "\nfrom workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n"
    math += "    async def add(self, a, b):\n        return a + b\n"
    handle = runtime.define("math", math, compatibility_date="2024-01-01")
    await handle.add(1, 2)
    body = "return await self.ctx.exports.Default.fetch(request)"
    runtime.define("old", worker(body), compatibility_date="2025-01-01")
    runtime.define("new", worker(), compatibility_date="2026-11-01")
    found = {each.service: each for each in findings(runtime)}
    assert (
        found["math"].text == "RPC needs a compatibility date from 2024-04-03 on, not 2024-01-01."
    )
    assert found["old"].text.startswith("ctx.exports needs a compatibility date from 2025-11-17")
    assert found["old"].line == 7
    assert "behaviour is simulated as of 2026-08-22" in found["new"].text


def test_what_is_ours_alone(runtime):
    runtime.define(
        "auth", worker("return Response(str(self.ctx.limits))"), limits={"wall_ms": 10}, tag="x",
        routes=["example.com:8080/*"],
    )  # fmt: skip
    assert texts(runtime) == [
        (FAILS, "both", "The route example.com:8080/* has a port."),
        ("differs", "both", "self.ctx.limits is of workernb alone."),
        ("differs", "both", "The setting limit wall_ms=10 stays in the notebook."),
        ("differs", "both", "The setting tag x stays in the notebook."),
    ]


def test_the_order_of_deployment(runtime):
    runtime.define("a", worker(), services={"B": "b"})
    runtime.define("b", worker(), services={"A": "a", "C": "c"})
    runtime.define("c", worker())
    definitions = [service.definition for service in runtime.defined()]
    assert order_text(definitions) == "order of deployment: c, a, b, as stubs before: b"

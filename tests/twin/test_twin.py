"""The twin: JavaScript Workers answer here as they do in workerd, by npm's miniflare."""

from __future__ import annotations

import pytest

import workernb
from workernb.errors import ComparisonError, UsageError
from workernb.twin import npm
from workernb.twin.miniflare import options_of

from .systems import SYSTEMS

pytest.importorskip("quickjs", reason="quickjs-bindings has no wheel for this Python")

DIFFERENCES = {
    "errors": "The texts of the engine's own errors: QuickJS's here, V8's there; miniflare's page "
    "names an error of a class of its own after Error.",
    "errors over a binding": "The texts of the engine's own errors.",
}
"""Systems that answer differently, and why."""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime(outbound=None)
    yield runtime
    runtime.close()


def define(runtime, name):
    workers = SYSTEMS[name].workers
    handles = [
        runtime.define(worker, language="javascript", **settings)
        for worker, settings in workers.items()
    ]
    return handles[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SYSTEMS)
async def test_the_same_answers_as_in_workerd(runtime, name):
    requests = [
        f"http://gateway{each}" if isinstance(each, str) else each
        for each in SYSTEMS[name].requests
    ]
    gateway = define(runtime, name)
    try:
        comparison = await workernb.compare_workerd(gateway, requests)
    except ComparisonError as error:
        if "npm" in str(error):
            pytest.skip(str(error))
        raise
    assert len(comparison.compared) == len(requests)
    assert not comparison.differences or name in DIFFERENCES, repr(comparison)


async def test_a_system_with_python_workers(runtime):
    runtime.define("auth", "from workers import Response\n")
    gateway = runtime.define(
        "gateway", "export default {}", language="javascript", services={"AUTH": "auth"}
    )
    with pytest.raises(ComparisonError, match="auth is a Python Worker: workerd runs Python with"):
        await workernb.compare_workerd(gateway, ["http://gateway/"])


async def test_no_requests(runtime):
    gateway = runtime.define("gateway", "export default {}", language="javascript")
    with pytest.raises(UsageError, match="takes a list of requests"):
        await workernb.compare_workerd(gateway, [])


async def test_where_npm_is_not(runtime, monkeypatch):
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    gateway = runtime.define("gateway", "export default {}", language="javascript")
    with pytest.raises(
        ComparisonError, match=r"there is no npm here\. Node\.js 20 or newer has it\."
    ):
        await workernb.compare_workerd(gateway, ["http://gateway/"])


def test_the_options_of_a_worker(runtime):
    handle = runtime.define(
        "gateway", "\nexport default {}\n", language="javascript", vars={"A": [1]},
        secrets={"B": "c"}, services={"AUTH": 'auth#Admin{"role": "x"}'},
        kv_namespaces={"CACHE": "cache"}, queues={"JOBS": "jobs"},
        ratelimits={"LIMIT": {"limit": 1, "period": 10}}, modules={"data.json": "{}"},
    )  # fmt: skip
    options = options_of(handle.version.definition)
    assert options["modules"] == [
        {"type": "ESModule", "path": "index.js", "contents": "export default {}\n"},
        {"type": "JSON", "path": "data.json", "contents": "{}"},
    ]
    assert options["bindings"] == {"A": [1], "B": "c"}
    assert options["serviceBindings"] == {
        "AUTH": {"name": "auth", "entrypoint": "Admin", "props": {"role": "x"}}
    }
    assert options["kvNamespaces"] == {"CACHE": "cache"}
    assert options["queueProducers"] == {"JOBS": {"queueName": "jobs"}}
    assert options["ratelimits"] == {"LIMIT": {"simple": {"limit": 1, "period": 10}}}

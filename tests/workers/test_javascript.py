"""`import_from_javascript`: what can be had of the platform's JavaScript modules."""

from __future__ import annotations

import pytest

import workernb
from workernb import workers
from workernb.workers import import_from_javascript


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


def test_cloudflare_workers_has_what_python_can_use(invocation):
    module = import_from_javascript("cloudflare:workers")
    assert module.env.AUTH == "binding"
    assert module.exports is invocation.exports
    assert module.WorkerEntrypoint is workers.WorkerEntrypoint
    module.waitUntil(7)
    assert invocation.awaited == [7]
    assert module.withEnv({"AUTH": "other"}, lambda: module.env.AUTH) == "other"
    assert module.env.AUTH == "binding"
    assert repr(module) == "<module 'cloudflare:workers'>"
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = module.Nonsense


@pytest.mark.parametrize("name", ["crypto", "internal:env", "./other.js", "cloudflare:sockets"])
def test_other_modules_are_import_errors(invocation, name):
    with pytest.raises(ImportError) as caught:
        import_from_javascript(name)
    assert str(caught.value) == f"Failed to import '{name}': Error: No such module \"{name}\"."
    assert caught.value.__notes__[0].startswith("workernb has cloudflare:workers only.")


def test_a_name_is_text():
    with pytest.raises(TypeError, match="A module's name is text, not int"):
        import_from_javascript(3)


def test_while_a_module_loads(runtime):
    source = "from workers import import_from_javascript as load\n"
    runtime.define(
        "worker", f"{source}assert load('cloudflare:workers').env.A == 'b'", vars={"A": "b"}
    )
    with pytest.raises(ImportError) as caught:
        runtime.define("worker", f"{source}load('crypto')")
    assert str(caught.value) == (
        "Failed to import 'crypto': Only 'cloudflare:workers' and 'cloudflare:sockets' are "
        "available in the global scope."
    )

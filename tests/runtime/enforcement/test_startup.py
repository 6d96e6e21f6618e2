"""A loading module has a budget of its own, and imports are counted separately."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from workernb import CanceledError, CpuLimitError, Limits, StartupError
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.startup import Loading
from workernb.workers.current import current

from .busy import BUSY

MODULES = {
    **{kind: BUSY[kind] for kind in ("loop", "swallowing", "regular expression")},
    "class body": "class A:\n    while True: pass",
}
HEAVY = """
import time
until = time.thread_time() + 0.1
while time.thread_time() < until:
    pass
"""


@pytest.fixture
def heavy(tmp_path, monkeypatch):
    """Make a module that takes 100 ms of CPU to import the first time."""
    (tmp_path / "heavy_for_a_test.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("heavy_for_a_test", None)


@pytest.mark.parametrize("kind", MODULES)
def test_a_module_that_exceeds_the_startup_limit_is_cut(runtime, kind):
    guard.uninstall()  # An earlier test's loop may have been closed before its last heartbeat.
    runtime.limits = Limits(startup_ms=50)
    runtime.define("worker", "x = 1")
    with pytest.raises(StartupError, match="Script startup exceeded CPU time limit") as caught:
        runtime.define("worker", MODULES[kind])
    assert "A module may use 50 ms of CPU while it loads" in caught.value.__notes__[0]
    assert "<worker worker v2>" in caught.value.__notes__[0]
    assert runtime["worker"].version.number == 1
    assert guard.idle
    assert sys.gettrace() is None or "coverage" in str(sys.gettrace())


SPIN = "while True: pass"

FOUND_OUT = {
    # What runs as entrypoints are looked for in a module: of which object, by which method.
    **{
        f"a metaclass's {method}": (
            f"class Meta(type(WorkerEntrypoint)):\n    def {method}(cls, *_):\n        {SPIN}\n"
            "class Default(WorkerEntrypoint, metaclass=Meta): pass"
        )
        for method in ("__getattribute__", "__subclasscheck__", "__hash__")
    },
    "an object's class": (
        f"class Odd:\n    @property\n    def __class__(self):\n        {SPIN}\nodd = Odd()"
    ),
    "a class's name": (
        f"class Meta(type(WorkerEntrypoint)):\n    def spin(cls):\n        {SPIN}\n"
        "    __name__ = property(spin)\n"
        "class Default(WorkerEntrypoint, metaclass=Meta): pass"
    ),
    "a module's __getattr__": f"def __getattr__(name):\n    {SPIN}",
    "a function's signature": (
        f"class Handler:\n    @property\n    def __signature__(self):\n        {SPIN}\n"
        "    def __call__(self, *_): pass\non_fetch = Handler()"
    ),
    "an attribute's __set_name__": (
        f"class Attribute:\n    def __set_name__(self, *_):\n        {SPIN}\n"
        "class Default(WorkerEntrypoint):\n    x = Attribute()"
    ),
}


@pytest.mark.parametrize("source", FOUND_OUT.values(), ids=FOUND_OUT)
def test_code_that_spins_as_a_module_is_looked_at_is_cut(runtime, source):
    runtime.limits = Limits(startup_ms=100)
    with pytest.raises(StartupError) as caught:
        runtime.define("odd", f"from workers import WorkerEntrypoint\n{source}")
    assert "A module may use 100 ms of CPU" in caught.value.__notes__[0]
    assert "odd" not in runtime


def test_a_tick_as_a_module_has_loaded_leaves_no_tracer():
    before = sys.gettrace()
    token = current.set(Loading(env=None, limit_ms=0))
    try:
        with guard.loading():
            pass
        signal.raise_signal(signal.SIGPROF)
        left = sys.gettrace()
    finally:
        current.reset(token)
    sys.settrace(before)
    assert left is before


async def test_a_definition_between_requests_keeps_the_tick(define):
    await define("first").fetch()
    assert not guard.idle
    handle = define("busy", "while True: pass", limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError):
        await handle.fetch()


def test_imports_of_a_loading_module_are_counted_separately(runtime, heavy):
    runtime.limits = Limits(startup_ms=50)
    version = runtime.define("worker", "import heavy_for_a_test").version
    assert version.startup_ms < 50
    assert version.imports_ms > 90


async def test_imports_in_a_request_are_counted_separately(define, heavy):
    handle = define(
        "worker", "import heavy_for_a_test; burn(5); return Response('x')", limits=Limits(cpu_ms=50)
    )
    trace = (await handle.fetch()).trace
    assert trace.imports_ms > 90
    assert 4 < trace.cpu_ms < 50
    assert trace.invocations[0].cpu_ms == trace.cpu_ms
    assert (await handle.fetch()).trace.imports_ms == 0


async def test_imports_beyond_the_startup_limit_are_charged_to_the_budget(define, heavy):
    handle = define(
        "worker",
        "import heavy_for_a_test; return Response('x')",
        limits=Limits(cpu_ms=20, startup_ms=30),
    )
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert "heavy_for_a_test" in sys.modules  # The import is finished before the cut.


@pytest.mark.parametrize("budget", ["shared", "per-invocation"])
async def test_only_what_is_beyond_the_startup_limit_is_charged(define, heavy, budget):
    handle = define(
        "worker",
        "import heavy_for_a_test; return Response('x')",
        limits=Limits(cpu_ms=60, startup_ms=80, budget=budget),
    )
    trace = (await handle.fetch()).trace
    assert 15 < trace.cpu_ms < 60
    assert 79 < trace.imports_ms <= 80


@pytest.fixture
def endless(tmp_path, monkeypatch):
    """Make a module whose import never ends."""
    (tmp_path / "endless_for_a_test.py").write_text("while True: pass")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("endless_for_a_test", None)


def test_an_import_that_never_ends_is_cut_as_a_module_loads(runtime, endless):
    runtime.limits = Limits(startup_ms=20)
    with pytest.raises(StartupError) as caught:
        runtime.define("worker", "import endless_for_a_test")
    assert "An import may use 200 ms of CPU" in caught.value.__notes__[0]
    assert runtime.define("other", "import json").version.number == 1


async def test_an_import_that_never_ends_is_cut_in_a_request(define, runtime, endless):
    limits = Limits(cpu_ms=20, startup_ms=20)
    handle = define("worker", "import endless_for_a_test", limits=limits)
    for _ in range(2):
        with pytest.raises(CpuLimitError):
            await handle.fetch()
        assert runtime.traces[-1].outcome == "exceededCpu"
    assert (await define("echo", "import colorsys; return Response('x')").fetch()).status == 200


async def test_wait_until_in_the_global_scope_is_refused(runtime):
    source = "from workers import waitUntil\nasync def later(): pass\nwaitUntil(later())"
    with pytest.raises(RuntimeError, match="Disallowed operation called within global scope"):
        runtime.define("worker", source)


ENDLESS = {
    "a loop": "while True: pass",
    "a loop that swallows": """
while True:
    try:
        while True: pass
    except BaseException: pass""",
}


@pytest.mark.no_cover
@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_each_interrupt_ends_the_same_module_at_the_same_place(runtime, tmp_path, body):
    """What was raised at a place before is raised there at the next tick."""
    begun = tmp_path / "begun"
    begins = f"from workers import WorkerEntrypoint\nopen({str(begun)!r}, 'w').close()\n"

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.001)
        begun.unlink()
        os.kill(os.getpid(), signal.SIGINT)

    runtime.limits = Limits(startup_ms=10_000)
    for _ in range(3):
        thread = threading.Thread(target=interrupt, daemon=True)
        thread.start()
        with pytest.raises(CanceledError, match="The module was interrupted in <worker a v1>:"):
            runtime.define("a", begins + body)
        thread.join()

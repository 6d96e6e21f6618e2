"""An exception is raised in running Worker code, and tracers are put back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import traceback

import pytest

from workernb import CpuLimitError, Limits
from workernb.runtime.enforcement.cut import CutInjector

from .busy import BUSY, HOOKS
from .test_watchdog import in_a_thread


async def test_the_error_names_the_line_that_was_cut(define):
    handle = define("busy", "while True:\n    pass", limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    budget = "The CPU budget of the request to Worker 'busy' was 20 ms"
    assert note.startswith(f"{budget}; cut in <worker busy v1>:")
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == "<worker busy v1>"


async def test_an_import_finishes_before_the_cut(define, tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import time\nend = time.thread_time() + 0.06\n"
        "while time.thread_time() < end: pass\nDONE = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    handle = define("importer", "import slow_to_import\nwhile True: pass", limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert sys.modules["slow_to_import"].DONE


@pytest.mark.parametrize("kind", ["loop", "swallowing", "awaitables that swallow"])
async def test_an_earlier_tracer_is_put_back_after_a_request(define_busy, kind):
    def tracer(frame, event, argument):
        return None

    before = sys.gettrace()
    handle = define_busy(kind, limits=Limits(cpu_ms=20))
    sys.settrace(tracer)
    try:
        with pytest.raises(CpuLimitError):
            await handle.fetch()
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


async def test_a_cut_leaves_no_unhandled_exceptions(define, loop_errors):
    handle = define("worker", BUSY["gather"], limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    await asyncio.sleep(0.01)
    gc.collect()
    assert loop_errors == []


def test_a_signal_during_the_end_of_a_cut_leaves_no_tracer(monkeypatch):
    injector, before, settrace = CutInjector(), sys.gettrace(), sys.settrace
    signals = [ValueError("second")]

    def interrupted(tracer):
        settrace(tracer)
        if signals:
            injector.inject(signals.pop(), None, lambda: False)

    injector.inject(ValueError("first"), None, lambda: False)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "settrace", interrupted)
        injector.call_off()
    assert not signals
    assert sys.gettrace() is before
    injector.inject(ValueError("third"), None, lambda: False)
    injector.call_off()
    assert sys.gettrace() is before


def test_an_earlier_tracer_is_put_back_after_a_cut():
    before = sys.gettrace()

    def tracer(*event):
        return None

    try:
        for removed in (False, True):
            sys.settrace(tracer)
            injector = CutInjector()
            injector.inject(ValueError("first"), None, lambda: False)
            if removed:
                sys.settrace(None)  # As Python removes a tracer that has raised.
            injector.call_off()
            assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def hooks() -> list[object]:
    """Return what is set in this process to be called as code runs."""
    monitoring = getattr(sys, "monitoring", None)
    return [sys.gettrace(), sys.getprofile(), monitoring and monitoring.get_tool(3)]


@pytest.mark.no_cover
@pytest.mark.parametrize("event", ["call", "return", "c_call"])
@pytest.mark.parametrize("name", ["begin_slice", "end_slice", "drive", "hop"])
async def test_a_slice_ends_whatever_a_workers_hook_raises(define, runtime, name, event):
    """A cut may fall into a profile function of the Worker's that is called in our own code."""
    raises = define(
        "raises",
        f"""
import sys
def hook(frame, event, argument):
    if (frame.f_code.co_name, event) == ("{name}", "{event}"):
        raise KeyError("hook")
sys.setprofile(hook)
await asyncio.sleep(0)
return Response("x")
""",
    )
    echo = define("echo")
    loop = asyncio.get_running_loop()
    with contextlib.suppress(KeyError, RuntimeError):
        await raises.fetch()
    sys.setprofile(None)
    assert loop.get_task_factory() is None
    assert not runtime.in_flight
    trace = (await echo.fetch()).trace
    assert trace.thread.trace is None
    assert trace.cpu_ms == sum(each.cpu_ms for each in trace.invocations) < 10
    assert define("other").version.number == 1


@pytest.mark.no_cover
@pytest.mark.parametrize("off_main_thread", [False, True])
@pytest.mark.parametrize("kind", HOOKS)
def test_what_a_worker_has_set_to_be_called_ends_with_its_cut(
    define, runtime, kind, off_main_thread
):
    before = sys.gettrace()
    handle = define("worker", HOOKS[kind], limits=Limits(cpu_ms=50))
    echo = define("echo")

    async def work() -> None:
        for _ in range(2):
            tracer, _, tool = hooks()
            with pytest.raises(CpuLimitError):
                await handle.fetch()
            assert 45 < runtime.traces[-1].cpu_ms < 500
            # A coverage tool's tracer stays, unless the Worker has put its own in the place of it.
            assert hooks() == [None if "tracer" in kind else tracer, None, tool]
            assert (await echo.fetch()).status == 200

    if off_main_thread:
        in_a_thread(work)
    else:
        asyncio.run(work())
    sys.settrace(before)

"""Timers and what their callbacks throw."""

from __future__ import annotations

from tests.engines.javascript.bare import Bare


def test_the_host_is_told_of_timers_and_of_those_that_are_cleared(bare):
    bare.context.eval("const a = setTimeout(() => {}, 50), b = setInterval(() => {}, 5.5);")
    assert bare.timers == {1: bare.time + 50, 2: bare.time + 5.5}
    bare.context.eval("clearTimeout(b); clearInterval(a)")
    assert bare.timers == {}


def test_a_timer_that_was_cleared_is_not_fired(bare):
    bare.context.eval("let fired = 0; const a = setTimeout(() => { fired++; }, 1); clearTimeout(a)")
    bare.web.fire_timer(1)
    bare.web.fire_timer(99)
    assert bare.context.eval("fired") == 0


def test_a_timer_that_is_forgotten_leaves_nothing(bare):
    def bytes_used() -> int:
        bare.runtime.run_gc()
        return int(bare.runtime.compute_memory_usage()["memory_used_size"])

    def wait_and_end() -> None:
        bare.context.eval(
            "(() => { const kept = 'x'.repeat(1000); setTimeout(() => kept, 1e6); })()"
        )
        for number in list(bare.timers):
            bare.cancel_timer(number)
            bare.web.forget_timer(number)

    wait_and_end()
    before = bytes_used()
    for _ in range(100):
        wait_and_end()
    assert bytes_used() - before < 1000
    bare.web.fire_timer(1)


def test_what_a_callback_throws_is_reported_and_an_interval_goes_on():
    bare = Bare()
    bare.context.eval("let n = 0; setInterval(() => { n++; throw new TypeError('late'); }, 1)")
    for _ in range(3):
        bare.fire_next()
    assert bare.context.eval("n") == 3
    assert bare.reported == ["TypeError: late"] * 3


def test_a_listener_sees_what_is_reported_and_may_prevent_it():
    bare = Bare()
    bare.context.eval(
        "let seen = []; addEventListener('error', (event) => {"
        " seen.push(event.message, event.error); if (event.error === 2) event.preventDefault(); })"
    )
    bare.context.eval("reportError(1); reportError(2)")
    assert bare.context.eval("seen.join()") == "Uncaught 1,1,Uncaught 2,2"
    assert bare.reported == ["1"]


def test_what_a_microtask_throws_is_reported():
    bare = Bare()
    bare.run("queueMicrotask(() => { throw new Error('micro'); }); await null")
    assert bare.reported == ["Error: micro"]


def test_scheduler_wait_ends_early_for_a_signal(bare):
    assert (
        bare.run(
            """
        const controller = new AbortController();
        const waited = scheduler.wait(1e6, { signal: controller.signal }).catch((e) => e);
        controller.abort('enough');
        return waited;
        """
        )
        == "enough"
    )
    assert bare.timers == {}

"""Web APIs while a runtime ends what they do: they stop when they are told, and go on working."""

from __future__ import annotations

import pytest

from tests.engines.javascript.bare import Bare, quickjs

ENDLESS = {
    "clones": "while (true) structuredClone({ a: [1, new Map([[1, 2]])] })",
    "URLs": "while (true) new URL('https://a.example/').searchParams.append('a', 'b')",
    "console": "while (true) console.log({ a: 1 })",
    "events": "const t = new EventTarget(); t.addEventListener('a', () => { while (true); });"
    " t.dispatchEvent(new Event('a'))",
    "a listener that dispatches": "const t = new EventTarget();"
    " t.addEventListener('a', () => { try { t.dispatchEvent(new Event('a')); } catch {} });"
    " while (true) t.dispatchEvent(new Event('a'))",
    "a pull": "new ReadableStream({ pull() { while (true); } }, { highWaterMark: 5 });"
    " await null; await null; await null",
    "a stream": "for await (const x of new ReadableStream({ pull(c) { c.enqueue(1); } }));",
    "a pipe": "await new ReadableStream({ pull(c) { c.enqueue('a'); } })"
    ".pipeThrough(new TextEncoderStream()).pipeTo(new WritableStream())",
    "an iterable": "new URLSearchParams((function* () { while (true) yield ['a', 'b']; })())",
    "signals": "const { signal } = new AbortController();"
    " AbortSignal.any((function* () { while (true) yield signal; })())",
    "a size": "new ReadableStream({ start(c) { c.enqueue(1); } }, { size() { while (true); } })",
    "a toString": "console.log('%s', { toString() { while (true); } })",
    "a swallowed cut": "while (true) try { structuredClone(1); } catch { } finally { }",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_loop_stops_when_it_is_told(code):
    bare = Bare()
    asked = 0

    def must_end() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    bare.runtime.set_interrupt_handler(must_end)
    promise = bare.context.eval(f"(async () => {{ {code} }})()")
    for _ in range(200_000):
        if asked > 5 or not bare.context.has_pending_job:
            break
        try:
            bare.context.execute_pending_job()
        except quickjs.JSError:
            break
    else:
        pytest.fail("it still runs after 200,000 jobs, in which nothing asked")
    assert asked > 5, promise.promise_state

    bare.runtime.set_interrupt_handler(None)
    assert bare.context.eval("new URL('https://a/?x=1').searchParams.get('x')") == "1"
    assert bare.context.eval("structuredClone({ a: 1 }).a") == 1


def test_long_arrays_of_holes_are_shown_at_once(bare):
    bare.runtime.set_interrupt_handler(lambda: True)
    bare.context.eval(
        "const long = new Array(4e9); long[5] = 'five'; long[3e9] = 1; console.log(long, { long })"
    )
    ((_, text),) = bare.lines
    assert text.split(" {")[0].split() == (
        "[ <5 empty items>, 'five', <2999999994 empty items>, 1, <999999999 empty items> ]".split()
    )


@pytest.mark.parametrize(
    "code",
    [
        "new MessageEvent('a', { ports: { length: 2 ** 53 - 1 } })",
        "new Blob({ length: 2 ** 53 - 1 })",
        "structuredClone({}, { transfer: { length: 2 ** 53 - 1 } })",
        "crypto.getRandomValues({ length: 2 ** 53 - 1, byteLength: 1 })",
    ],
)
def test_what_says_that_it_is_long_is_not_walked(bare, code):
    with pytest.raises(quickjs.JSError, match="TypeError"):
        bare.context.eval(code)


def test_a_memory_that_is_full_is_an_error():
    bare = Bare()
    bare.runtime.set_memory_limit(8 << 20)
    with pytest.raises(quickjs.JSError, match="out of memory"):
        bare.context.eval("const all = []; while (true) all.push(new Blob(['x'.repeat(1e5)]))")
    bare.context.eval("all.length = 0")
    assert bare.run("return new Blob(['a']).text()") == "a"

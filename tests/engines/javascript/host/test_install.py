"""Installing the web APIs: its cost, what is refused while a module loads, what stays inside."""

from __future__ import annotations

import gc
import time
import weakref

import pytest

from tests.engines.javascript.bare import Bare, quickjs
from workernb.engines.javascript.host import remedies


def bytes_used(bare: Bare) -> int:
    bare.runtime.run_gc()
    return int(bare.runtime.compute_memory_usage()["memory_used_size"])


def test_an_isolate_with_all_of_it_is_small_and_soon_made():
    Bare()
    times = []
    for _ in range(10):
        began = time.thread_time()
        bare = Bare()
        times.append(time.thread_time() - began)
    assert min(times) < 0.010
    assert bytes_used(bare) < 600_000


def test_an_isolate_that_is_dropped_is_freed():
    bare = Bare()
    bare.run("setTimeout(() => {}, 5); return new URL('https://a').href;")
    gone = weakref.ref(bare)
    gc.collect()
    gc.disable()
    try:
        del bare
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "code",
    [
        "setTimeout(() => {}, 1)",
        "setInterval(() => {}, 1)",
        "AbortSignal.timeout(1)",
        "crypto.randomUUID()",
        "crypto.getRandomValues(new Uint8Array(1))",
        "Math.random()",
    ],
)
def test_randomness_and_timers_are_refused_while_a_module_loads(bare, code):
    bare.is_loading = True
    with pytest.raises(quickjs.JSError, match="Disallowed operation called within global scope"):
        bare.context.eval(code)
    assert bare.timers == {}
    bare.is_loading = False
    bare.context.eval(code)


def test_what_needs_neither_may_be_used_while_a_module_loads(bare):
    bare.is_loading = True
    assert bare.run("return [new URL('https://a').href, btoa('x'), new Date() > 0]") == [
        "https://a/",
        "eA==",
        True,
    ]


def test_the_host_cannot_be_reached(bare):
    seen = bare.run(
        """
        const seen = new Set(), found = [];
        const look = (value) => {
          if (value === null || !['object', 'function'].includes(typeof value)) return;
          if (seen.has(value)) return;
          seen.add(value);
          for (const key of Reflect.ownKeys(value)) {
            const { get, set, value: inner } = Reflect.getOwnPropertyDescriptor(value, key);
            if (['primordials', 'encodeUTF8', 'startTimer'].includes(key)) found.push(key);
            [get, set, inner].forEach(look);
          }
          look(Object.getPrototypeOf(value));
        };
        look(globalThis);
        return [found, seen.size > 500];
        """
    )
    assert seen == [[], True]


def test_the_time_is_the_host_s(bare):
    bare.time = 1_000.5
    assert bare.run(
        "return [Date.now(), new Date().toISOString(), performance.now(), performance.timeOrigin]"
    ) == [1000, "1970-01-01T00:00:01.000Z", 1000.5, 0]


@pytest.mark.parametrize("name", ["Intl", "WebAssembly", "HTMLRewriter", "Buffer", "process"])
def test_what_is_missing_is_undefined_and_has_a_remedy(bare, name):
    assert bare.run(f"return typeof {name}") == "undefined"
    with pytest.raises(quickjs.JSError) as raised:
        bare.context.eval(f"{name}.x")
    text = str(raised.value).removeprefix("ReferenceError: ")
    (told,) = remedies(text, "", "", None)
    assert "A Worker sees only" not in told


def test_a_name_that_is_misspelt_or_the_notebooks_has_a_remedy():
    source = "const total = 1; return toatl;"
    assert remedies("'toatl' is not defined", source, source, None) == ["Did you mean total?"]
    (told,) = remedies("'TOKEN' is not defined", "", "return TOKEN;", None)
    assert told.endswith("comes in as --var TOKEN={TOKEN} and is env.TOKEN then.")
    assert remedies("not a function", "x()", "x()", None) == []


@pytest.mark.parametrize("method", ["encrypt", "decrypt", "deriveBits", "deriveKey", "wrapKey"])
def test_the_rest_of_subtle_is_refused_by_name(bare, method):
    name, message = bare.run(
        f"return crypto.subtle.{method}('AES-GCM', 1, 2, 'AES-GCM')"
        ".catch((e) => [e.name, e.message])"
    )
    assert name == "NotSupportedError"
    assert f"crypto.subtle.{method} for AES-GCM" in message
    assert "digest, and HMAC's" in message


def test_a_key_of_another_algorithm_is_refused_by_name(bare):
    code = "return crypto.subtle.generateKey('ECDSA', true, ['sign']).catch((e) => e.message)"
    assert "generateKey for ECDSA" in bare.run(code)


@pytest.mark.parametrize(
    "code",
    [
        "new Array(1e9).join('x')",
        "Array.prototype.reverse.call({length: 2 ** 53 - 1})",
        "Array.prototype.includes.call({length: 2 ** 53 - 1}, 1)",
        "new Array(4e9).fill(0)",
        "[].concat(new Array(4e9))",
        "String(new Array(1e9))",
        "String.raw({raw: {length: 2 ** 53 - 1}})",
    ],
)
def test_array_methods_do_not_walk_giant_lengths(bare, code):
    with pytest.raises(quickjs.JSError, match="RangeError: An array method would walk"):
        bare.context.eval(code)


def test_texts_cross_with_nul_surrogates_and_all_planes(bare):
    assert (
        bare.run(
            r"""
        const text = 'a\0b\ud83d\ude00\u00e9';
        const p = new URLSearchParams({ text });
        const bytes = new TextEncoder().encode(text);
        return [p.get('text') === text, new TextDecoder().decode(bytes) === text,
          new URL('https://a/?q=' + text).searchParams.get('q') === text,
          structuredClone(text) === text, atob(btoa('a\0b')) === 'a\0b',
          new URLSearchParams({ x: '\ud800' }).get('x') === '\ufffd'];
        """
        )
        == [True] * 6
    )


def test_getters_and_proxies_that_lie_do_not_confuse_the_host(bare):
    assert bare.run(
        """
        const bytes = new Uint8Array([1, 2, 3]);
        Object.defineProperty(bytes, 'byteLength', { get() { return 1e9; } });
        Object.defineProperty(bytes, 'length', { get() { throw new Error('mine'); } });
        Object.defineProperty(bytes, 'buffer', { value: 'no buffer' });
        const proxy = new Proxy({}, { get() { throw new TypeError('trap'); } });
        const tried = [];
        for (const make of [() => new URL(proxy), () => new TextEncoder().encode(proxy),
            () => new Blob([proxy]), () => structuredClone(proxy), () => console.log(proxy),
            () => new URLSearchParams(proxy), () => crypto.getRandomValues(proxy)]) {
          try { make(); tried.push('made'); } catch (error) { tried.push(error.constructor.name); }
        }
        return [new TextDecoder().decode(bytes).length, new Blob([bytes]).size,
          (await crypto.subtle.digest('SHA-1', bytes)).byteLength, tried];
        """
    ) == [3, 3, 20, ["TypeError"] * 4 + ["made"] + ["TypeError"] * 2]


def test_the_classes_are_native_to_a_worker(bare):
    assert (
        bare.run(
            "return [URL, ReadableStream.prototype.tee, console.log, setTimeout, [].map]"
            ".filter((each) => !String(each).includes('[native code]')).map((each) => each.name)"
        )
        == []
    )

"""Modules of JavaScript: how they are found, what they may be, and what is said of a wrong one."""

from __future__ import annotations

import traceback

import pytest

from workernb.errors import StartupError, UsageError

FETCH = "export default { async fetch(request, env) { return new Response(String(value)) } };"


async def answer(worker):
    return await (await worker.fetch("http://x/")).text()


async def test_modules_import_each_other(define):
    worker = define(
        f'import {{ value }} from "./lib/prices.js"; {FETCH}',
        modules={
            "lib/prices.js": 'import { one } from "../one.mjs"; import data from "./data.json" '
            'with { type: "json" }; export const value = one + data.n;',
            "one.mjs": "export const one = 1;",
            "lib/data.json": '{"n": 41}',
        },
    )
    assert await answer(worker) == "42"


async def test_circles_and_the_main_module_by_its_path(define):
    worker = define(
        f'import {{ value }} from "./b.js"; export const own = 1; {FETCH}',
        modules={"b.js": 'import { own } from "./index.js"; export let value = () => own;'},
        main="index.js",
    )
    assert await answer(worker) == "() => own"


async def test_texts_are_modules(define):
    worker = define(f'import value from "./page.html"; {FETCH}', modules={"page.html": "<b>\n'"})
    assert await answer(worker) == "<b>\n'"


async def test_a_changed_module_is_a_new_version(runtime, define):
    worker = define(
        f'import {{ value }} from "./v.js"; {FETCH}', modules={"v.js": "export const value = 1"}
    )
    runtime.change("js", modules={"v.js": "export const value = 2"})
    assert await answer(worker) == "2"
    runtime.rollback("js")
    assert await answer(worker) == "1"


async def test_an_environment_and_the_import_of_env(define):
    worker = define(
        'import { env } from "cloudflare:workers"; const value = env.A + JSON.stringify(env.B);'
        + FETCH,
        vars={"A": "a", "B": {"c": [1, None]}},
        environment="staging",
    )
    assert worker.name == "js-staging"
    assert await answer(worker) == 'a{"c":[1,null]}'


WRONG = {
    "a syntax error": ("export default {\n  fetch() { let x = ; }\n};", SyntaxError, "unexpected"),
    "a module that is not there": ('import "./utl.js"', Exception, "Did you mean util.js?"),
    "a module of Node's": ('import "node:fs"', Exception, "Node's modules"),
    "a name that is not exported": ('import { x } from "./util.js"', SyntaxError, "'x'"),
    "Workflows": (
        'import { WorkflowEntrypoint } from "cloudflare:workers"', SyntaxError, "not simulated",
    ),
    "a default export that is none": ("export default 5", UsageError, "a number"),
    "a default export that is a function": (
        "export default async function fetch() {}", UsageError, "a function fetch",
    ),
    "a class without WorkerEntrypoint": ("export default class A {}", UsageError, "a class A"),
    "an error as it loads": ("null.x", TypeError, "cannot read property"),
    "an await that cannot end": ("await new Promise(() => {})", UsageError, "never ends"),
    "a fetch as it loads": ('await fetch("http://x/")', Exception, "global scope"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "kind", "text"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(runtime, define, source, kind, text):
    with pytest.raises(kind) as raised:
        define(source, modules={"util.js": "export const y = 1"})
    assert text in "\n".join(traceback.format_exception(raised.value))
    assert "js" not in runtime


def test_a_syntax_error_has_line_and_caret(define):
    with pytest.raises(SyntaxError) as raised:
        define("\nexport default {\n  fetch() { let x = ; }\n};")
    error = raised.value
    assert (error.filename, error.lineno, error.offset) == ("<worker js v1>", 3, 21)
    assert error.text == "  fetch() { let x = ; }"


def test_an_error_as_it_loads_shows_the_line(define):
    with pytest.raises(Exception, match="too early") as raised:
        define('function f() {\n  throw new Error("too early");\n}\nf();')
    shown = "".join(traceback.format_exception(raised.value))
    assert '"<worker js v1>", line 2, in f' in shown


def test_a_module_that_never_ends_is_cut(define):
    with pytest.raises(StartupError, match="startup exceeded") as raised:
        define("\nwhile (true) {}", limits={"startup_ms": 20})
    assert "line 2" in "".join(traceback.format_exception(raised.value))


def test_paths_are_those_of_javascript(define):
    with pytest.raises(UsageError, match="no file of JavaScript's"):
        define(FETCH, modules={"lib.py": ""})
    with pytest.raises(UsageError, match="compiled to JavaScript first"):
        define(FETCH, modules={"lib.ts": ""})


def test_a_python_worker_that_is_javascript_is_told_of_js(runtime):
    with pytest.raises(SyntaxError) as raised:
        runtime.define("auth", "export default {\n async fetch() { return new Response('x') }\n}")
    assert "%%worker auth --js" in "".join(raised.value.__notes__)


def test_an_unknown_language(runtime):
    with pytest.raises(UsageError, match="python or javascript"):
        runtime.define("x", "", language="ruby")

"""console: levels, groups, counts, times, tables, traces; what inspect cannot be compared in."""

from __future__ import annotations

import pytest


def lines(bare, code):
    bare.run(code)
    return bare.lines


def test_each_method_has_its_level(bare):
    assert lines(
        bare,
        "console.log(1); console.info(2); console.warn(3); console.error(4); console.debug(5);"
        "console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });",
    ) == [
        ("log", "1"),
        ("info", "2"),
        ("warn", "3"),
        ("error", "4"),
        ("debug", "5"),
        ("log", "{ a: [Object] }"),
    ]


def test_groups_indent_every_line(bare):
    assert lines(
        bare,
        "console.group('outer'); console.log('a\\nb'); console.groupCollapsed('inner');"
        "console.log(1); console.groupEnd(); console.groupEnd(); console.groupEnd();"
        "console.log('out')",
    ) == [
        ("log", "outer"),
        ("log", "  a\n  b"),
        ("log", "  inner"),
        ("log", "    1"),
        ("log", "out"),
    ]


def test_counts_and_assertions(bare):
    assert lines(
        bare,
        "console.count(); console.count('x'); console.count(); console.countReset();"
        "console.count(); console.countReset('y'); console.assert(true, 'no');"
        "console.assert(false); console.assert(0, 'is %s', 'zero')",
    ) == [
        ("log", "default: 1"),
        ("log", "x: 1"),
        ("log", "default: 2"),
        ("log", "default: 1"),
        ("warn", "Count for 'y' does not exist"),
        ("error", "Assertion failed"),
        ("error", "Assertion failed: is zero"),
    ]


def test_times(bare):
    bare.run("console.time(); console.time('b')")
    bare.time += 12
    bare.run("console.timeLog('b', 'so far'); console.timeEnd()")
    bare.time += 1990.5
    bare.run("console.timeEnd('b'); console.timeEnd('b')")
    assert bare.lines == [
        ("log", "b: 12ms so far"),
        ("log", "default: 12ms"),
        ("log", "b: 2.002s"),
        ("warn", "No such label 'b' for console.timeEnd()"),
    ]


def test_a_table(bare):
    ((level, text),) = lines(bare, "console.table([{ a: 1, b: 'x' }, { a: 2 }, 5])")
    assert level == "log"
    assert text.split("\n") == [
        "┌─────────┬───┬─────┬────────┐",
        "│ (index) │ a │ b   │ Values │",
        "├─────────┼───┼─────┼────────┤",
        "│ 0       │ 1 │ 'x' │        │",
        "│ 1       │ 2 │     │        │",
        "│ 2       │   │     │ 5      │",
        "└─────────┴───┴─────┴────────┘",
    ]


def test_a_trace_has_the_worker_s_lines_alone(bare):
    ((level, text),) = lines(bare, "function here() { console.trace('at %d', 5); }\nhere();")
    assert level == "debug"
    first, *rest = text.split("\n")
    assert first == "Trace: at 5"
    assert "at here (test.js:2" in rest[0]
    assert "workernb:" not in text


def test_an_error_is_shown_with_its_stack(bare):
    ((_, text),) = lines(
        bare, "function bad() { return new RangeError('too much'); }\nconsole.log('x', bad());"
    )
    first, second, *rest = text.split("\n")
    assert first == "x RangeError: too much"
    assert second.startswith("    at bad (test.js:2")
    assert not any("workernb:" in line for line in rest)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("Promise.reject(new Error('no')).catch(() => {}) && 1", "1"),
        ("(() => { const p = Promise.resolve({ a: 1 }); return p; })()", "Promise { { a: 1 } }"),
        ("new (class Secret { #x = 1 })()", "Secret {}"),
        ("Object.assign(Object.create(null), { a: 1 })", "[Object: null prototype] { a: 1 }"),
        ("new FormData()", "FormData(0) {}"),
        ("{ get a() { throw new Error('never asked'); } }", "{ a: [Getter] }"),
        ("Object.create({ get constructor() { throw 1; } })", "{}"),
    ],
)
def test_inspect(bare, code, text):
    assert lines(bare, f"console.log({code})") == [("log", text)]


def test_what_cannot_be_shown_is_said(bare):
    trap = "new Proxy({}, { ownKeys() { throw new Error('trap'); } })"
    assert lines(bare, f"console.log('before', {trap})") == [
        ("log", "before [object that cannot be shown]")
    ]


def test_deep_recursion_ends_in_a_text(bare):
    ((_, text),) = lines(
        bare, "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; console.log('%o', o)"
    )
    assert text.startswith("{\n  o: {")

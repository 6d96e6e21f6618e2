"""Bytecode without the sources of functions."""

from __future__ import annotations

import pytest

from tests.engines.javascript.bare import quickjs
from workernb.engines.javascript.host.bytecode import VERSION, without_sources

EVERYTHING = """
(function (given) {
  const text = `a${given}b`, wide = '日本';
  const numbers = [1, -5, 2 ** 40, 1.5, 12345678901234567890n];
  const raw = ((parts) => parts.raw[0])`\\n`;
  class Base { #secret = 1; static count = 2; get secret() { return this.#secret; } }
  class Derived extends Base { constructor() { super(); this.more = () => super.secret + 1; } }
  function* generate(first = 3, ...rest) { yield first; yield* rest; }
  async function wait({ a, b: [c] }) { try { return await a + c; } catch { return null; } }
  const pattern = /a(b)?/gi.test('AB');
  return JSON.stringify([text, wide, numbers.map(String), raw, new Derived().more(), Base.count,
    [...generate(1, 2)], wait({ a: 1, b: [2] }) instanceof Promise, pattern, null, true]);
})
"""


def run(code):
    context = quickjs.Context()
    return context.eval_function(context.read_object(code))("x")


@pytest.fixture
def compiled():
    return quickjs.Context().compile(EVERYTHING, "all.js").write_object()


def test_it_does_the_same_without_its_sources(compiled):
    stripped = without_sources(compiled)
    assert len(stripped) < len(compiled) - len(EVERYTHING)
    assert b"generate(first" not in stripped
    assert run(stripped) == run(compiled)


def test_a_function_without_its_source_is_native():
    context = quickjs.Context()
    code = without_sources(context.compile("(function f() { return 1; })", "f.js").write_object())
    context.set("f", context.eval_function(context.read_object(code)))
    assert "[native code]" in context.eval("String(f)")


def test_errors_keep_their_lines():
    context = quickjs.Context()
    source = "(function f() {\n  throw new Error('here');\n})"
    code = without_sources(context.compile(source, "f.js").write_object())
    with pytest.raises(quickjs.JSError) as raised:
        context.eval_function(context.read_object(code))()
    assert "at f (f.js:2:" in raised.value.js_stack


@pytest.mark.parametrize("change", ["version", "longer", "shorter"])
def test_bytecode_of_another_form_is_left_as_it_is(compiled, change):
    other = {
        "version": bytes([VERSION + 1]) + compiled[1:],
        "longer": compiled + b"\0",
        "shorter": compiled[:-40],
    }[change]
    assert without_sources(other) == other

"""The types of values that JavaScript sends over RPC: to JavaScript, and to Python and back."""

from __future__ import annotations

import pytest

ECHO = """
import { WorkerEntrypoint } from "cloudflare:workers";
export class Echo extends WorkerEntrypoint {
  echo(value) { return value; }
}
export default {};
"""

PYTHON = """
from workers import WorkerEntrypoint
class Echo(WorkerEntrypoint):
    async def echo(self, value):
        return value
    async def kinds(self, value):
        return [type(each).__mro__[-2].__name__ for each in value]
    async def shown(self, value):
        return [each.tolist() if isinstance(each, memoryview) else repr(each) for each in value]
"""

CASES = {
    "a Map": ("new Map([['a', 1], [1, 'b']])", "v instanceof Map && v.get(1)", "b"),
    "a Map with an object as key": (
        "new Map([[{ k: 1 }, 2]])", "[...v].map(([k, x]) => [k.k, x])", [[1, 2]]
    ),
    "keys that Python takes for one": (
        "new Map([[1, 'n'], [true, 't'], [1n, 'b'], ['1', 's']])",
        "[v.get(1), v.get(true), v.get(1n), v.get('1')]", ["n", "t", "b", "s"],
    ),
    "a Set in its order": ("new Set([3, 'x', 1, [2]])", "[...v]", [3, "x", 1, [2]]),
    "a small BigInt": ("[5n, -5n, 0n]", "v.map((x) => typeof x + x)",
                       ["bigint5", "bigint-5", "bigint0"]),
    "undefined and null": (
        "({ a: undefined, b: null, c: [undefined, null] })",
        "['a' in v, v.a === undefined, v.b === null, v.c[0] === undefined, v.c[1] === null]",
        [True] * 5,
    ),
    "holes": ("[1, , undefined, 4, ,]", "[v.length, Object.keys(v)]", [5, ["0", "2", "3"]]),
    "dates": ("[new Date(7), new Date(NaN), new Date(8.64e15)]",
              "v.map((d) => String(d.getTime()))", ["7", "NaN", "8640000000000000"]),
    "a RegExp": ("/a+(b)/gi", "v instanceof RegExp && [v.source, v.flags]", ["a+(b)", "gi"]),
    "boxed values": ("[new Number(1), new String('x'), Object(2n)]",
                     "v.map((x) => typeof x + x)", ["object1", "objectx", "object2"]),
    "buffers": (
        "[new ArrayBuffer(2), new Int16Array([-1]), new Float64Array([0.5]),"
        " new DataView(new ArrayBuffer(3)), new Uint8ClampedArray([300]),"
        " new BigInt64Array([-2n])]",
        "v.map((x) => [x.constructor.name, x.byteLength, String(x[0])])",
        [["ArrayBuffer", 2, "undefined"], ["Int16Array", 2, "-1"], ["Float64Array", 8, "0.5"],
         ["DataView", 3, "undefined"], ["Uint8ClampedArray", 1, "255"],
         ["BigInt64Array", 8, "-2"]],
    ),
    "numbers": ("[-0, NaN, Infinity, 2 ** 53]",
                "v.map((x) => Object.is(x, -0) ? '-0' : String(x))",
                ["-0", "NaN", "Infinity", "9007199254740992"]),
    "a circle through a Map": (
        "(() => { const m = new Map(); m.set('m', m); return m; })()", "v.get('m') === v", True
    ),
    "a circle through a Set": (
        "(() => { const s = new Set(); s.add(s); return s; })()", "v.has(v)", True
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("language", ["javascript", "python"])
async def test_what_comes_back(runtime, run, language, name):
    runtime.define("echo", PYTHON if language == "python" else ECHO, language=language)
    sent, read, expected = CASES[name]
    body = f"const v = await env.E.echo({sent}); return {read};"
    assert await run(body, services={"E": "echo#Echo"}) == expected


async def test_what_python_sees(runtime, run):
    runtime.define("echo", PYTHON)
    values = "new Map([[1, 2]]), new Set([1]), 5n, [undefined], { a: undefined }, new Int16Array(1)"
    assert await run(f"return await env.E.kinds([{values}]);", services={"E": "echo#Echo"}) == [
        "dict", "set", "int", "list", "dict", "memoryview",
    ]  # fmt: skip


async def test_what_python_sees_of_the_values(runtime, run):
    runtime.define("echo", PYTHON)
    values = "new Map([[1, 2]]), 5n, [1, , undefined], { a: undefined }, /a/g, new Int16Array([-2])"
    assert await run(f"return await env.E.shown([{values}]);", services={"E": "echo#Echo"}) == [
        "{1: 2}", "5", "[1, None, None]", "{'a': None}", "RegExp('a', 'g')", [-2],
    ]  # fmt: skip


async def test_python_that_changes_them(runtime, run):
    runtime.define(
        "echo",
        "from workers import WorkerEntrypoint\n"
        "class Echo(WorkerEntrypoint):\n"
        "    async def change(self, value):\n"
        "        value.a, value.b = 1, None\n"
        "        value.s.discard(2)\n"
        "        value.s.add(9)\n"
        "        value.m[7] = 'seven'\n"
        "        return value\n",
    )
    body = """
    const v = await env.E.change({ a: undefined, s: new Set([1, 2]), m: new Map([[1, 'one']]) });
    return [v.a, v.b, [...v.s], [...v.m]];"""
    assert await run(body, services={"E": "echo#Echo"}) == [
        1, None, [1, 9], [[1, "one"], [7, "seven"]],
    ]  # fmt: skip

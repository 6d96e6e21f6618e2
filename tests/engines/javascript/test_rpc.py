"""RPC in JavaScript: among JavaScript, with Python both ways, with functions and stubs."""

from __future__ import annotations

import traceback
from datetime import datetime

import pytest

import workernb
from workernb.errors import DataCloneError, RpcError

MATH = """
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
class Counter extends RpcTarget {
  #count;
  constructor(count) { super(); this.#count = count; this.own = 1; }
  increment(by = 1) { return this.#count += by; }
  get value() { return this.#count; }
}
export default class Math extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  async echo(value) { return value; }
  make(count) { return new Counter(count); }
  counting() { let count = 0; return () => ++count; }
  async twice(call, value) { return await call(await call(value)); }
  get answer() { return 42; }
  fail() { throw new RangeError("not that"); }
  nothing() {}
  circle() { const a = {}; a.self = a; return a; }
  foreign() { return new (class Foo {})(); }
  read(stream) { return new Response(stream).text(); }
  stream() { return new Response("streamed").body; }
  where() { return [this.env.NAME, this.ctx.props.role ?? null]; }
}
export class Other extends WorkerEntrypoint {
  where() { return [this.env.NAME, this.ctx.props.role]; }
}
export const plain = { fetch: () => new Response("plain"), hidden() {} };
"""

PYTHON = """
from workers import Response, WorkerEntrypoint, import_from_javascript
RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget

class Counter(RpcTarget):
    def __init__(self, count):
        self.count = count
    async def increment(self, by=1):
        self.count += by
        return self.count
    @property
    def value(self):
        return self.count

class Default(WorkerEntrypoint):
    async def add(self, a, b):
        return a + b
    async def echo(self, value):
        return value
    async def make(self, count):
        return Counter(count)
    async def counting(self):
        found = []
        return lambda: found.append(1) or len(found)
    async def twice(self, call, value):
        return await call(await call(value))
    async def fail(self):
        raise ValueError("not that")
    async def nothing(self):
        pass
    async def text(self, value):
        return repr(value)
    async def read(self, stream):
        return b"".join([chunk async for chunk in stream]).decode()
    async def stream(self):
        return Response("streamed").body
"""


@pytest.fixture
def ask(runtime, define):
    """Return what runs the body of an async function with `M`, the Worker of a language."""
    runtime.limits = workernb.Limits(invocations=200)
    runtime.define("python", PYTHON)
    define(MATH, name="javascript", vars={"NAME": "math"})

    async def ask(body, language="javascript", target=None):
        source = (
            "export default { async fetch(request, env, ctx) { const M = env.M;"
            f"return Response.json((await (async () => {{ {body} }})()) ?? null); }} }};"
        )
        define(source, name="asks", services={"M": target or language})
        return await (await runtime["asks"].fetch("http://x/")).json()

    return ask


SAME = {
    "a call": ("return M.add(1, 2);", 3),
    "texts": ('return M.add("a", "é😀");', "aé😀"),
    "a call that is not awaited before the next": ("return M.make(1).increment();", 2),
    "an object by reference": (
        "const c = await M.make(1); await c.increment(); const n = await c.increment(2);"
        "const v = await c.value; c.dispose(); return [n, v];",
        [4, 4],
    ),
    "a function in the result": (
        "const f = await M.counting(); await f(); const n = await f(); f.dispose(); return n;", 2,
    ),
    "a function as an argument": ("return M.twice(async (x) => x * 3, 2);", 18),
    "values": (
        "const v = await M.echo({ a: [1, 1.5, 'x', null, true], d: new Date(7), s: new Set([1]),"
        " b: new Uint8Array([9]), n: -0, big: 2n ** 64n });"
        "return [v.a, v.d.getTime(), [...v.s], [...v.b], Object.is(v.n, -0), String(v.big)];",
        [[1, 1.5, "x", None, True], 7, [1], [9], True, "18446744073709551616"],
    ),
    "an error as a value": (
        "const e = await M.echo(new TypeError('t')); return [e instanceof TypeError, e.message];",
        [True, "t"],
    ),
    "references that are shared": (
        "const a = {}; const v = await M.echo([a, a]); return v[0] === v[1];", True,
    ),
    "nothing": ("return (await M.nothing()) === undefined;", True),
    "an error": (
        "try { await M.fail(); } catch (e) { return [e.name, e.message, e.remote]; }",
        ["RangeError", "not that", True],
    ),
    "a method that is not there": (
        "try { await M.nope(); } catch (e) { return e.message; }",
        'The RPC receiver does not implement the method "nope".',
    ),
    "calls that overlap": (
        "return Promise.all([1, 2, 3].map((n) => M.add(n, 1)));", [2, 3, 4],
    ),
    "a stream there": ("return M.read(new Response('sent').body);", "sent"),
    "a stream back": (
        "let text = ''; const decoder = new TextDecoder();"
        "for await (const c of await M.stream()) text += decoder.decode(c); return text;",
        "streamed",
    ),
    "a response": ("return (await M.echo(new Response('r', { status: 201 }))).status;", 201),
    "a blob": ("const b = await M.echo(new Blob(['x'], { type: 'a/b' })); return [b.type, b.size];",
        ["a/b", 1]),
    "then and catch": (
        "return M.fail().then(() => 0, (e) => e.message);", "not that",
    ),
    "a binding is no promise": ("return M.then === undefined;", True),
}  # fmt: skip


@pytest.mark.parametrize("language", ["javascript", "python"])
@pytest.mark.parametrize(("body", "expected"), SAME.values(), ids=SAME)
async def test_the_same_with_either_language(ask, body, expected, language):
    assert await ask(body, language) == expected


async def test_a_property(ask):
    assert await ask("return M.answer;") == 42


async def test_a_circle(ask):
    assert await ask("const v = await M.circle(); return v.self === v;") is True


async def test_a_long_list(ask):
    body = "const v = await M.echo(Array.from({ length: 30001 }, (_, i) => i));"
    assert await ask(f"{body} return [v.length, v[0], v[30000], v[12345]];") == [
        30001,
        0,
        30000,
        12345,
    ]


async def test_what_cannot_be_sent(ask):
    text = 'Could not serialize object of type "Foo". This type does not support serialization.'
    body = "try { await M.foreign(); } catch (e) { return [e.name, e.message]; }"
    assert await ask(body) == ["DataCloneError", text]
    body = "try { await M.echo(new (class Foo {})()); } catch (e) { return [e.name, e.message]; }"
    assert await ask(body) == ["DataCloneError", text]


async def test_nothing_but_methods_of_the_class_is_reached(ask):
    body = "try { await M.{name}; } catch (e) { return e.message; }"
    for name in ("env()", "_env()", "toString()", "make(1).own", "make(1).constructor"):
        found = await ask(body.replace("{name}", name))
        assert "does not implement" in found or "reserved" in found, name


async def test_python_sees_its_own_types(ask):
    body = "return M.text([1, 2 ** 40, 1.5, 'x', null, { a: new Uint8Array(1) }, 2n ** 70n]);"
    found = await ask(body, "python")
    assert found.startswith("[1, 1099511627776, 1.5, 'x', None, {'a': <memory at")
    assert found.endswith("1180591620717411303424]")


async def test_the_notebook_calls_methods(ask, runtime):
    math = runtime["javascript"]
    assert await math.add(1, 2) == 3
    assert await math.echo({"a": [1, {2}]}) == {"a": [1, {2}]}
    assert await math.echo(datetime(2026, 1, 2)) == datetime(2026, 1, 2)
    assert await math.twice(lambda value: value + "!", "x") == "x!!"
    with await math.make(3) as counter:
        assert await counter.increment() == 4
    with pytest.raises(ValueError, match="not that") as raised:
        await math.fail()
    assert "<worker javascript v1>" in "".join(traceback.format_exception(raised.value))
    with pytest.raises(DataCloneError):
        await math.foreign()
    with pytest.raises(TypeError, match="takes no arguments by name"):
        await math.add(1, b=2)


async def test_entrypoints_and_props(ask, runtime):
    assert list(runtime.services["javascript"].entrypoints) == ["Default", "Other", "plain"]
    assert await ask("return M.where();") == ["math", None]
    assert await ask("return M.where();", target="javascript#Other") == ["math", None]
    assert (
        await ask("return (await M.fetch('http://y/')).text();", target="javascript#plain")
        == "plain"
    )
    with pytest.raises(RpcError):
        await ask("return M.hidden();", target="javascript#plain")


async def test_exports(define):
    worker = define(
        """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default { async fetch(request, env, ctx) {
          const { Admin } = ctx.exports;
          const admin = Admin({ props: { role: "owner" } });
          const names = Object.keys(ctx.exports).sort();
          return Response.json([await Admin.who(), await admin.who(), names]);
        } };
        export class Admin extends WorkerEntrypoint {
          who() { return this.ctx.props.role ?? "nobody"; }
        }
        """
    )
    response = await worker.fetch("http://x/")
    assert await response.json() == ["nobody", "owner", ["Admin", "default"]]
    assert [one.binding for one in response.trace.invocations[1:]] == ["ctx.exports.Admin"] * 2


async def test_no_run_is_left(ask, runtime):
    await ask(
        "const c = await M.make(1); return [await c.increment(), await M.twice((x) => x, 1)];"
    )
    for name in ("asks", "javascript"):
        realm = runtime.services[name].isolates[runtime[name].version.number].exporter.realm()
        assert realm.host.runs == {}


DISPOSED = """
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
let disposed = [];
class File extends RpcTarget {
  #name;
  constructor(name) { super(); this.#name = name; }
  read() { return this.#name; }
  [Symbol.dispose]() { disposed.push(this.#name); if (this.#name === "bad") throw new Error("no"); }
}
export default class extends WorkerEntrypoint {
  open(name) { return new File(name); }
  disposed() { return disposed; }
}
"""


async def test_a_disposer(define, run):
    define(DISPOSED, name="files")
    body = """
    const file = await env.FILES.open("a"), other = file.dup();
    file[Symbol.dispose]();
    const before = await env.FILES.disposed(), read = await other.read();
    other[Symbol.dispose]();
    return [before, read, await env.FILES.disposed()];"""
    assert await run(body, services={"FILES": "files"}) == [[], "a", ["a"]]


async def test_a_disposer_is_called_as_the_request_ends(define, run):
    files = define(DISPOSED, name="files")
    body = 'return await (await env.FILES.open("left")).read();'
    assert await run(body, services={"FILES": "files"}) == "left"
    assert await files.disposed() == ["left"]


async def test_a_disposer_that_throws_is_logged(define, run, runtime):
    define(DISPOSED, name="files")
    body = 'const f = await env.FILES.open("bad"); f[Symbol.dispose](); return "goes on";'
    assert await run(body, services={"FILES": "files"}) == "goes on"
    assert "Error: no (in dispose)" in "".join(log.text for log in runtime.traces[-1].logs)


async def test_an_error_of_ones_own_in_python(define):
    fails = define(
        'import { WorkerEntrypoint } from "cloudflare:workers";\n'
        "export default class extends WorkerEntrypoint {\n"
        "  fail() { throw Object.assign(new Error('x', { cause: new TypeError('why') }),"
        " { code: 7, call() {}, odd: Symbol('s'), list: [1] }); }\n"
        "  circle() { const e = new Error('circle'); e.cause = e; throw e; }\n"
        "}"
    )
    with pytest.raises(workernb.errors.JavaScriptError, match="x") as raised:
        await fails.fail()
    error = raised.value
    assert (error.code, error.list, hasattr(error, "call")) == (7, [1], False)
    assert (error.cause.name, str(error.cause), type(error.__cause__).__name__) == (
        "TypeError", "why", "TypeError",
    )  # fmt: skip
    with pytest.raises(workernb.errors.JavaScriptError, match="circle"):
        await fails.circle()


async def test_an_error_whose_getter_fails(define):
    fails = define(
        'import { WorkerEntrypoint } from "cloudflare:workers";\n'
        "export default class extends WorkerEntrypoint { fail() {\n"
        "  const e = Object.assign(new RangeError('said'), { code: 7 });\n"
        "  Object.defineProperty(e, 'bad', { get() { throw 1; } }); throw e; } }"
    )
    with pytest.raises(workernb.errors.JavaScriptError, match="said") as raised:
        await fails.fail()
    assert (raised.value.name, raised.value.code) == ("RangeError", 7)

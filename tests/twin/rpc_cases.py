"""Cases of RPC, errors over bindings and `ctx`: each runs here and in npm's workerd.

All are handlers of one gateway, by their path, which call one callee. A case returns what is
compared, as JSON; what it throws is `threw` with the name and the message.
"""

# ruff: noqa: E501
# A case is a line: what is sent and what is read stand beside its name.

from __future__ import annotations

from typing import Any

CALLEE = """
import { WorkerEntrypoint, RpcTarget } from 'cloudflare:workers';
class Counter extends RpcTarget {
  #n = 0;
  constructor(n = 0) { super(); this.#n = n; this.own = 'own'; }
  add(by = 1) { return (this.#n += by); }
  get value() { return this.#n; }
  get nested() { return { counter: new Counter(100), list: [1, 2] }; }
  fail() { throw new TypeError('counter failed'); }
}
class Odd extends Error {
  constructor(text) { super(text); this.name = 'Odd'; this.code = 7; this.details = { a: [1] }; }
}
class Plain { constructor() { this.x = 1; } }
let disposed = 0, waited = [];
class Disposable extends RpcTarget { ping() { return 'pong'; } [Symbol.dispose]() { disposed++; } }
export class Callee extends WorkerEntrypoint {
  echo(value) { return value; }
  count(...values) { return values.length; }
  tag(value) { return Object.prototype.toString.call(value); }
  same(a, b) { return a === b; }
  keys(value) { return Object.keys(value); }
  isNull(value) { return [value === null, value === undefined]; }
  nothing() {}
  nil() { return null; }
  make(n) { return new Counter(n); }
  plain() { return new Plain(); }
  bare() { return Object.assign(Object.create(null), { a: 1 }); }
  symbol() { return Symbol('s'); }
  weak() { return new WeakMap(); }
  promise() { return { inner: Promise.resolve(1) }; }
  fn() { let n = 0; return (by) => (n += by); }
  fnInObject() { return { double: (n) => n * 2, name: 'x' }; }
  async callBack(f, ...values) { return await f(...values); }
  async useTarget(target) { return [await target.add(2), await target.value]; }
  throwError(kind, text) { throw new globalThis[kind](text); }
  throwOdd() { throw new Odd('odd'); }
  throwText() { throw 'text'; }
  throwNull() { throw null; }
  throwObject() { throw { message: 'object', a: 1 }; }
  throwCause() { throw new Error('outer', { cause: new RangeError('inner') }); }
  throwDom() { throw new DOMException('dom', 'AbortError'); }
  throwAggregate() { throw new AggregateError([new Error('one')], 'many'); }
  async reject() { throw new SyntaxError('rejected'); }
  returnError() { return new RangeError('value'); }
  returnCause() { return new Error('outer', { cause: 'why' }); }
  returnOdd() { return new Odd('odd'); }
  get property() { return 42; }
  get asyncProperty() { return Promise.resolve('later'); }
  get object() { return { a: { b: [10, 20] } }; }
  get throwing() { throw new Error('getter'); }
  props() { return this.ctx.props; }
  hasEnv() { return Object.keys(this.env); }
  instanceValue() { this.n = (this.n ?? 0) + 1; return this.n; }
  wait(ms) { this.ctx.waitUntil(scheduler.wait(ms).then(() => waited.push(ms))); return 'begun'; }
  waited() { return waited; }
  disposable() { return new Disposable(); }
  disposed() { return disposed; }
  request(r) { return [r.method, r.url, r.headers.get('x-a'), r instanceof Request]; }
  response() { return new Response('body', { status: 202, headers: { 'x-b': 'c' } }); }
  headers(h) { return [h instanceof Headers, h.get('x-a')]; }
  async stream(s) { return await new Response(s).text(); }
  givesStream() { return new Response('streamed').body; }
  _private() { return 'private'; }
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/throw') throw new RangeError('from fetch');
    if (pathname === '/odd') throw new Odd('odd fetch');
    if (pathname === '/null') throw null;
    if (pathname === '/none') return undefined;
    return new Response('fetched');
  }
}
export default Callee;
"""

SHOW = """
const show = (x) => {
  if (Object.is(x, -0)) return '-0';
  if (x === undefined) return 'undefined';
  if (typeof x === 'bigint') return `${x}n`;
  if (typeof x !== 'object' || x === null) return typeof x === 'string' ? JSON.stringify(x) : String(x);
  const name = x.constructor?.name;
  if (x instanceof Map) return ['Map', ...[...x].map(([k, v]) => [show(k), show(v)])];
  if (x instanceof Set) return ['Set', ...[...x].map(show)];
  if (x instanceof Date) return ['Date', String(x.getTime())];
  if (x instanceof RegExp) return ['RegExp', x.source, x.flags, x.lastIndex];
  if (x instanceof Error) {
    return ['Error', name, x.name, x.message, show(x.cause), Object.keys(x).map((k) => [k, show(x[k])]), typeof x.stack];
  }
  if (x instanceof ArrayBuffer) return ['ArrayBuffer', ...new Uint8Array(x)];
  if (x instanceof DataView) return ['DataView', ...new Uint8Array(x.buffer, x.byteOffset, x.byteLength)];
  if (ArrayBuffer.isView(x)) return [name, ...[...x].map(String)];
  if (x instanceof Number || x instanceof String || x instanceof Boolean) return ['boxed', name, String(x)];
  if (Array.isArray(x)) return ['Array', x.length, Object.keys(x).map((k) => [k, show(x[k])])];
  return [name, Object.keys(x).map((k) => [k, show(x[k])])];
};
"""

ECHOED = {
    "undefined": "undefined", "null": "null", "true": "true", "-0": "-0", "NaN": "NaN",
    "Infinity": "Infinity", "a fraction": "1.5", "2 to the 53": "2 ** 53 + 2", "1e300": "1e300",
    "a small BigInt": "5n", "a negative BigInt": "-5n", "a large BigInt": "2n ** 100n",
    "text": "'hé \\u{1F600} \\0'", "a lone surrogate": "'\\ud800'.length",
    "an empty object": "({})", "nested undefined": "({ a: undefined, b: null, c: [undefined, null] })",
    "a hole": "[1, , 3]", "holes at the end": "(() => { const a = [1]; a.length = 4; return a; })()",
    "properties of an array": "Object.assign([1], { extra: 2 })",
    "integer keys": "({ 2: 'b', 1: 'a', z: 1, a: 2 })", "__proto__ as a key": "JSON.parse('{\"__proto__\": 1}')",
    "a Map": "new Map([['a', 1], [1, 'b']])", "a Map with objects as keys": "new Map([[{ k: 1 }, [2]]])",
    "a Map that tells 1, true and '1' apart": "new Map([[1, 1], [true, 2], ['1', 3], [1n, 4], [NaN, 5]])",
    "a Set": "new Set([3, 'x', 1, { a: 1 }])", "a Set of NaN, null and undefined": "new Set([NaN, null, undefined])",
    "an empty Map and Set": "[new Map(), new Set()]",
    "a Date": "new Date(1234567890123)", "an invalid Date": "new Date(NaN)", "a far Date": "new Date(8.64e15)",
    "a Date before 1970": "new Date(-1.5e12)",
    "a RegExp": "/a+(?<n>b)/giu", "the lastIndex of a RegExp": "Object.assign(/a/g, { lastIndex: 3 })",
    "an ArrayBuffer": "new Uint8Array([1, 2, 3]).buffer", "a Uint8Array": "new Uint8Array([1, 255])",
    "an Int8Array": "new Int8Array([-1])", "a Uint8ClampedArray": "new Uint8ClampedArray([300])",
    "an Int16Array": "new Int16Array([-300, 2])", "a Uint16Array": "new Uint16Array([65535])",
    "an Int32Array": "new Int32Array([-70000])", "a Uint32Array": "new Uint32Array([2 ** 32 - 1])",
    "a Float32Array": "new Float32Array([1.5])", "a Float64Array": "new Float64Array([0.1, NaN])",
    "a BigInt64Array": "new BigInt64Array([-5n])", "a BigUint64Array": "new BigUint64Array([5n])",
    "a DataView": "new DataView(new Uint8Array([1, 2, 3]).buffer, 1)",
    "part of a buffer": "new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", "an empty buffer": "new ArrayBuffer(0)",
    "boxed values": "[new Number(1), new String('x'), new Boolean(false)]",
    "a getter": "({ get a() { return 1; } })", "a symbol as a key": "({ [Symbol('s')]: 1, a: 2 })",
    "an Error": "new Error('plain')", "a TypeError": "new TypeError('typed')",
    "an Error with a cause": "new Error('outer', { cause: new RangeError('inner') })",
    "an Error with properties": "Object.assign(new Error('own'), { code: 7 })",
    "an Error of another name": "Object.assign(new Error('x'), { name: 'Custom' })",
    "an AggregateError": "new AggregateError([new Error('one')], 'many')",
    "a DOMException": "new DOMException('dom', 'AbortError')",
}  # fmt: skip
"""Expressions whose values are sent, returned, and shown."""

CASES: dict[str, str] = {
    **{f"echo {name}": f"return show(await env.C.echo({what}));" for name, what in ECHOED.items()},
    "undefined as an argument": "return [await env.C.isNull(undefined), await env.C.isNull(null), await env.C.isNull()];",
    "how many arguments": "return [await env.C.count(), await env.C.count(undefined), await env.C.count(1, null)];",
    "nothing, null": "return [show(await env.C.nothing()), show(await env.C.nil())];",
    "a cycle": "const a = { n: 1 }; a.self = a; const b = await env.C.echo(a); return [b.self === b, b.n];",
    "a cycle through a Map": "const m = new Map(); m.set('m', m); const b = await env.C.echo(m); return b.get('m') === b;",
    "a cycle through a Set": "const s = new Set(); s.add(s); const b = await env.C.echo(s); return b.has(b);",
    "a shared object": "const s = {}; const b = await env.C.echo([s, s, new Map([['s', s]])]); return [b[0] === b[1], b[2].get('s') === b[0]];",
    "arguments that are the same": "const s = {}; return await env.C.same(s, s);",
    "a shared buffer": "const u = new Uint8Array(2); const b = await env.C.echo([u, u.buffer]); return b[0].buffer === b[1];",
    "an object of a class": "return await env.C.plain();",
    "an object without a prototype": "return show(await env.C.bare());",
    "a symbol": "return await env.C.symbol();",
    "a WeakMap": "return await env.C.weak();",
    "a nested promise": "return await env.C.promise();",
    "an object of a class as an argument": "class Foo {} return await env.C.echo(new Foo());",
    "a symbol as an argument": "return await env.C.echo(Symbol('s'));",
    "a function": "const f = await env.C.fn(); return [await f(2), await f(3), typeof f];",
    "a function in an object": "const o = await env.C.fnInObject(); return [await o.double(4), o.name];",
    "a callback": "return await env.C.callBack((a, b) => a + b, 1, 2);",
    "a callback that throws": "return await env.C.callBack(() => { throw new RangeError('mine'); });",
    "an RpcTarget": "const c = await env.C.make(5); return [await c.add(2), await c.add(), await c.value];",
    "an RpcTarget's own property": "const c = await env.C.make(5); return show(await c.own);",
    "a method that is not there": "const c = await env.C.make(5); return await c.nowhere();",
    "an RpcTarget's error": "const c = await env.C.make(5); return await c.fail();",
    "a property's method": "const c = await env.C.make(5); return [await c.nested.counter.add(1), await c.nested.list];",
    "an RpcTarget as an argument": "class T extends RpcTarget { n = 1; add(by) { return by + 1; } get value() { return 9; } } return await env.C.useTarget(new T());",
    "a call before it is awaited": "return [await env.C.make(1).add(2), await env.C.make(7).value, await env.C.object.a.b];",
    "calls that overlap": "return await Promise.all([env.C.echo(1), env.C.echo(2), env.C.property]);",
    "a property": "return [await env.C.property, await env.C.asyncProperty, await env.C.object];",
    "a property that throws": "return await env.C.throwing;",
    "a method of another kind": "return await env.C.nowhere();",
    "a method of Object's": "return await env.C.hasOwnProperty('x');",
    "the constructor": "return await env.C.constructor();",
    "a private name": "return await env.C._private();",
    "a call of a property": "return await env.C.property();",
    "one instance a call": "return [await env.C.instanceValue(), await env.C.instanceValue()];",
    "the type of a binding's method": "return [typeof env.C, typeof env.C.echo, typeof env.C.nowhere, 'echo' in env.C];",
    "the type of a call": "const p = env.C.echo(1); await p; return [typeof p, typeof p.then];",
    "dup": "const c = await env.C.make(1); const d = c.dup(); await c.add(); return await d.add();",
    "dispose by its symbol": "const d = await env.C.disposable(); await d.ping(); const before = await env.C.disposed(); d[Symbol.dispose](); await scheduler.wait(20); return [await env.C.disposed() - before];",
    "a stub after it is disposed": "const c = await env.C.make(1); c[Symbol.dispose](); return await c.add();",
    "Symbol.dispose": "return [typeof Symbol.dispose, typeof Symbol.asyncDispose, typeof (await env.C.make(1))[Symbol.dispose]];",
    **{
        f"throw {kind}": f"await env.C.throwError('{kind}', 'thrown');"
        for kind in ("Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError")
    },
    "throw an error of one's own class": "await env.C.throwOdd();",
    "what an error of one's own class has": "try { await env.C.throwOdd(); } catch (e) { return [show(e.code), show(e.details), e.remote, Object.keys(e)]; }",
    "throw text": "try { await env.C.throwText(); } catch (e) { return show(e); }",
    "throw null": "try { await env.C.throwNull(); } catch (e) { return show(e); }",
    "throw an object": "try { await env.C.throwObject(); } catch (e) { return show(e); }",
    "throw with a cause": "try { await env.C.throwCause(); } catch (e) { return show(e); }",
    "throw a DOMException": "try { await env.C.throwDom(); } catch (e) { return [e.name, e.message, e instanceof DOMException, e instanceof Error]; }",
    "throw an AggregateError": "try { await env.C.throwAggregate(); } catch (e) { return show(e); }",
    "a rejection": "await env.C.reject();",
    "remote": "try { await env.C.reject(); } catch (e) { return [e.remote, typeof e.stack, e instanceof SyntaxError]; }",
    "an error as a value": "return [show(await env.C.returnError()), show(await env.C.returnCause()), show(await env.C.returnOdd())];",
    "fetch that throws": "await env.C.fetch('http://c/throw');",
    "fetch that throws an error of one's own": "try { await env.C.fetch('http://c/odd'); } catch (e) { return show(e); }",
    "fetch that throws null": "try { await env.C.fetch('http://c/null'); } catch (e) { return show(e); }",
    "fetch that returns nothing": "await env.C.fetch('http://c/none');",
    "a Request": "return await env.C.request(new Request('http://x/y', { method: 'PUT', headers: { 'x-a': 'b' } }));",
    "a Response": "const r = await env.C.response(); return [r.status, await r.text(), r.headers.get('x-b'), r instanceof Response];",
    "Headers": "return await env.C.headers(new Headers({ 'x-a': 'b' }));",
    "a stream": "return [await env.C.stream(new Response('up').body), await new Response(await env.C.givesStream()).text()];",
    "a Blob": "const b = await env.C.echo(new Blob(['x'], { type: 'text/x' })); return [b.type, await b.text(), b instanceof Blob];",
    "a URL": "return await env.C.echo(new URL('http://x/'));",
    "props": "return [await env.C.props(), await env.P.props(), ctx.props];",
    "env of the callee": "return await env.C.hasEnv();",
    "waitUntil": "const said = await env.C.wait(5); await scheduler.wait(60); return [said, (await env.C.waited()).includes(5)];",
    "waitUntil of what is no promise": "return [show(ctx.waitUntil(1)), show(ctx.waitUntil(undefined))];",
    "waitUntil of a rejection": "ctx.waitUntil(Promise.reject(new Error('later'))); return 'fine';",
    "exports": "return [Object.keys(ctx.exports).sort(), typeof ctx.exports.Named, await ctx.exports.Named.hello('x')];",
    "exports with props": "return await ctx.exports.Named({ props: { role: 'r' } }).role();",
    "an export that is not there": "return show(ctx.exports.Nowhere);",
    "names of ctx": "return ['waitUntil', 'passThroughOnException', 'props', 'exports', 'abort'].map((n) => typeof ctx[n]);",
    "a handled rejection": "const p = Promise.reject(new Error('x')); p.catch(() => {}); await scheduler.wait(1); return 'handled';",
    "an unhandled rejection": "Promise.reject(new Error('nobody')); await scheduler.wait(1); return 'goes on';",
    "an event of unhandledrejection": "const seen = []; const on = (e) => { seen.push(e.type, e.reason.message, e.promise instanceof Promise); e.preventDefault(); }; addEventListener('unhandledrejection', on); Promise.reject(new Error('seen')); await scheduler.wait(5); removeEventListener('unhandledrejection', on); return seen;",
    "withEnv": "const { withEnv } = platform; return withEnv({ X: 1 }, () => platform.env.X);",
    "withEnv across an await": "const { withEnv } = platform; return await withEnv({ X: 2 }, async () => { await scheduler.wait(1); return platform.env.X; });",
    "withEnv, and after it": "const { withEnv } = platform; withEnv({ X: 1 }, () => {}); return show(platform.env.X);",
    "a nested withEnv": "const { withEnv } = platform; return withEnv({ X: 1 }, () => [withEnv({ X: 2 }, () => platform.env.X), platform.env.X]);",
    "withEnv whose function throws": "const { withEnv } = platform; try { withEnv({ X: 1 }, () => { throw new RangeError('in'); }); } catch (e) { return [e.message, show(platform.env.X)]; }",
}  # fmt: skip


def path_of(name: str) -> str:
    """Return a case's path."""
    return f"/{list(CASES).index(name)}"


def gateway() -> str:
    """Return the gateway's source."""
    handlers = "\n".join(
        f"CASES[{path_of(name)!r}] = async (env, ctx) => {{ {body} }};"
        for name, body in CASES.items()
    )
    return f"""
import * as platform from 'cloudflare:workers';
const {{ RpcTarget, WorkerEntrypoint }} = platform;
{SHOW}
const CASES = {{}};
{handlers}
export class Named extends WorkerEntrypoint {{
  hello(name) {{ return `hello ${{name}}`; }}
  role() {{ return this.ctx.props.role; }}
}}
export default {{
  async fetch(request, env, ctx) {{
    try {{
      const value = await CASES[new URL(request.url).pathname](env, ctx);
      return Response.json(value === undefined ? 'undefined' : value);
    }} catch (error) {{
      return Response.json({{ threw: [error?.name, error?.message] }});
    }}
  }},
}};
"""


WORKERS: dict[str, dict[str, Any]] = {
    "gateway": {
        "source": gateway(),
        "services": {"C": "callee", "P": 'callee#Callee{"role": "reader"}'},
    },
    "callee": {"source": CALLEE},
}

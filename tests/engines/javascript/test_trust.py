"""What JavaScript cannot reach, and cannot make the host do or show."""

from __future__ import annotations

import traceback

import pytest

SECRET = "s3cr3t_value_of_37_characters_0123456"

WALK = """
const seen = new Set(), found = [];
const look = (value, path) => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  if (seen.has(value)) return;
  seen.add(value);
  if (Object.prototype.toString.call(value).includes("Py")) found.push(path);
  let names = [];
  try { names = Reflect.ownKeys(value); } catch { return; }
  for (const name of names) {
    let descriptor;
    try { descriptor = Reflect.getOwnPropertyDescriptor(value, name); } catch { continue; }
    for (const part of ["value", "get", "set"]) {
      if (descriptor && descriptor[part]) look(descriptor[part], path + "." + String(name));
    }
    try { look(value[name], path + "." + String(name)); } catch { continue; }
  }
  try { look(Object.getPrototypeOf(value), path + ".__proto__"); } catch { return; }
};
"""


async def test_nothing_of_python_is_reached(run):
    found = await run(
        f"{WALK} look(globalThis, ''); look(request, 'request');"
        "look(env, 'env'); look(ctx, 'ctx');"
        "look(new Response('x'), 'response'); look(new Headers(), 'headers');"
        "try { new Response('', { status: 1 }) } catch (e) { look(e, 'error') }"
        "return [found, seen.size > 500];"
    )
    assert found == [[], True]


async def test_no_name_of_ours_is_left(run):
    assert (
        await run(
            "const ours = /^host|^internal$|workernb|^__|^web$/i;"
            "return Reflect.ownKeys(globalThis).filter((name) => ours.test(String(name)));"
        )
        == []
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "new env.SELF.constructor(0)",
        "new env.SELF.constructor({}, 0)",
        "new ctx.constructor(1)",
        "Headers.prototype.get.call({}, 'a')",
        "Object.getOwnPropertyDescriptor(Response.prototype, 'status').get.call({})",
        "Response.prototype.text.call(new Headers())",
        "env.SELF.fetch.call({}, 'http://x/')",
        "ctx.waitUntil.call({}, 1)",
        "eval('1')",
        "new Function('return 1')()",
        "(async () => {}).constructor('return 1')()",
    ],
)
async def test_what_is_refused(run, attempt):
    body = f"try {{ await ({attempt}); return 'done'; }} catch (e) {{ return e.name; }}"
    assert await run(body, services={"SELF": "case"}) in ("TypeError", "EvalError")


CHANGED = """
const holders = [Array, Object, Promise, Map, WeakMap, String, Function, Uint8Array, Set, RegExp];
const changes = [];
for (const { prototype } of holders) {
  for (const key of Reflect.ownKeys(prototype)) {
    const { configurable, value } = Reflect.getOwnPropertyDescriptor(prototype, key);
    if (configurable && typeof value === "function" && key !== "constructor") {
      changes.push([prototype, key]);
    }
  }
}
const value = () => { throw new Error("changed") };
const { defineProperty } = Reflect;
for (let i = 0; i < changes.length; i++) {
  defineProperty(changes[i][0], changes[i][1], { configurable: true, value });
}
JSON.parse = JSON.stringify = Object.keys = Reflect.apply = value;
"""


async def test_changed_built_ins_do_not_reach_the_host(define):
    source = "export default { fetch: async (r) => new Response(await r.text() + [1].map(String)) }"
    other = define(source, name="other")
    worker = define(
        f"{CHANGED} export default {{ async fetch(request, env, ctx) {{"
        "  const init = { method: 'POST', headers: { a: 'b' }, body: 'x' };"
        "  const sent = await env.OTHER.fetch('http://y/', init);"
        "  const data = new Headers({ a: 'b' }); data.append('a', 'c');"
        "  return new Response(await sent.text() + data.get('a'), { status: 201 });"
        "} };",
        services={"OTHER": "other"},
    )
    response = await worker.fetch("http://x/")
    assert (response.status, await response.text()) == (201, "x1b, c")
    assert await (await other.fetch("http://x/")).text() == "1"


async def test_secrets_are_redacted_in_all_that_is_shown(define, runtime, capsys):
    worker = define(
        """export default { fetch(request, env) {
          console.log("token", env.T, { a: env.T });
          const error = new Error("bad " + env.T);
          if (request.url.endsWith("/own")) {
            error.name = env.T;
            error.stack = `at ${env.T} (<worker js v1>:1:1)`;
          }
          throw error;
        } }""",
        secrets={"T": SECRET},
    )
    for path in ("plain", "own"):
        with pytest.raises(Exception, match="bad REDACTED") as raised:
            await worker.fetch(f"http://x/{path}")
        shown = "".join(traceback.format_exception(raised.value))
        trace = runtime.traces[-1]
        shown += f"{raised.value.__dict__}{trace.logs}{trace.invocations[0].exception}"
        assert SECRET not in shown + capsys.readouterr().out


async def test_proxies_and_getters_that_lie(run):
    assert await run(
        """
        const found = [];
        const attempt = async (call) => {
          try { await call(); found.push("ok") } catch (e) { found.push(e.name) }
        };
        const fail = () => { throw new EvalError("x") };
        await attempt(() => new Response("x", new Proxy({}, { get: fail })));
        await attempt(() => new Headers(new Proxy({}, { ownKeys: fail })));
        await attempt(() => new Request({ toString() { throw new EvalError("x") } }));
        await attempt(() => fetch(new Proxy({}, {})));
        await attempt(() => new Response(new Proxy({}, { get: () => undefined })));
        return found;
        """
    ) == ["EvalError", "EvalError", "EvalError", "TypeError", "TypeError"]


async def test_isolates_see_nothing_of_each_other(define):
    source = "globalThis.x = Array.prototype.mine = 1;"
    one = define(f"{source} export default {{ fetch: () => new Response('') }}", name="one")
    await one.fetch("http://x/")
    two = define(
        "export default { fetch: () => Response.json([typeof x, typeof [].mine]) }", name="two"
    )
    assert await (await two.fetch("http://x/")).json() == ["undefined", "undefined"]

// KV get and D1 first() in miniflare: prints the median time of a call, in µs, as JSON.
import { Miniflare } from "miniflare";

const KEYS = 200;
const CALLS = 200;
const ROUNDS = 3;

const script = `
export default {
  async fetch(request, env) {
    const kind = new URL(request.url).pathname.slice(1);
    const statement = env.DB.prepare("SELECT value FROM t WHERE key = ?");
    if (kind === "fill") {
      await env.DB.exec("CREATE TABLE t (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
      for (let n = 0; n < ${KEYS}; n++) {
        await env.CACHE.put("key-" + n, "x".repeat(1024));
        const insert = env.DB.prepare("INSERT INTO t VALUES (?, ?)");
        await insert.bind("key-" + n, "x".repeat(1024)).run();
      }
      return new Response("filled");
    }
    for (let n = 0; n < ${CALLS}; n++) {
      const key = "key-" + (n % ${KEYS});
      const value = kind === "kv" ? await env.CACHE.get(key) : await statement.bind(key).first("value");
      if (value.length !== 1024) throw new Error("wrong value");
    }
    return new Response("done");
  },
};
`;

const miniflare = new Miniflare({
  modules: true,
  script,
  kvNamespaces: { CACHE: "cache" },
  d1Databases: { DB: "shop" },
});

async function time(kind) {
  const began = performance.now();
  const response = await miniflare.dispatchFetch("http://localhost/" + kind);
  if (!response.ok) throw new Error(await response.text());
  return ((performance.now() - began) * 1000) / CALLS;
}

await time("fill");
const times = { kv: [], d1: [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const kind of Object.keys(times)) times[kind].push(await time(kind));
}
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
console.log(JSON.stringify({ kv: median(times.kv), d1: median(times.d1) }));
await miniflare.dispose();

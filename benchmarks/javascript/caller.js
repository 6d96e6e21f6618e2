// Makes `count` calls in a way: over a binding by `fetch`, or over RPC to MATH. Each has its own
// values. workerd stops the clock within a request, so the client measures the time.
const check = (n, result, expected) => {
  if (result !== expected) {
    throw new Error(`call ${n} returned ${result} instead of ${expected}`);
  }
};

const fetchFrom = (binding, expected) => async (env, n) => {
  const response = await env[binding].fetch(`https://auth.example.com/user/${n}?n=${n}`, {
    headers: { "x-custom-token": env.TOKEN, "x-request-id": `request-${n}` },
  });
  check(n, response.status, 200);
  check(n, await response.text(), expected);
};

const ways = {
  AUTH: fetchFrom("AUTH", "Request allowed"),
  GATEWAY: fetchFrom("GATEWAY", "data"),

  async add({ MATH }, n) {
    check(n, await MATH.add(n, 2), n + 2);
  },

  async rename({ MATH }, n) {
    const user = await MATH.rename({ id: n, name: `user ${n}`, active: false });
    check(n, `${user.id} ${user.name} ${user.active}`, `${n} User ${n} true`);
  },

  async apply({ MATH }, n) {
    check(n, await MATH.apply((value) => value * 2, n), n * 2);
  },

  async pipeline({ MATH }, n) {
    const counters = MATH.counters();
    const counter = counters.counter(n);
    check(n, await counter.increment(), n + 1);
    counter[Symbol.dispose]();
    counters[Symbol.dispose]();
  },
};

export default {
  async fetch(request, env) {
    const [, way, start, count] = new URL(request.url).pathname.split("/");
    for (let n = Number(start); n < Number(start) + Number(count); n++) {
      await ways[way](env, n);
    }
    return new Response(count);
  },
};

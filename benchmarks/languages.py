"""Hops to JavaScript, from it and within it, where its engine is installed."""

from __future__ import annotations

import time
from functools import partial
from importlib.util import find_spec

from benchmarks import workers
from benchmarks.floor import TOKEN
from benchmarks.ours import REQUESTS
from benchmarks.results import Round
from workernb import Handle, Limits, Runtime

AUTH = """
export default {
  async fetch(request, env) {
    if (request.headers.get("x-custom-token") === env.SECRET_TOKEN) {
      return new Response("Request allowed", { status: 200 });
    }
    return new Response("x-custom-token does not match, request not allowed", { status: 403 });
  },
};
"""

GATEWAY = """
export default {
  async fetch(request, env) {
    const response = await env.AUTH.fetch(request);
    if (response.status !== 200) return response;
    return new Response("data");
  },
};
"""

CALLER = """
export default {
  async fetch(request, env) {
    const start = Number(request.url.split("/")[4]);
    for (let n = 0; n < HOPS; n++) {
      const url = `https://auth.example.com/user/${start + n}?n=${n}`;
      const headers = { "x-custom-token": env.TOKEN, "x-request-id": url };
      const response = await env.AUTH.fetch(url, { headers });
      if (response.status !== 200) throw new Error("refused");
      if (await response.text() !== "Request allowed") throw new Error("another text");
    }
    return new Response("done");
  },
};
""".replace("HOPS", str(workers.HOPS))


def rounds(urls: list[str]) -> dict[str, Round]:
    """Return the rounds by name; none where JavaScript's engine is missing."""
    if find_spec("quickjs") is None:
        return {}
    runtime = Runtime(Limits(cpu_ms=None, wall_ms=None))
    runtime.define("py", workers.AUTH, secrets={"SECRET_TOKEN": TOKEN})
    runtime.define("js", AUTH, language="javascript", secrets={"SECRET_TOKEN": TOKEN})
    secrets = {"TOKEN": TOKEN}
    from_python = runtime.define(
        "from-py", workers.CALLER, services={"AUTH": "js"}, secrets=secrets
    )
    to_python, within = (
        runtime.define(
            f"to-{to}", CALLER, language="javascript", services={"AUTH": to}, secrets=secrets
        )
        for to in ("py", "js")
    )
    gateway = runtime.define("gateway", GATEWAY, language="javascript", services={"AUTH": "js"})
    return {
        "a hop from Python to JavaScript": lambda: workers.hops(from_python, "url", REQUESTS),
        "a hop from JavaScript to Python": partial(hops, to_python),
        "a hop from JavaScript to JavaScript": partial(hops, within),
        "gateway to auth, both in JavaScript": partial(top_level, gateway, urls[:300]),
    }


async def hops(caller: Handle) -> float:
    """Return the seconds of a hop of a caller in JavaScript, with its share of the request."""
    began = time.perf_counter()
    for number in range(REQUESTS):
        answer = await caller.fetch(f"http://caller/url/{number * workers.HOPS}")
        assert await answer.text() == "done"
        assert len(answer.trace.invocations) == workers.HOPS + 1
    return (time.perf_counter() - began) / (REQUESTS * workers.HOPS)


async def top_level(gateway: Handle, urls: list[str]) -> float:
    """Return the seconds of a request through two Workers in JavaScript."""
    began = time.perf_counter()
    await workers.top_level(gateway, urls)
    return (time.perf_counter() - began) / len(urls)

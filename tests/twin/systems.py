"""Systems of JavaScript Workers, and requests to them, for the comparison with workerd.

Each system has the keywords of `define` by the name of a Worker, the gateway first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.seed import AUTH, GATEWAY

ECHO = """
export default {
  async fetch(request) {
    const headers = { 'x-method': request.method, 'content-type': 'text/x-echo' };
    return new Response(await request.text(), { status: 201, statusText: 'Echoed', headers });
  },
};
"""

FORWARD = """
export default {
  async fetch(request, env) {
    const copy = new Request(request, { headers: { 'x-by': 'forward' } });
    const response = await env.ECHO.fetch(copy);
    const changed = new Response(response.body, response);
    changed.headers.append('x-seen', response.headers.get('x-method'));
    changed.headers.append('x-seen', 'twice');
    return changed;
  },
};
"""

CALCULATOR = """
import { WorkerEntrypoint } from 'cloudflare:workers';
export class Calculator extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  async describe(value) { return { kind: typeof value, value, date: new Date(0), set: new Set([1]) }; }
  fail(text) { throw new RangeError(text); }
  each(values, callback) { return Promise.all(values.map((value) => callback(value))); }
  role() { return this.ctx.props.role; }
}
export default { fetch() { return new Response('calculator'); } };
"""  # noqa: E501

CALLS = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/add') return Response.json(await env.MATH.add(1, 2));
    if (pathname === '/role') return new Response(await env.MATH.role());
    if (pathname === '/each') {
      return Response.json(await env.MATH.each([1, 2, 3], (value) => value * 10));
    }
    if (pathname === '/describe') {
      const got = await env.MATH.describe(new Map([['a', 1n]]));
      return Response.json([got.kind, got.value.get('a').toString(), got.date.getTime(), [...got.set]]);
    }
    try {
      await env.MATH.fail('too much');
    } catch (error) {
      return Response.json([error.name, error.message, error instanceof RangeError]);
    }
  },
};
"""  # noqa: E501

STREAMS = """
export default {
  async fetch(request) {
    const upper = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase()));
      },
    });
    if (request.body === null) return new Response(null, { status: 204 });
    const [one, other] = request.body.tee();
    const size = (await new Response(other).arrayBuffer()).byteLength;
    return new Response(one.pipeThrough(upper), { headers: { 'x-size': String(size) } });
  },
};
"""

FORMS = """
export default {
  async fetch(request) {
    const form = await request.formData();
    const entries = [];
    for (const [name, value] of form) {
      entries.push([name, typeof value === 'string' ? value : [value.name, value.type, await value.text()]]);
    }
    return Response.json({ entries, all: form.getAll('a').length, has: form.has('b') });
  },
};
"""  # noqa: E501

FAILS = """
class Odd extends Error { constructor(text) { super(text); this.name = 'Odd'; } }
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/odd') throw new Odd('strange');
    if (pathname === '/type') return undefinedThing();
    if (pathname === '/json') return Response.json(JSON.parse('{'));
    if (pathname === '/status') return new Response('x', { status: 99 });
    return new Response('fine');
  },
};
"""

CATCHES = """
export default {
  async fetch(request, env) {
    try {
      const response = await env.FAILS.fetch(request);
      return new Response(`${response.status} ${await response.text()}`);
    } catch (error) {
      return Response.json([error.name, error.message, error instanceof Error]);
    }
  },
};
"""

REDIRECTS = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/manual') {
      const response = await env.SELF.fetch('http://x/a', { redirect: 'manual' });
      return Response.json([response.status, response.headers.get('location'), response.redirected]);
    }
    if (pathname === '/follow') {
      const response = await env.SELF.fetch('http://x/a');
      return Response.json([response.status, response.url, response.redirected, await response.text()]);
    }
    if (pathname === '/a') return Response.redirect('http://x/b', 307);
    if (pathname === '/b') return new Response('at b');
    return Response.redirect('http://elsewhere.example.com/');
  },
};
"""  # noqa: E501

URLS = """
export default {
  fetch(request) {
    const url = new URL(request.url);
    url.searchParams.append('added', 'ä b');
    url.searchParams.sort();
    return Response.json([url.href, url.pathname, [...url.searchParams], url.hash, URL.canParse('x')]);
  },
};
"""  # noqa: E501

CRYPTO = """
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, '0')).join('');
export default {
  async fetch(request) {
    const text = new TextEncoder().encode(await request.text());
    const key = await crypto.subtle.importKey(
      'raw', text, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
    const signed = await crypto.subtle.sign('HMAC', key, text);
    return Response.json([
      hex(await crypto.subtle.digest('SHA-256', text)), hex(await crypto.subtle.digest('SHA-1', text)),
      hex(signed), await crypto.subtle.verify('HMAC', key, signed, text),
      crypto.randomUUID().length, btoa('a'), atob('YQ=='), structuredClone({ a: [new Date(5)] }),
    ]);
  },
};
"""  # noqa: E501

TIMERS = """
export default {
  async fetch(request, env, ctx) {
    const order = [];
    const wait = (ms, name) => new Promise((done) => setTimeout(() => { order.push(name); done(name); }, ms));
    queueMicrotask(() => order.push('microtask'));
    order.push('first');
    const first = await Promise.race([wait(60, 'late'), wait(5, 'early')]);
    const settled = await Promise.allSettled([wait(1, 'one'), Promise.reject(new Error('no'))]);
    return Response.json([first, order, settled.map((each) => each.status)]);
  },
};
"""  # noqa: E501

ABORTS = """
export default {
  async fetch() {
    const controller = new AbortController();
    const seen = [];
    controller.signal.addEventListener('abort', (event) => seen.push(event.type), { once: true });
    controller.abort(new DOMException('enough', 'AbortError'));
    try {
      controller.signal.throwIfAborted();
    } catch (error) {
      return Response.json([error.name, error.message, error.code, seen, AbortSignal.any([controller.signal]).aborted]);
    }
  },
};
"""  # noqa: E501

NOTES = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method === 'PUT') {
      await env.NOTES.put(pathname, await request.text(), { metadata: { by: 'me' } });
      return new Response(null, { status: 204 });
    }
    const { keys, list_complete } = await env.NOTES.list({ prefix: '/' });
    const found = await env.NOTES.getWithMetadata(pathname);
    return Response.json([found.value, found.metadata, keys.map((key) => key.name), list_complete]);
  },
};
"""

SHOP = """
export default {
  async fetch(request, env) {
    await env.DB.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT, price REAL)');
    const insert = env.DB.prepare('INSERT INTO items (name, price) VALUES (?, ?)');
    await env.DB.batch([insert.bind('lamp', 1.5), insert.bind('chair', 2)]);
    const { results } = await env.DB.prepare('SELECT name, price FROM items ORDER BY id').all();
    const first = await env.DB.prepare('SELECT count(*) AS n FROM items').first('n');
    try {
      await env.DB.prepare('SELECT * FROM nowhere').all();
    } catch (error) {
      return Response.json([results, first, error.message]);
    }
  },
};
"""  # noqa: E501

COUNTER = """
import { DurableObject } from 'cloudflare:workers';
export class Counter extends DurableObject {
  async increment(by = 1) {
    const count = ((await this.ctx.storage.get('count')) ?? 0) + by;
    await this.ctx.storage.put('count', count);
    return count;
  }
  async fetch(request) { return new Response(`${this.ctx.id.name ?? ''} ${await this.increment(10)}`); }
}
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const stub = env.COUNTERS.getByName(pathname);
    const counts = await Promise.all([stub.increment(), stub.increment(2), stub.increment()]);
    const response = await stub.fetch('http://counter/');
    return Response.json([counts, await response.text()]);
  },
};
"""  # noqa: E501

FILES = """
export default {
  async fetch(request, env) {
    await env.FILES.put('a/1', 'one', { httpMetadata: { contentType: 'text/x-one' } });
    await env.FILES.put('a/2', new TextEncoder().encode('two'), { customMetadata: { k: 'v' } });
    const { objects, truncated } = await env.FILES.list({ prefix: 'a/' });
    const one = await env.FILES.get('a/1');
    const two = await env.FILES.head('a/2');
    return Response.json([
      objects.map((each) => [each.key, each.size, each.etag]), truncated, await one.text(),
      one.httpMetadata.contentType, two.customMetadata, await env.FILES.get('nowhere'),
    ]);
  },
};
"""


class System(NamedTuple):
    """Workers, the gateway first, and requests to it: paths, or what `compare_workerd` takes."""

    workers: dict[str, dict[str, Any]]
    requests: tuple[Any, ...]


def post(path: str, body: Any = "hé", **headers: str) -> dict[str, Any]:
    return {"url": f"http://gateway{path}", "method": "POST", "body": body, "headers": headers}


_FORM = (
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    '--b\r\nContent-Disposition: form-data; name="a"; filename="x.txt"\r\n'
    "Content-Type: text/x-y\r\n\r\nfile\r\n--b--\r\n"
)

SYSTEMS: dict[str, System] = {
    "the seed's gateway": System(
        {
            "gateway": {"source": GATEWAY, "services": {"AUTH": "auth"}},
            "auth": {"source": AUTH, "secrets": {"SECRET_TOKEN": "s3cret"}},
        },
        ("/", {"url": "http://gateway/", "headers": {"x-custom-token": "s3cret"}}, post("/")),
    ),
    "the seed's auth": System(
        {"auth": {"source": AUTH, "secrets": {"SECRET_TOKEN": "s3cret"}}},
        ("/", {"url": "http://gateway/", "headers": {"x-custom-token": "s3cret"}}),
    ),
    "messages": System(
        {
            "gateway": {"source": FORWARD, "services": {"ECHO": "echo"}},
            "echo": {"source": ECHO},
        },
        ("/", post("/"), post("/", b"\x00\xff")),
    ),
    "RPC": System(
        {
            "gateway": {
                "source": CALLS, "services": {"MATH": 'math#Calculator{"role": "reader"}'}
            },
            "math": {"source": CALCULATOR},
        },
        ("/add", "/role", "/each", "/describe", "/fail"),
    ),
    "streams": System({"gateway": {"source": STREAMS}}, ("/", post("/"), post("/", "x" * 200_000))),
    "forms": System(
        {"gateway": {"source": FORMS}},
        (
            post("/", "a=1&a=2&b=%C3%A4", **{"content-type": "application/x-www-form-urlencoded"}),
            post("/", _FORM, **{"content-type": "multipart/form-data; boundary=b"}),
            post("/", _FORM[:-9], **{"content-type": "multipart/form-data; boundary=b"}),
            post("/", "x", **{"content-type": "text/plain"}),
        ),
    ),
    "errors": System({"gateway": {"source": FAILS}}, ("/", "/odd", "/type", "/json", "/status")),
    "errors over a binding": System(
        {
            "gateway": {"source": CATCHES, "services": {"FAILS": "fails"}},
            "fails": {"source": FAILS},
        },
        ("/", "/odd", "/json", "/status"),
    ),
    "redirects": System(
        {"gateway": {"source": REDIRECTS, "services": {"SELF": "gateway"}}},
        ("/", "/manual", "/follow"),
    ),
    "URLs": System({"gateway": {"source": URLS}}, ("/a/../b%20c?z=1&a=%20#x", "//x?q")),
    "crypto and encodings": System({"gateway": {"source": CRYPTO}}, (post("/"),)),
    "timers and promises": System({"gateway": {"source": TIMERS}}, ("/",)),
    "aborting": System({"gateway": {"source": ABORTS}}, ("/",)),
    "KV": System(
        {"gateway": {"source": NOTES, "kv_namespaces": {"NOTES": "notes"}}},
        ("/a", {"url": "http://gateway/a", "method": "PUT", "body": "text"}, "/a"),
    ),
    "D1": System({"gateway": {"source": SHOP, "d1_databases": {"DB": "shop"}}}, ("/",)),
    "R2": System({"gateway": {"source": FILES, "r2_buckets": {"FILES": "files"}}}, ("/",)),
    "Durable Objects": System(
        {"gateway": {"source": COUNTER, "durable_objects": {"COUNTERS": "#Counter"}}},
        ("/a", "/b", "/a"),
    ),
}  # fmt: skip

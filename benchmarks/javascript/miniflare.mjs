// The same Workers in miniflare. Writes its port to standard output; ends with standard input.
import { readFileSync } from "node:fs";
import { Miniflare } from "miniflare";

const worker = (name, bindings, serviceBindings = {}) => ({
  name,
  modules: true,
  script: readFileSync(new URL(`${name}.js`, import.meta.url), "utf8"),
  compatibilityDate: "2026-01-01",
  bindings,
  serviceBindings,
});

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  workers: [
    worker("caller", { TOKEN: "s3cret" }, { AUTH: "auth", GATEWAY: "gateway", MATH: "math" }),
    worker("math", {}),
    worker("gateway", {}, { AUTH: "auth" }),
    worker("auth", { SECRET_TOKEN: "s3cret" }),
  ],
});
const url = await miniflare.ready;
console.log(JSON.stringify({ event: "listen", port: Number(url.port) }));
process.stdin.resume();
process.stdin.on("end", async () => {
  await miniflare.dispose();
  process.exit(0);
});

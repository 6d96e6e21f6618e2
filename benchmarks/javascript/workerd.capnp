using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "auth", worker = .auth),
    (name = "gateway", worker = .gateway),
    (name = "math", worker = .math),
    (name = "caller", worker = .caller),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "caller") ],
);

const auth :Workerd.Worker = (
  modules = [ (name = "auth.js", esModule = embed "auth.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "SECRET_TOKEN", text = "s3cret") ],
);

const gateway :Workerd.Worker = (
  modules = [ (name = "gateway.js", esModule = embed "gateway.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "AUTH", service = "auth") ],
);

const math :Workerd.Worker = (
  modules = [ (name = "math.js", esModule = embed "math.js") ],
  compatibilityDate = "2026-01-01",
);

const caller :Workerd.Worker = (
  modules = [ (name = "caller.js", esModule = embed "caller.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [
    (name = "AUTH", service = "auth"),
    (name = "GATEWAY", service = "gateway"),
    (name = "MATH", service = "math"),
    (name = "TOKEN", text = "s3cret"),
  ],
);

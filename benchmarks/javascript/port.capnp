using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "auth", worker = .auth), (name = "gateway", worker = .gateway) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "gateway") ],
);

const auth :Workerd.Worker = (
  modules = [ (name = "auth.js", esModule = embed "auth.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "SECRET_TOKEN", text = "s3cret") ],
);

const gateway :Workerd.Worker = (
  modules = [ (name = "forward.js", esModule = embed "forward.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "AUTH", service = "auth") ],
);

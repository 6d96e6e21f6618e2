// What calls over RPC reach: the same methods as in rpc.py.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

class Counter extends RpcTarget {
  #value;

  constructor(value) {
    super();
    this.#value = value;
  }

  increment() {
    return ++this.#value;
  }
}

class Counters extends RpcTarget {
  counter(value) {
    return new Counter(value);
  }
}

export default class extends WorkerEntrypoint {
  add(a, b) {
    return a + b;
  }

  rename(user) {
    const name = user.name[0].toUpperCase() + user.name.slice(1);
    return { id: user.id, name, active: true };
  }

  async apply(f, value) {
    return await f(value);
  }

  counters() {
    return new Counters();
  }
}

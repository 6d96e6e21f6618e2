// Queues: producers on env, and the batches of messages that a queue handler gets.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/
(function (host, internal) {
  "use strict";
  const { storeCall, failed, rejected, toBytes } = internal;
  const P = internal.primordials;
  const { defineProperty, stringify, parseJSON, TypeError: TheTypeError, Object: TheObject } = P;
  const { Array: TheArray } = P;
  const fromIterable = TheArray.from.bind(TheArray);
  const OURS = {};

  const check = (token) => {
    if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
  };

  // Producers

  // A body as its content type has it: what JSON represents is what JSON.stringify makes of it.
  const bodyOf = (number, body, contentType) => {
    const kind = contentType ?? host.queueContentType(number);
    if (kind !== "json") return body;
    const text = stringify(body);
    return text === undefined ? null : parseJSON(text);
  };

  // An entry of a batch; what is none is refused by the host.
  const entryOf = (number, entry) => {
    if (!internal.isObject(entry) || entry.body === undefined) return entry;
    const { body, contentType, delaySeconds } = entry;
    return { body: bodyOf(number, body, contentType), contentType, delaySeconds };
  };

  class WorkerQueue {
    #number;
    constructor(token, number) {
      check(token);
      this.#number = number;
    }
    send(body, options) {
      try {
        const given = bodyOf(this.#number, body, options?.contentType);
        return storeCall(this.#number, "send", [given, options ?? {}]);
      } catch (error) {
        return rejected(error);
      }
    }
    sendBatch(messages, options) {
      try {
        const entries = fromIterable(messages, (entry) => entryOf(this.#number, entry));
        return storeCall(this.#number, "sendBatch", [entries, options]);
      } catch (error) {
        return rejected(error);
      }
    }
    metrics() {
      return storeCall(this.#number, "metrics", []);
    }
  }

  // Batches

  const EACH = -1; // Instead of a message's place: all of which nothing has been said.

  const say = (run, place, method, options) => {
    const delay = options?.delaySeconds;
    try {
      host.queueSay(run, place, method, delay === undefined ? null : delay);
    } catch (error) {
      throw failed(error);
    }
  };
  const set = (object, found, names) => {
    for (let i = 0; i < names.length; i++) {
      defineProperty(object, names[i], { value: found[names[i]], enumerable: true });
    }
  };

  class QueueMessage {
    #run;
    #place;
    constructor(token, run, place, found) {
      check(token);
      this.#run = run;
      this.#place = place;
      const bytes = toBytes(found.body);
      if (bytes !== null) found.body = P.typedArrayBuffer(bytes);
      set(this, found, ["id", "timestamp", "body", "attempts"]);
    }
    ack() {
      say(this.#run, this.#place, "ack");
    }
    retry(options) {
      say(this.#run, this.#place, "retry", options);
    }
  }
  class MessageBatch {
    #run;
    constructor(token, run, found) {
      check(token);
      this.#run = run;
      const { messages } = found;
      for (let i = 0; i < messages.length; i++) {
        messages[i] = new QueueMessage(OURS, run, i, messages[i]);
      }
      set(this, found, ["queue", "messages", "metadata"]);
    }
    ackAll() {
      say(this.#run, EACH, "ack");
    }
    retryAll(options) {
      say(this.#run, EACH, "retry", options);
    }
  }

  for (const Class of [WorkerQueue, QueueMessage, MessageBatch]) {
    TheObject.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  internal.storeClasses.Queue = (number) => new WorkerQueue(OURS, number);
  internal.newBatch = (found, run) => new MessageBatch(OURS, run, found);
})

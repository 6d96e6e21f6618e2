// Workers in miniflare. The first line of standard input has them; each further line is a request,
// which is answered by one line of JSON. Ends with standard input.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Miniflare } from 'miniflare';
import { compatibilityDate as newest } from 'workerd';

const SECONDS = 10;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const told = (error) => ({ error: { name: error?.name ?? 'Error', message: String(error?.message ?? error) } });

const answer = async (url, init) => {
  const response = await miniflare.dispatchFetch(url, init);
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    body: bytes.toString('base64'),
  };
};
const timeout = async () => {
  await sleep(SECONDS * 1000, undefined, { ref: false });
  return told({ name: 'TimeoutError', message: `there was no answer within ${SECONDS} s` });
};

const { workers } = JSON.parse((await lines.next()).value);
for (const worker of workers) {
  if (worker.compatibilityDate > newest) worker.compatibilityDate = newest;
}
let miniflare;
try {
  miniflare = new Miniflare({ workers, handleRuntimeStdio: (out, err) => { out.resume(); err.resume(); } });
  await miniflare.ready;
  write({ ready: true });
} catch (error) {
  write(told(error));
  process.exit(1);
}

for (;;) {
  const { value, done } = await lines.next();
  if (done) break;
  const { url, method, headers, body } = JSON.parse(value);
  try {
    const init = { method, headers, redirect: 'manual' };
    if (body !== null) init.body = Buffer.from(body, 'base64');
    write(await Promise.race([answer(url, init), timeout()]));
  } catch (error) {
    write(told(error));
  }
}
setTimeout(() => process.exit(0), 3000); // Whatever holds up the end of workerd.
await miniflare.dispose();
process.exit(0);

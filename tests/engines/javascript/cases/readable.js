//// start and read
const r = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }).getReader();
return [await r.read(), await r.read(), await r.read(), (await r.closed) === undefined];
//// pull on demand
let n = 0; const s = new ReadableStream({ pull(c) { n++; c.enqueue(n); } }, { highWaterMark: 0 }); const r = s.getReader();
const before = n; return [before, (await r.read()).value, (await r.read()).value, n];
//// pull ahead by the high water mark
let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(n++); } }, new CountQueuingStrategy({ highWaterMark: 3 }));
await new Promise((r) => setTimeout(r, 1)); return n;
//// an error
const r = new ReadableStream({ start(c) { c.error(new Error('boo')); } }).getReader(); return await r.read();
//// an error drops what was queued
const r = new ReadableStream({ start(c) { c.enqueue(1); c.error(new Error('boo')); } }).getReader(); return await r.read();
//// an exception of start
return new ReadableStream({ start() { throw new Error('start'); } });
//// an exception of pull
return await new ReadableStream({ pull() { throw new Error('pull'); } }).getReader().read();
//// a rejection of pull
return await new ReadableStream({ async pull() { throw new Error('pull'); } }).getReader().read();
//// cancel
let why; const s = new ReadableStream({ cancel(r) { why = r; } }); await s.cancel('enough'); return [why, (await s.getReader().read()).done];
//// cancel by a reader
let why; const r = new ReadableStream({ cancel(x) { why = x; } }).getReader(); await r.cancel('x'); return [why, await r.read()];
//// an exception of cancel
return await new ReadableStream({ cancel() { throw new Error('c'); } }).cancel();
//// locked
const s = new ReadableStream(); const before = s.locked; const r = s.getReader(); const during = s.locked; r.releaseLock(); return [before, during, s.locked];
//// a second reader
const s = new ReadableStream(); s.getReader(); return s.getReader();
//// cancel while locked
const s = new ReadableStream(); s.getReader(); return await s.cancel();
//// read after the lock is released
const r = new ReadableStream().getReader(); r.releaseLock(); return await r.read();
//// closed after the lock is released
const r = new ReadableStream().getReader(); r.releaseLock(); return await r.closed;
//// a read that waits when the lock is released
const r = new ReadableStream().getReader(); const p = r.read().catch((e) => e.message); r.releaseLock(); return p;
//// several reads wait
let c; const r = new ReadableStream({ start(x) { c = x; } }).getReader(); const all = Promise.all([r.read(), r.read(), r.read()]);
c.enqueue('a'); c.enqueue('b'); c.close(); return all;
//// for await
const out = []; for await (const x of new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } })) out.push(x); return out;
//// for await that breaks cancels
let canceled = false; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel() { canceled = true; } });
for await (const x of s) break; return [canceled, s.locked];
//// values with preventCancel
let canceled = false; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel() { canceled = true; } });
for await (const x of s.values({ preventCancel: true })) break; return [canceled, s.locked, (await s.getReader().read()).value];
//// for await of an error
const s = new ReadableStream({ start(c) { c.error(new Error('bad')); } }); for await (const x of s); return 'never';
//// from an array
const out = []; for await (const x of ReadableStream.from(['a', 'b'])) out.push(x); return out;
//// from an async generator
const out = []; for await (const x of ReadableStream.from((async function* () { yield 1; yield 2; })())) out.push(x); return out;
//// from a generator, cancelled
let ended = false; function* g() { try { yield 1; yield 2; } finally { ended = true; } }
for await (const x of ReadableStream.from(g())) break; return ended;
//// from what is none
return ReadableStream.from(5);
//// tee
const [a, b] = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }).tee(); const out = [];
for await (const x of a) out.push(x); for await (const x of b) out.push(x); return out;
//// tee, both cancelled
let why; const [a, b] = new ReadableStream({ cancel(r) { why = r; } }).tee(); await Promise.all([a.cancel(1), b.cancel(2)]); return why;
//// tee of an error
const [a, b] = new ReadableStream({ start(c) { c.error(new Error('t')); } }).tee(); return Promise.all([a, b].map((s) => s.getReader().read().catch((e) => e.message)));
//// desiredSize
let c; new ReadableStream({ start(x) { c = x; } }, { highWaterMark: 2 }); const sizes = [c.desiredSize]; c.enqueue(1); sizes.push(c.desiredSize); c.enqueue(1); c.enqueue(1); sizes.push(c.desiredSize); return sizes;
//// sizes of chunks
let c; new ReadableStream({ start(x) { c = x; } }, new ByteLengthQueuingStrategy({ highWaterMark: 10 })); c.enqueue(new Uint8Array(4)); return c.desiredSize;
//// a source that is none
return new ReadableStream(5);
//// a high water mark that is none
return new ReadableStream({}, { highWaterMark: -1 });
//// enqueue after close
let c; new ReadableStream({ start(x) { c = x; } }); c.close(); try { c.enqueue(1); } catch (e) { return e.name; }
//// close after close
let c; new ReadableStream({ start(x) { c = x; } }); c.close(); try { c.close(); } catch (e) { return e.name; }
//// close with chunks left
let c; const r = new ReadableStream({ start(x) { c = x; } }).getReader(); c.enqueue(1); c.close(); return [await r.read(), await r.read()];
//// bytes
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2])); c.close(); } }); const out = []; for await (const x of s) out.push([...x]); return out;
//// bytes: an empty chunk
let c; new ReadableStream({ type: 'bytes', start(x) { c = x; } }); try { c.enqueue(new Uint8Array(0)); return 'allowed'; } catch (e) { return e.name; }
//// bytes: the chunk's buffer moves
let c; const r = new ReadableStream({ type: 'bytes', start(x) { c = x; } }).getReader(); const b = new Uint8Array([1]); c.enqueue(b); return [b.byteLength, (await r.read()).value[0]];
//// byob
return new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' }).constructor.name;
//// byob of a stream that is not of bytes
return new ReadableStream().getReader({ mode: 'byob' });
//// a mode that is none
return new ReadableStream({ type: 'bytes' }).getReader({ mode: 'x' });
//// strategies
return [new CountQueuingStrategy({ highWaterMark: 4 }).highWaterMark, new CountQueuingStrategy({ highWaterMark: 4 }).size(), new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new Uint8Array(7))];
//// order of reads and pulls
const log = []; const s = new ReadableStream({ start() { log.push('start'); }, pull(c) { log.push('pull'); c.enqueue(log.length); } }, { highWaterMark: 0 });
const r = s.getReader(); const a = r.read().then(() => log.push('read 1')); const b = r.read().then(() => log.push('read 2')); await Promise.all([a, b]); return log;

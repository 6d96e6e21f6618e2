//// write and close
const log = []; const w = new WritableStream({ start() { log.push('start'); }, write(x) { log.push(x); }, close() { log.push('close'); } }).getWriter();
w.write(1); w.write(2); await w.close(); return log;
//// ready and desiredSize
const w = new WritableStream({}, { highWaterMark: 2 }).getWriter(); const sizes = [w.desiredSize]; const p = w.write(1); sizes.push(w.desiredSize); const q = w.write(2); sizes.push(w.desiredSize);
await p; await q; sizes.push(w.desiredSize); await w.ready; return sizes;
//// back-pressure
let go; const w = new WritableStream({ write() { return new Promise((r) => { go = r; }); } }).getWriter(); await w.ready; const p = w.write(1); let ready = false;
w.ready.then(() => { ready = true; }); await null; await null; const before = ready; go(); await p; await w.ready; return [before, ready];
//// an exception of write
const w = new WritableStream({ write() { throw new Error('no'); } }).getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); return await w.write(1);
//// what follows a failed write
const w = new WritableStream({ write() { throw new Error('no'); } }).getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); await w.write(1).catch(() => {}); return await w.write(2).catch((e) => e.message);
//// abort
let why; const s = new WritableStream({ abort(r) { why = r; } }); await s.abort('stop'); return [why, await s.getWriter().closed.catch((e) => e)];
//// abort by a writer
const w = new WritableStream().getWriter(); w.closed.catch(() => {}); await w.abort(new Error('x')); return w.write(1).catch((e) => e.message);
//// the controller's signal
let signal; const w = new WritableStream({ start(c) { signal = c.signal; } }).getWriter(); w.closed.catch(() => {}); w.abort('r'); return [signal.aborted, signal.reason];
//// the controller's error
let c; const w = new WritableStream({ start(x) { c = x; } }).getWriter(); c.error(new Error('e')); return w.closed.catch((e) => e.message);
//// an exception of start
return new WritableStream({ start() { throw new Error('s'); } });
//// an exception of close
const w = new WritableStream({ close() { throw new Error('c'); } }).getWriter(); w.closed.catch(() => {}); return await w.close();
//// write after close
const w = new WritableStream().getWriter(); w.close(); return await w.write(1);
//// close after close
const w = new WritableStream().getWriter(); w.close(); return await w.close();
//// a second writer
const s = new WritableStream(); s.getWriter(); return s.getWriter();
//// close while locked
const s = new WritableStream(); s.getWriter(); return await s.close();
//// write after the lock is released
const w = new WritableStream().getWriter(); w.releaseLock(); return await w.write(1);
//// locked
const s = new WritableStream(); const w = s.getWriter(); const a = s.locked; w.releaseLock(); return [a, s.locked];
//// closed resolves
const w = new WritableStream().getWriter(); w.close(); return (await w.closed) === undefined;
//// writes wait for start
const log = []; const w = new WritableStream({ async start() { await null; log.push('started'); }, write(x) { log.push(x); } }).getWriter(); await w.write('a'); return log;
//// a sink that is none
return new WritableStream(5);

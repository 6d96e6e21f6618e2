//// transform
const s = ReadableStream.from(['a', 'b']).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x.toUpperCase()); }, flush(c) { c.enqueue('!'); } }));
const out = []; for await (const x of s) out.push(x); return out;
//// identity
const t = new TransformStream(); const w = t.writable.getWriter(); w.write(1); w.close(); const out = []; for await (const x of t.readable) out.push(x); return out;
//// an exception
const s = ReadableStream.from([1]).pipeThrough(new TransformStream({ transform() { throw new Error('t'); } })); return await s.getReader().read();
//// terminate
const s = ReadableStream.from([1, 2, 3]).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x); if (x === 2) c.terminate(); } })); const out = []; for await (const x of s) out.push(x); return out;
//// write after terminate
const t = new TransformStream({ start(c) { c.terminate(); } }); return await t.writable.getWriter().write(1);
//// error
let c; const t = new TransformStream({ start(x) { c = x; } }); c.error(new Error('e')); return [await t.readable.getReader().read().catch((e) => e.message), await t.writable.getWriter().closed.catch((e) => e.message)];
//// back-pressure
const t = new TransformStream(); const w = t.writable.getWriter(); const p = w.write(1); let done = false; p.then(() => { done = true; });
await new Promise((r) => setTimeout(r, 1)); const before = done; await t.readable.getReader().read(); await p; return [before, done];
//// cancel
let why; const t = new TransformStream({ cancel(r) { why = r; } }); await t.readable.cancel('c'); return why;
//// start enqueues
const t = new TransformStream({ start(c) { c.enqueue('first'); } }); return (await t.readable.getReader().read()).value;
//// text in and out
const s = ReadableStream.from(['é', '€']).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream()); let out = ''; for await (const x of s) out += x; return out;
//// TextDecoderStream joins split characters
const s = ReadableStream.from([new Uint8Array([0xe2, 0x82]), new Uint8Array([0xac])]).pipeThrough(new TextDecoderStream()); const out = []; for await (const x of s) out.push(x); return out.join('|');
//// TextDecoderStream, fatal
const s = ReadableStream.from([new Uint8Array([0xff])]).pipeThrough(new TextDecoderStream('utf-8', { fatal: true })); return await s.getReader().read().catch((e) => e.name);
//// TextEncoderStream joins halves of characters
const s = ReadableStream.from(['\ud83d', '\ude00']).pipeThrough(new TextEncoderStream()); const out = []; for await (const x of s) out.push(...x); return out;
//// IdentityTransformStream
const { readable, writable } = new IdentityTransformStream(); const w = writable.getWriter(); const p = w.write(new Uint8Array([1, 2])); const { value } = await readable.getReader().read(); await p; return [...value];
//// IdentityTransformStream of what is no bytes
return await new IdentityTransformStream().writable.getWriter().write({});
//// FixedLengthStream
const { readable, writable } = new FixedLengthStream(3); const w = writable.getWriter(); w.write(new Uint8Array([1, 2, 3])); w.close(); let n = 0; for await (const x of readable) n += x.length; return n;
//// FixedLengthStream, too many bytes
const { readable, writable } = new FixedLengthStream(1); const r = readable.getReader(); r.read().catch(() => {}); return await writable.getWriter().write(new Uint8Array(2)).catch((e) => e.name);
//// pipeTo
const out = []; await ReadableStream.from([1, 2, 3]).pipeTo(new WritableStream({ write(x) { out.push(x); }, close() { out.push('end'); } })); return out;
//// pipeTo, preventClose
let closed = false; const w = new WritableStream({ close() { closed = true; } }); await ReadableStream.from([1]).pipeTo(w, { preventClose: true }); return [closed, w.locked];
//// pipeTo of an error
let why; const s = new ReadableStream({ start(c) { c.error(new Error('src')); } }); const w = new WritableStream({ abort(r) { why = r.message; } }); return [await s.pipeTo(w).catch((e) => e.message), why];
//// pipeTo to a failing sink
let why; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { why = r.message; } }); return [await s.pipeTo(new WritableStream({ write() { throw new Error('dst'); } })).catch((e) => e.message), why];
//// pipeTo with a signal
const c = new AbortController(); const s = new ReadableStream({ cancel() {} }); const p = s.pipeTo(new WritableStream(), { signal: c.signal }); c.abort(new Error('stop')); return p.catch((e) => e.message);
//// pipeTo with a signal that is aborted
let why; const s = new ReadableStream({ cancel(r) { why = r; } }); return [await s.pipeTo(new WritableStream(), { signal: AbortSignal.abort('now') }).catch((e) => e), why];
//// pipeTo while locked
const s = new ReadableStream(); s.getReader(); return await s.pipeTo(new WritableStream());
//// pipeThrough while locked
const s = new ReadableStream(); s.getReader(); return s.pipeThrough(new TransformStream());
//// pipes in a row
const up = () => new TransformStream({ transform(x, c) { c.enqueue(x + 1); } }); const out = [];
for await (const x of ReadableStream.from([1, 2]).pipeThrough(up()).pipeThrough(up())) out.push(x); return out;
//// gzip there and back
const data = new Uint8Array(10000).fill(7); const s = new Blob([data]).stream().pipeThrough(new CompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip'));
let n = 0; for await (const x of s) n += x.length; return n;
//// deflate formats
const out = {}; for (const f of ['deflate', 'deflate-raw', 'gzip']) { let n = []; for await (const x of new Blob(['hello hello hello']).stream().pipeThrough(new CompressionStream(f))) n.push(...x); out[f] = n.slice(0, 2); } return out;
//// an unknown format
return new CompressionStream('x');
//// invalid compressed data
const d = new DecompressionStream('gzip'); const w = d.writable.getWriter(); w.write(new Uint8Array([1, 2, 3])).catch(() => {}); w.closed.catch(() => {}); return await d.readable.getReader().read();
//// compressed data that is cut off
const d = new DecompressionStream('gzip'); const w = d.writable.getWriter(); w.close().catch(() => {}); w.closed.catch(() => {}); return await d.readable.getReader().read();

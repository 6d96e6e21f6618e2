//// a read of what is queued
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2, 3])); } });
const r = s.getReader({ mode: 'byob' }); const { value, done } = await r.read(new Uint8Array(2)); return [[...value], done];
//// the rest stays
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2, 3])); } });
const r = s.getReader({ mode: 'byob' }); await r.read(new Uint8Array(2)); const { value } = await r.read(new Uint8Array(4));
return [[...value], value.byteLength, value.buffer.byteLength];
//// the buffer moves
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1])); } });
const r = s.getReader({ mode: 'byob' }); const view = new Uint8Array(2); const p = r.read(view); const length = view.byteLength; await p; return length;
//// a part of a buffer
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([7, 8])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint8Array(new ArrayBuffer(8), 3, 4));
return [value.byteOffset, [...value], [...new Uint8Array(value.buffer)]];
//// the kind of view
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 0, 2, 0])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint16Array(2)); return [value.constructor.name, [...value]];
//// elements that are not whole
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 0, 2])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint16Array(2)); return [[...value]];
//// a DataView
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new DataView(new ArrayBuffer(4))); return [value.constructor.name, value.byteLength, value.getUint8(1)];
//// respond
const s = new ReadableStream({ type: 'bytes', pull(c) { const { view } = c.byobRequest; view[0] = 5; view[1] = 6; c.byobRequest.respond(2); } });
const r = s.getReader({ mode: 'byob' }); const { value, done } = await r.read(new Uint8Array(4)); return [[...value], done];
//// respond with another view
const s = new ReadableStream({ type: 'bytes', pull(c) { const { view } = c.byobRequest; const moved = new Uint8Array(view.buffer.transfer(), 0, 1); moved[0] = 9; c.byobRequest.respondWithNewView(moved); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint8Array(4)); return [...value];
//// respond with nothing
let error; const s = new ReadableStream({ type: 'bytes', pull(c) { try { c.byobRequest.respond(0); } catch (e) { error = e.name; c.byobRequest.view[0] = 1; c.byobRequest.respond(1); } } });
const r = s.getReader({ mode: 'byob' }); await r.read(new Uint8Array(4)); return error;
//// respond with too much
let error; const s = new ReadableStream({ type: 'bytes', pull(c) { try { c.byobRequest.respond(5); } catch (e) { error = e.name; c.byobRequest.respond(1); } } });
const r = s.getReader({ mode: 'byob' }); await r.read(new Uint8Array(4)); return error;
//// enqueue for a request
const s = new ReadableStream({ type: 'bytes', pull(c) { c.enqueue(new Uint8Array([1, 2, 3])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint8Array(2)); return [...value];
//// a request after enqueue
let seen; const s = new ReadableStream({ type: 'bytes', pull(c) { const q = c.byobRequest; c.enqueue(new Uint8Array([1])); seen = [q.view, c.byobRequest]; } });
const r = s.getReader({ mode: 'byob' }); await r.read(new Uint8Array(2)); return seen;
//// no request without a reader of that kind
let seen; const s = new ReadableStream({ type: 'bytes', pull(c) { seen = c.byobRequest; c.enqueue(new Uint8Array([1])); } });
await s.getReader().read(); return seen;
//// autoAllocateChunkSize
let size; const s = new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 16, pull(c) { size = c.byobRequest.view.byteLength; c.byobRequest.view[0] = 3; c.byobRequest.respond(1); } });
const { value } = await s.getReader().read(); return [size, [...value], value.buffer.byteLength];
//// autoAllocateChunkSize of none
try { new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 0 }); return 'allowed'; } catch (e) { return e.name; }
//// a closed stream
const s = new ReadableStream({ type: 'bytes', start(c) { c.close(); } });
const r = s.getReader({ mode: 'byob' }); const { value, done } = await r.read(new Uint8Array(4)); return [value.byteLength, value.buffer.byteLength, done];
//// closed while a read waits
let c; const s = new ReadableStream({ type: 'bytes', start(x) { c = x; } });
const r = s.getReader({ mode: 'byob' }); const p = r.read(new Uint8Array(4)); await null; c.close(); c.byobRequest.respond(0);
const { value, done } = await p; return [value.byteLength, done];
//// canceled while a read waits
const s = new ReadableStream({ type: 'bytes' });
const r = s.getReader({ mode: 'byob' }); const p = r.read(new Uint8Array(4)); await r.cancel('x'); const { value, done } = await p; return [value, done];
//// failed while a read waits
let c; const s = new ReadableStream({ type: 'bytes', start(x) { c = x; } });
const r = s.getReader({ mode: 'byob' }); const p = r.read(new Uint8Array(4)); await null; c.error(new Error('bad')); try { await p; } catch (e) { return e.message; }
//// an empty view
const r = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
try { await r.read(new Uint8Array(0)); } catch (e) { return e.name; }
//// what is no view
const r = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
try { await r.read(new ArrayBuffer(4)); } catch (e) { return e.name; }
//// read without a view
const r = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
try { await r.read(); } catch (e) { return e.name; }
//// after the lock is released
const r = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' }); r.releaseLock();
try { await r.read(new Uint8Array(1)); } catch (e) { return e.name; }
//// min
let n = 0; const s = new ReadableStream({ type: 'bytes', pull(c) { n++; c.enqueue(new Uint8Array([n])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint8Array(4), { min: 3 }); return [[...value], n];
//// readAtLeast
let n = 0; const s = new ReadableStream({ type: 'bytes', pull(c) { n++; c.enqueue(new Uint8Array([n])); } });
const r = s.getReader({ mode: 'byob' }); const { value } = await r.readAtLeast(3, new Uint8Array(4)); return [[...value], n];
//// of a blob
const r = new Blob(['hello']).stream().getReader({ mode: 'byob' });
const { value } = await r.read(new Uint8Array(8)); return [...value];
//// tee
const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2])); c.close(); } });
const [a, b] = s.tee(); const r = a.getReader({ mode: 'byob' }), q = b.getReader();
const one = await r.read(new Uint8Array(2)), two = await q.read(), end = await r.read(new Uint8Array(2));
return [[...one.value], [...two.value], end.done];
//// the class
const r = new ReadableStreamBYOBReader(new ReadableStream({ type: 'bytes' }));
return [String(r), typeof r.closed.then, String(ReadableByteStreamController.name)];
//// a locked stream
const s = new ReadableStream({ type: 'bytes' }); s.getReader({ mode: 'byob' });
try { s.getReader({ mode: 'byob' }); } catch (e) { return [e.name, s.locked]; }
//// a request's constructor
try { new ReadableStreamBYOBRequest(); } catch (e) { return e.name; }
//// atLeast
let seen; const s = new ReadableStream({ type: 'bytes', pull(c) { seen = c.byobRequest.atLeast; c.byobRequest.view.fill(1); c.byobRequest.respond(c.byobRequest.view.byteLength); } });
const r = s.getReader({ mode: 'byob' }); await r.read(new Uint8Array(4), { min: 2 }); return seen;

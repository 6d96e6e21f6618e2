//// abort
const c = new AbortController(); const before = c.signal.aborted; c.abort();
return [before, c.signal.aborted, String(c.signal.reason), c.signal.reason.code, c.signal.reason instanceof DOMException];
//// reason
const c = new AbortController(); c.abort('why'); return c.signal.reason;
//// only once
const c = new AbortController(); let n = 0; c.signal.addEventListener('abort', () => n++); c.abort(1); c.abort(2); return [n, c.signal.reason];
//// onabort
const c = new AbortController(); let r; c.signal.onabort = (e) => { r = [e.type, e.target === c.signal]; }; c.abort(); return r;
//// AbortSignal.abort
const s = AbortSignal.abort(); return [s.aborted, s.reason.name];
//// throwIfAborted
AbortSignal.abort(new TypeError('x')).throwIfAborted();
//// throwIfAborted without abort
return new AbortController().signal.throwIfAborted() ?? 'nothing';
//// any
const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]);
const before = s.aborted; b.abort('b'); a.abort('a'); return [before, s.aborted, s.reason];
//// any of one that is aborted
return AbortSignal.any([new AbortController().signal, AbortSignal.abort('x')]).reason;
//// any of none
return AbortSignal.any([]).aborted;
//// any of what is none
return AbortSignal.any([1]);
//// timeout
const s = AbortSignal.timeout(1); await new Promise((r) => s.addEventListener('abort', r)); return [String(s.reason), s.reason.code];
//// timeout without a time
return AbortSignal.timeout();
//// no constructor
return new AbortSignal();
//// const c=new AbortController(); c.signal.onabort=5; return c.signal.onabort
const c=new AbortController(); c.signal.onabort=5; return c.signal.onabort;
//// AbortSignal.abort(undefined).reason.name
return AbortSignal.abort(undefined).reason.name;
//// const c=new AbortController(); c.abort(null); return c.signal.reason
const c=new AbortController(); c.abort(null); return c.signal.reason;

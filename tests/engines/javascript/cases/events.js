//// listeners in order
const t = new EventTarget(), seen = [];
t.addEventListener('a', () => seen.push(1)); t.addEventListener('a', () => seen.push(2));
return [t.dispatchEvent(new Event('a')), seen];
//// the same listener once
const t = new EventTarget(); let n = 0; const f = () => n++;
t.addEventListener('a', f); t.addEventListener('a', f); t.dispatchEvent(new Event('a')); return n;
//// once
const t = new EventTarget(); let n = 0;
t.addEventListener('a', () => n++, { once: true }); t.dispatchEvent(new Event('a')); t.dispatchEvent(new Event('a')); return n;
//// removed
const t = new EventTarget(); let n = 0; const f = () => n++;
t.addEventListener('a', f); t.removeEventListener('a', f); t.dispatchEvent(new Event('a')); return n;
//// removed by a signal
const t = new EventTarget(), c = new AbortController(); let n = 0;
t.addEventListener('a', () => n++, { signal: c.signal }); c.abort(); t.dispatchEvent(new Event('a')); return n;
//// handleEvent
const t = new EventTarget(); const o = { n: 0, handleEvent() { this.n++; } };
t.addEventListener('a', o); t.dispatchEvent(new Event('a')); return o.n;
//// preventDefault
const t = new EventTarget(); t.addEventListener('a', (e) => e.preventDefault());
return [t.dispatchEvent(new Event('a', { cancelable: true })), t.dispatchEvent(new Event('a'))];
//// stopImmediatePropagation
const t = new EventTarget(); let n = 0;
t.addEventListener('a', (e) => { n++; e.stopImmediatePropagation(); }); t.addEventListener('a', () => n++);
t.dispatchEvent(new Event('a')); return n;
//// this, target, currentTarget, phase
const t = new EventTarget(); let r;
t.addEventListener('a', function (e) { r = [this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length]; });
const e = new Event('a'); t.dispatchEvent(e); return [r, e.target === t, e.eventPhase, e.composedPath().length];
//// an exception of a listener
const t = new EventTarget(), seen = [];
t.addEventListener('a', () => { throw new Error('boo'); }); t.addEventListener('a', () => seen.push(1));
try { t.dispatchEvent(new Event('a')); } catch (x) { seen.push(String(x)); } return seen;
//// dispatched while dispatched
const e = new Event('a'), t = new EventTarget(); t.addEventListener('a', () => t.dispatchEvent(e)); return t.dispatchEvent(e);
//// CustomEvent
return [new CustomEvent('a', { detail: 5 }).detail, new CustomEvent('a').type];
//// MessageEvent
const e = new MessageEvent('message', { data: { a: 1 } }); return [e.data, e.type, e instanceof Event];
//// CloseEvent
const e = new CloseEvent('close', { code: 1000, reason: 'r', wasClean: true }); return [e.code, e.reason, e.wasClean];
//// ErrorEvent
const e = new ErrorEvent('error', { message: 'm', error: 5, lineno: 2 }); return [e.message, e.error, e.lineno, e.filename];
//// type is a text
return [new Event(5).type, new Event(null).type];
//// no type
return new Event();
//// a subclass of EventTarget
class Mine extends EventTarget { #n = 1; get n() { return this.#n; } }
const m = new Mine(); let r; m.addEventListener('x', (e) => { r = e.target.n; }); m.dispatchEvent(new Event('x')); return r;
//// flags
const e = new Event('a', { bubbles: true, composed: true, cancelable: true }); return [e.bubbles, e.composed, e.cancelable, e.defaultPrevented];
//// constants
return [Event.AT_TARGET, Event.NONE, new Event('a').BUBBLING_PHASE];
//// const e=new Event('a'); return [e.timeStamp, e.isTrusted, e.returnValue]
const e=new Event('a'); return [e.timeStamp, e.isTrusted, e.returnValue];
//// const t=new EventTarget(); t.addEventListener('a',null); return t.dispatchEvent(
const t=new EventTarget(); t.addEventListener('a',null); return t.dispatchEvent(new Event('a'));
//// const t=new EventTarget(); return t.addEventListener('a',5)
const t=new EventTarget(); return t.addEventListener('a',5);
//// const t=new EventTarget(); return t.dispatchEvent({type:'a'})
const t=new EventTarget(); return t.dispatchEvent({type:'a'});
//// const t=new EventTarget(); return t.addEventListener('a')
const t=new EventTarget(); return t.addEventListener('a');
//// const t=new EventTarget(); const seen=[]; t.addEventListener('a',()=>{seen.push(
const t=new EventTarget(); const seen=[]; t.addEventListener('a',()=>{seen.push(1); t.addEventListener('a',()=>seen.push(2))}); t.dispatchEvent(new Event('a')); return seen;
//// const t=new EventTarget(); const seen=[]; const f=()=>seen.push('f'); t.addEvent
const t=new EventTarget(); const seen=[]; const f=()=>seen.push('f'); t.addEventListener('a',()=>{t.removeEventListener('a',f)}); t.addEventListener('a',f); t.dispatchEvent(new Event('a')); return seen;
//// const t=new EventTarget(); let n=0; const f=()=>n++; t.addEventListener('a',f,tr
const t=new EventTarget(); let n=0; const f=()=>n++; t.addEventListener('a',f,true); t.addEventListener('a',f,false); t.dispatchEvent(new Event('a')); return n;

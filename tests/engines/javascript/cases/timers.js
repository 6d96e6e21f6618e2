//// order
const log = []; await new Promise((done) => { setTimeout(() => { log.push('late'); done(); }, 20); setTimeout(() => log.push('early'), 1); Promise.resolve().then(() => log.push('job')); queueMicrotask(() => log.push('micro')); log.push('now'); }); return log;
//// arguments
return new Promise((r) => setTimeout((a, b) => r([a, b]), 0, 1, 'x'));
//// clearTimeout
const log = []; const t = setTimeout(() => log.push('no'), 1); clearTimeout(t); await new Promise((r) => setTimeout(r, 5)); return log;
//// setInterval
let n = 0; return new Promise((r) => { const i = setInterval(() => { if (++n === 3) { clearInterval(i); r(n); } }, 1); });
//// an id is a number
return typeof setTimeout(() => {}, 0);
//// the callback is no function
return setTimeout('alert(1)', 0);
//// clearTimeout of nothing
return [clearTimeout() === undefined, clearTimeout(12345) === undefined, clearTimeout(null) === undefined];
//// clearTimeout of a text
return clearTimeout('x');
//// this of a callback
return new Promise((r) => setTimeout(function () { 'use strict'; r(this === undefined || this === globalThis); }, 0));
//// scheduler.wait
return (await scheduler.wait(1)) === undefined;
//// scheduler.wait with a signal
return await scheduler.wait(10, { signal: AbortSignal.abort() });
//// the same time, in order
const log = []; await new Promise((done) => { setTimeout(() => log.push(1), 1); setTimeout(() => { log.push(2); done(); }, 1); }); return log;
//// negative and missing times
const log = []; await new Promise((done) => { setTimeout(() => log.push('a'), -5); setTimeout(() => { log.push('b'); done(); }); }); return log;
//// queueMicrotask of what is none
return queueMicrotask(5);
//// Date and performance
return [typeof Date.now(), Math.abs(new Date() - Date.now()) < 1000, performance.timeOrigin, Math.abs(performance.now() - Date.now()) < 1000];
//// Date as a function and a constructor
return [typeof Date(), new Date(2020, 0, 1).getFullYear(), Date.UTC(1970, 0, 1), new Date(0).toISOString(), Date.length, Date.name, new Date() instanceof Date];
//// a subclass of Date
class Mine extends Date { twice() { return 2 * this.getTime(); } } return [new Mine(4).twice(), new Mine() instanceof Date];
//// new Promise(r=>{ const t=setTimeout(()=>r('soon'), 2**31); setTimeout(()=>r('lat
return new Promise(r=>{ const t=setTimeout(()=>r('soon'), 2**31); setTimeout(()=>r('later'), 30) });
//// new Promise(r=>{ const t=setTimeout(()=>r('soon'), Infinity); setTimeout(()=>r('
return new Promise(r=>{ const t=setTimeout(()=>r('soon'), Infinity); setTimeout(()=>r('later'), 30) });
//// new Promise(r=>{ const t=setTimeout(()=>r('soon'), NaN); setTimeout(()=>r('later
return new Promise(r=>{ const t=setTimeout(()=>r('soon'), NaN); setTimeout(()=>r('later'), 30) });
//// queueMicrotask()
return queueMicrotask();
//// setTimeout()
return setTimeout();
//// setInterval(()=>{}, 1) > 0
return setInterval(()=>{}, 1) > 0;

//// eval
return eval('1');
//// indirect eval
return (0, eval)('1');
//// new Function
return new Function('return 1');
//// the constructor of an async function
return (async () => {}).constructor('return 1');
//// the constructor of a generator
return (function* () {}).constructor('yield 1');
//// instanceof Function
return [(() => {}) instanceof Function, typeof Function, Function.prototype === Object.getPrototypeOf(() => {})];
//// navigator
return navigator.userAgent;
//// self
return self === globalThis;
//// there is no window
return [typeof window, typeof document, typeof require];
//// reportError
return typeof reportError;
//// captureStackTrace
const o = {}; Error.captureStackTrace(o); return typeof o.stack;
//// array methods
return [[3, 1, 2].sort(), [1, 2, 3].map((x) => x * 2), [1, [2, [3]]].flat(Infinity), [1, 2, 3].includes(2), [1, 2].concat([3]), [..."ab"].reverse(), Array.prototype.map.call('ab', (x) => x + x)];
//// array methods keep names and lengths
return [Array.prototype.map.name, Array.prototype.map.length, Array.prototype.splice.length];
//// methods of a changed prototype
const { push } = Array.prototype; Array.prototype.push = function () { throw new Error('mine'); };
try { return [new URLSearchParams('a=1&b=2').getAll('a'), [...new URL('https://a/?x=1').searchParams]]; } finally { Array.prototype.push = push; }
//// a changed then
const { then } = Promise.prototype; const s = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } });
Promise.prototype.then = () => { throw new Error('mine'); }; let p; try { p = s.getReader().read(); } finally { Promise.prototype.then = then; } return await p;
//// a changed toString
const { toString } = Object.prototype; Object.prototype.toString = () => 'mine'; try { return [`${new URL('https://a')}`, structuredClone({ a: new Map([[1, 2]]) }).a.size]; } finally { Object.prototype.toString = toString; }
//// a changed iteration of arrays
const it = Array.prototype[Symbol.iterator]; Array.prototype[Symbol.iterator] = function* () { yield 'mine'; };
try { const f = new FormData(); f.append('a', 'b'); return [new URLSearchParams({ a: 'b' }).toString(), f.get('a'), new TextEncoder().encode('x').length]; } finally { Array.prototype[Symbol.iterator] = it; }
//// a changed regular expression
const { exec } = RegExp.prototype; RegExp.prototype.exec = () => { throw new Error('mine'); }; try { return new Blob([], { type: 'A/B' }).type; } finally { RegExp.prototype.exec = exec; }
//// typeof console.log.name
return typeof console.log.name;

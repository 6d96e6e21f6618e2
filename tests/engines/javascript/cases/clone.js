//// plain values
return structuredClone({ a: 1, b: 'two', c: [null, true, undefined], d: { e: -0 } });
//// identity and cycles
const o = { list: [] }; o.self = o; o.list.push(o); const c = structuredClone(o);
return [c !== o, c.self === c, c.list[0] === c];
//// an object twice
const x = {}; const [a, b] = structuredClone([x, x]); return a === b;
//// Date, RegExp, boxes
const c = structuredClone({ d: new Date(5), r: /a/gi, n: new Number(3), s: new String('x'), b: new Boolean(false) });
return [c.d.getTime(), String(c.r), c.r.lastIndex, typeof c.n, c.n + 1, c.s.length, c.b.valueOf()];
//// Map and Set
const c = structuredClone(new Map([['a', new Set([1, { b: 2 }])]])); return [c instanceof Map, [...c.get('a')]];
//// BigInt
return String(structuredClone(10n ** 20n));
//// buffers and views
const b = new Uint8Array([1, 2, 3, 4]); const c = structuredClone({ all: b, part: b.subarray(1, 3), view: new DataView(b.buffer, 2) });
return [[...c.all], [...c.part], c.part.buffer === c.all.buffer, c.view.getUint8(0), c.part.byteOffset];
//// other views
const c = structuredClone([new Float64Array([1.5]), new BigInt64Array([5n]), new Uint8ClampedArray([300])]);
return [c[0][0], String(c[1][0]), c[2][0], c.map((v) => v.constructor.name)];
//// errors
const e = structuredClone(new RangeError('m', { cause: { a: 1 } })); return [e instanceof RangeError, e.name, e.message, e.cause];
//// an error's class of one's own
class Mine extends Error { constructor() { super('m'); this.name = 'Mine'; this.extra = 1; } }
const e = structuredClone(new Mine()); return [e.constructor.name, e.name, e.message, e.extra];
//// a class's instance becomes plain
class A { x = 1; get y() { return 2; } } const c = structuredClone(new A()); return [c.constructor.name, c, c.y];
//// getters are read
return structuredClone({ get a() { return 5; } });
//// symbols and what is not enumerable are left out
return Object.getOwnPropertyNames(structuredClone(Object.defineProperty({ [Symbol('a')]: 1, b: 2 }, 'c', { value: 3 })));
//// holes and properties of arrays
const a = [1, , 3]; a.extra = 'x'; const c = structuredClone(a); return [c.length, 1 in c, c.extra];
//// a function
return structuredClone(() => 1);
//// a symbol
return structuredClone(Symbol('a'));
//// a promise
return structuredClone(Promise.resolve());
//// a WeakMap
return structuredClone(new WeakMap());
//// a function inside
return structuredClone({ a: { b: function named() {} } });
//// a URL
return structuredClone(new URL('https://a'));
//// a Blob
return structuredClone(new Blob(['a']));
//// a DOMException
const e = structuredClone(new DOMException('m', 'AbortError')); return [e instanceof DOMException, e.name, e.code];
//// transfer
const b = new ArrayBuffer(8); const c = structuredClone({ b }, { transfer: [b] }); return [b.byteLength, c.b.byteLength, b.detached];
//// transfer what is none
return structuredClone({}, { transfer: [{}] });
//// a detached buffer
const b = new ArrayBuffer(1); structuredClone(b, { transfer: [b] }); return structuredClone(b);
//// a property named __proto__
const c = structuredClone(JSON.parse('{"__proto__": 5}')); return Object.getOwnPropertyDescriptor(c, '__proto__').value;
//// the prototype is plain
return Object.getPrototypeOf(structuredClone(Object.create(null))) === Object.prototype;
//// arguments
return structuredClone((function () { return arguments; })(1, 2));
//// a resizable buffer
const c = structuredClone(new ArrayBuffer(2, { maxByteLength: 4 })); return [c.resizable, c.maxByteLength, c.byteLength];
//// Map of a cycle
const m = new Map(); m.set(m, m); const c = structuredClone(m); return [...c.keys()][0] === c;
//// structuredClone(new (class Foo extends Map{})([[1,2]])).constructor.name
return structuredClone(new (class Foo extends Map{})([[1,2]])).constructor.name;
//// structuredClone(Object.create({a:1},{b:{value:2,enumerable:true}}))
return structuredClone(Object.create({a:1},{b:{value:2,enumerable:true}}));
//// structuredClone([1,2,3].values())
return structuredClone([1,2,3].values());
//// structuredClone(globalThis)
return structuredClone(globalThis);
//// structuredClone(null)
return structuredClone(null);
//// structuredClone(undefined) === undefined
return structuredClone(undefined) === undefined;
//// structuredClone(new Date(NaN)).getTime()
return structuredClone(new Date(NaN)).getTime();
//// structuredClone(/a/y).flags
return structuredClone(/a/y).flags;
//// structuredClone({get a(){throw new Error('getter')}})
return structuredClone({get a(){throw new Error('getter')}});
//// structuredClone(new Error('a')).stack === undefined
return structuredClone(new Error('a')).stack === undefined;
//// structuredClone(new AggregateError([1],'m')).constructor.name
return structuredClone(new AggregateError([1],'m')).constructor.name;
//// structuredClone(Object.assign(new Error('x'),{name:'TypeError'})) instanceof Typ
return structuredClone(Object.assign(new Error('x'),{name:'TypeError'})) instanceof TypeError;
//// structuredClone(new AbortController().signal)
return structuredClone(new AbortController().signal);
//// structuredClone(new ReadableStream())
return structuredClone(new ReadableStream());
//// typeof structuredClone.length
return typeof structuredClone.length;

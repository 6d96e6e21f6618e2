//// class AAAAAAAAAAAAAAAAAAAAAAAA { b=1 }; return [30,40,45,50,52,54,56,5
class AAAAAAAAAAAAAAAAAAAAAAAA { b=1 }; return [30,40,45,50,52,54,56,58,60,62,64].map(n=>{const o=new AAAAAAAAAAAAAAAAAAAAAAAA(); o.b='x'.repeat(n); return inspect(o).includes('\n')});
//// [30,40,45,50,52,54,56,58,60,62,64,66].map(n=>inspect({b:'x'.repeat(n)}
return [30,40,45,50,52,54,56,58,60,62,64,66].map(n=>inspect({b:'x'.repeat(n)}).includes('\n'));
//// [30,40,45,50,52,54,56,58,60,62,64,66].map(n=>inspect(new Map([[1,'x'.r
return [30,40,45,50,52,54,56,58,60,62,64,66].map(n=>inspect(new Map([[1,'x'.repeat(n)]])).includes('\n'));
//// [30,40,45,50,52,54,56,58,60,62,64,66,68,70].map(n=>inspect(['x'.repeat
return [30,40,45,50,52,54,56,58,60,62,64,66,68,70].map(n=>inspect(['x'.repeat(n)]).includes('\n'));
//// const f=new FormData(); f.append('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','b
const f=new FormData(); f.append('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbb'); return inspect(f);
//// inspect([1,2,3,4,5,6,7,8,9,10])
return inspect([1,2,3,4,5,6,7,8,9,10]);
//// inspect(Array.from({length:30},(_, i)=>i*7))
return inspect(Array.from({length:30},(_, i)=>i*7));
//// inspect(Array.from({length:120},(_, i)=>i))
return inspect(Array.from({length:120},(_, i)=>i));
//// inspect(Array.from({length:27},(_, i)=>'item'+'x'.repeat(i%5)))
return inspect(Array.from({length:27},(_, i)=>'item'+'x'.repeat(i%5)));
//// inspect({a:{b:{c:{d:1}}}})
return inspect({a:{b:{c:{d:1}}}});
//// inspect({a:{b:{c:{}}}})
return inspect({a:{b:{c:{}}}});
//// inspect([[[[1]]]])
return inspect([[[[1]]]]);
//// inspect(new (class Foo extends Map {})([[1,2]]))
return inspect(new (class Foo extends Map {})([[1,2]]));
//// inspect(class A extends Map {})
return inspect(class A extends Map {});
//// inspect(()=>{})
return inspect(()=>{});
//// inspect(function foo(){})
return inspect(function foo(){});
//// inspect(async()=>{})
return inspect(async()=>{});
//// inspect(function*x(){})
return inspect(function*x(){});
//// inspect(Object.assign(function foo(){},{a:1}))
return inspect(Object.assign(function foo(){},{a:1}));
//// inspect(Object.create(null))
return inspect(Object.create(null));
//// inspect(Object.create({a:1}))
return inspect(Object.create({a:1}));
//// inspect(Object.create(class Foo{}.prototype))
return inspect(Object.create(class Foo{}.prototype));
//// inspect({[Symbol('a')]:1, 'b-c':2, get x(){return 1}, set x(v){}, get 
return inspect({[Symbol('a')]:1, 'b-c':2, get x(){return 1}, set x(v){}, get y(){return 1}, set z(v){}});
//// inspect("it's")
return inspect("it's");
//// inspect("it's \"x\"")
return inspect("it's \"x\"");
//// inspect('a\nb\x01\u{1f600}\ud800')
return inspect('a\nb\x01\u{1f600}\ud800');
//// inspect({s:'a\nb'})
return inspect({s:'a\nb'});
//// inspect([,1,,,2])
return inspect([,1,,,2]);
//// inspect([1,2,,])
return inspect([1,2,,]);
//// inspect(Object.assign([1],{a:2}))
return inspect(Object.assign([1],{a:2}));
//// inspect(new Set([1,'a',{b:1}]))
return inspect(new Set([1,'a',{b:1}]));
//// inspect(new Map([[{a:1},new Set([1])]]))
return inspect(new Map([[{a:1},new Set([1])]]));
//// inspect(new Uint8Array([1,2,3]))
return inspect(new Uint8Array([1,2,3]));
//// inspect(new Float64Array(2))
return inspect(new Float64Array(2));
//// inspect(new ArrayBuffer(4))
return inspect(new ArrayBuffer(4));
//// inspect(new DataView(new ArrayBuffer(2),1))
return inspect(new DataView(new ArrayBuffer(2),1));
//// inspect(new Date(0))
return inspect(new Date(0));
//// inspect(new Date(NaN))
return inspect(new Date(NaN));
//// inspect(/a/g)
return inspect(/a/g);
//// inspect([new Number(3), new String('ab'), new Boolean(false), Object(1
return inspect([new Number(3), new String('ab'), new Boolean(false), Object(1n), Object(Symbol('q'))]);
//// inspect(Promise.resolve(5))
return inspect(Promise.resolve(5));
//// inspect(new Promise(()=>{}))
return inspect(new Promise(()=>{}));
//// const o={a:1}; o.self=o; return inspect(o)
const o={a:1}; o.self=o; return inspect(o);
//// const o={a:{}}; o.a.b=o.a; return inspect(o)
const o={a:{}}; o.a.b=o.a; return inspect(o);
//// const a=[]; a.push(a); return inspect(a)
const a=[]; a.push(a); return inspect(a);
//// inspect(new WeakMap())
return inspect(new WeakMap());
//// inspect(Symbol('x'))
return inspect(Symbol('x'));
//// inspect([undefined,null,NaN,-0,1n,true])
return inspect([undefined,null,NaN,-0,1n,true]);
//// inspect(new Proxy({a:1},{}))
return inspect(new Proxy({a:1},{}));
//// inspect(globalThis.Math)
return inspect(globalThis.Math);
//// inspect(JSON)
return inspect(JSON);
//// inspect((function(){return arguments})(1,2))
return inspect((function(){return arguments})(1,2));
//// inspect([1].values())
return inspect([1].values());
//// inspect(new Map([[1,2]]).entries())
return inspect(new Map([[1,2]]).entries());
//// inspect((function*(){})())
return inspect((function*(){})());
//// inspect(new (class Foo { #a=1; b=2; get c(){return 3} })())
return inspect(new (class Foo { #a=1; b=2; get c(){return 3} })());
//// inspect(new (class extends Array {})(3))
return inspect(new (class extends Array {})(3));
//// inspect({a:'x'.repeat(30),b:'y'.repeat(30),c:1})
return inspect({a:'x'.repeat(30),b:'y'.repeat(30),c:1});
//// inspect({a:[{b:{c:{}}}]})
return inspect({a:[{b:{c:{}}}]});
//// inspect({f(){}, g:()=>1, h:class{}, i:Symbol.iterator})
return inspect({f(){}, g:()=>1, h:class{}, i:Symbol.iterator});
//// inspect('x'.repeat(100)+'\n'+'y'.repeat(20))
return inspect('x'.repeat(100)+'\n'+'y'.repeat(20));
//// inspect(['x'.repeat(100)+'\n'+'y'.repeat(20)])
return inspect(['x'.repeat(100)+'\n'+'y'.repeat(20)]);
//// inspect({a:1n,b:-0})
return inspect({a:1n,b:-0});
//// inspect(Object.assign(new Error('m'),{stack:'Error: m\n at x'}))
return inspect(Object.assign(new Error('m'),{stack:'Error: m\n    at x'}));
//// inspect(Object.assign(new Error('m'),{stack:'Error: m\n at x', code:5}
return inspect(Object.assign(new Error('m'),{stack:'Error: m\n    at x', code:5}));
//// inspect([Object.assign(new Error('m'),{stack:'Error: m\n at x'})])
return inspect([Object.assign(new Error('m'),{stack:'Error: m\n    at x'})]);
//// inspect(Object.assign(new Error('m',{cause:'c'}),{stack:'Error: m\n at
return inspect(Object.assign(new Error('m',{cause:'c'}),{stack:'Error: m\n    at x'}));
//// inspect(Object.assign(new Error('m'),{stack:undefined}))
return inspect(Object.assign(new Error('m'),{stack:undefined}));
//// inspect({ toString: undefined, [Symbol.toStringTag]: 'Tag' })
return inspect({ toString: undefined, [Symbol.toStringTag]: 'Tag' });
//// inspect(new (class Foo { get [Symbol.toStringTag]() { return 'bar' } }
return inspect(new (class Foo { get [Symbol.toStringTag]() { return 'bar' } })());
//// inspect({a:1,b:{c:[1,2,3]},d:new Map([['k',{v:1}]])})
return inspect({a:1,b:{c:[1,2,3]},d:new Map([['k',{v:1}]])});
//// inspect({ lines: ['one', 'two'], nested: { deep: { deeper: { deepest: 
return inspect({ lines: ['one', 'two'], nested: { deep: { deeper: { deepest: 1 } } }, when: new Date(0), re: /x/ });
//// inspect(['é', '日本語', '😀', 'a', 'b', 'c', 'd', 'e'])
return inspect(['é', '日本語', '😀', 'a', 'b', 'c', 'd', 'e']);
//// inspect([1.5, -2, 300, 4, 5, 6, 7, 8, 99999])
return inspect([1.5, -2, 300, 4, 5, 6, 7, 8, 99999]);
//// inspect({ a: 1, b: 'two', c: [3], d: { e: null }, f: undefined, g: tru
return inspect({ a: 1, b: 'two', c: [3], d: { e: null }, f: undefined, g: true, h: 10n, i: Symbol('s') });
//// format('%s %d %i %f %j %o %O %c %%', 'a', 1.5, 2.7, '3.1', {a:1}, [1],
return format('%s %d %i %f %j %o %O %c %%', 'a', 1.5, 2.7, '3.1', {a:1}, [1], {b:2}, 'css');
//// format('%s', {a:{b:1}})
return format('%s', {a:{b:1}});
//// format('%s', [1,[2,[3]]])
return format('%s', [1,[2,[3]]]);
//// format('%s', new Date(0))
return format('%s', new Date(0));
//// format('%s', new (class A { toString() { return 'mine' } })())
return format('%s', new (class A { toString() { return 'mine' } })());
//// format('%s %s', 'a')
return format('%s %s', 'a');
//// format('a', 'b', {c:1}, [2], 'd')
return format('a', 'b', {c:1}, [2], 'd');
//// format(1, 'a', '%s')
return format(1, 'a', '%s');
//// format('%d %d', '5', 5n)
return format('%d %d', '5', 5n);
//// format('%i', '42.9px')
return format('%i', '42.9px');
//// format('%x %', 1)
return format('%x %', 1);
//// format('%s', null, undefined, Symbol('a'), 5n, -0)
return format('%s', null, undefined, Symbol('a'), 5n, -0);
//// format('%s', ()=>1)
return format('%s', ()=>1);
//// format('%s', class A{})
return format('%s', class A{});
//// format('%s', new Error('boo')).split('\n')[0]
return format('%s', new Error('boo')).split('\n')[0];
//// format('%o', {f(){}}) 
return format('%o', {f(){}}) ;
//// format('%o', [1,2])
return format('%o', [1,2]);
//// format('%O', {a:{b:{c:{d:1}}}})
return format('%O', {a:{b:{c:{d:1}}}});
//// format('%j', {toJSON(){return 'x'}})
return format('%j', {toJSON(){return 'x'}});
//// format('100%', 1)
return format('100%', 1);
//// format('%%', 1)
return format('%%', 1);
//// format('%%')
return format('%%');
//// format('%s%s', 'a', 'b', 'c')
return format('%s%s', 'a', 'b', 'c');
//// format('%d', {})
return format('%d', {});
//// format('%d', '')
return format('%d', '');
//// format('%f', 'x')
return format('%f', 'x');
//// format()
return format();
//// inspect: classes of the platform
return [new URL('https://a/b?c'), new URLSearchParams('a=1'), new Blob(['x']), new File(['a'], 'b', { lastModified: 3 }), new AbortController(), new TextDecoder(), new ReadableStream(), new WritableStream(), new EventTarget(), performance, crypto].map((x) => inspect(x));
//// inspect: symbols as keys
return inspect({ [Symbol.iterator]: 1, [Symbol('')]: 2 });
//// inspect: accessors
return inspect({ get x() { return 1; }, set x(v) {}, get y() { return 1; }, set z(v) {}, 'b-c': 2 });
//// inspect: what is empty, deep inside
return inspect({ a: { b: { c: [] } }, d: { e: { f: new Map() } }, g: { h: { i: class A {} } } });

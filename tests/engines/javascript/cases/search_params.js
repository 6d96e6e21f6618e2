//// from a text
return [...new URLSearchParams('?a=1&b=2&a=3')];
//// from pairs
return new URLSearchParams([['a', 'b'], ['c', 1]]).toString();
//// from a record
return new URLSearchParams({ a: 'b', c: 2 }).toString();
//// from another
return new URLSearchParams(new URLSearchParams('a=1')).toString();
//// from FormData
const f = new FormData(); f.append('x', 'y'); return new URLSearchParams(f).toString();
//// plus, percent and invalid escapes
return [...new URLSearchParams('a+b=%20%zz&c=%FF&=x&d&&')];
//// characters are escaped
return new URLSearchParams({ 'a b': '~é*-._&=+' }).toString();
//// append, set, delete
const p = new URLSearchParams('a=1&b=2&a=3'); p.append('c', 4); p.set('a', 9); p.delete('b'); return `${p}`;
//// delete and has with a value
const p = new URLSearchParams('a=1&a=2'); p.delete('a', '1'); return [`${p}`, p.has('a', '2'), p.has('a', '1')];
//// get and getAll
const p = new URLSearchParams('a=1&a=2'); return [p.get('a'), p.get('b'), p.getAll('a'), p.getAll('b')];
//// sort by code units
const p = new URLSearchParams('z=1&a=2&\u{1f600}=3&\uffff=4&a=1'); p.sort(); return [...p.keys()];
//// size
return new URLSearchParams('a=1&b=2&a=3').size;
//// forEach
const seen = []; new URLSearchParams('a=1').forEach((v, k, p) => seen.push(v, k, p.size)); return seen;
//// iterators
const p = new URLSearchParams('a=1&b=2');
return [[...p.keys()], [...p.values()], [...p.entries()], p.keys().next(), String(p.keys())];
//// an iterator is live
const p = new URLSearchParams('a=1'); const seen = [];
for (const [k] of p) { seen.push(k); if (seen.length < 3) p.append('n' + seen.length, ''); } return seen;
//// a pair that is none
return new URLSearchParams([['a']]);
//// a pair of three
return new URLSearchParams([['a', 'b', 'c']]);
//// missing argument
return new URLSearchParams().append('a');
//// lone surrogate
return new URLSearchParams({ a: '\ud800' }).toString();
//// null and undefined
return [new URLSearchParams(null).toString(), new URLSearchParams(undefined).toString()];
//// new URLSearchParams('a=1').toString.call({})
return new URLSearchParams('a=1').toString.call({});
//// typeof URLSearchParams.prototype[Symbol.iterator]
return typeof URLSearchParams.prototype[Symbol.iterator];
//// iteration is entries
return URLSearchParams.prototype[Symbol.iterator]===URLSearchParams.prototype.entries;

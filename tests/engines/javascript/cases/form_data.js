//// append, get, getAll, has
const f = new FormData(); f.append('a', '1'); f.append('a', 2); return [f.get('a'), f.getAll('a'), f.has('a'), f.get('b'), f.has('b')];
//// set and delete
const f = new FormData(); f.append('a', 1); f.append('b', 2); f.append('a', 3); f.set('a', 9); f.delete('b'); return [...f];
//// a Blob becomes a File
const f = new FormData(); f.append('f', new Blob(['x'], { type: 'a/b' }), 'n.txt'); const g = f.get('f'); return [g instanceof File, g.name, g.type, await g.text()];
//// a File keeps its name
const f = new FormData(); f.append('f', new File(['x'], 'mine')); return f.get('f').name;
//// iterators
const f = new FormData(); f.append('a', 'b'); return [[...f.keys()], [...f.values()], [...f.entries()]];
//// forEach
const f = new FormData(), seen = []; f.append('a', 'b'); f.forEach((v, k) => seen.push(v, k)); return seen;
//// missing argument
return new FormData().append('a');
//// a Blob without a name
const f = new FormData(); f.append('f', new Blob(['x'])); return f.get('f').name;
//// const f=new FormData(); f.set('a',null); f.set('b',undefined); return [...f]
const f=new FormData(); f.set('a',null); f.set('b',undefined); return [...f];
//// const f=new FormData(); f.set('f', new File(['x'],'old'),'new'); return f.get('f
const f=new FormData(); f.set('f', new File(['x'],'old'),'new'); return f.get('f').name;
//// new FormData([])
return new FormData([]);

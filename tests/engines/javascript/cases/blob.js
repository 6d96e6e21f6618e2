//// parts
const b = new Blob(['a', new Uint8Array([98]), new Blob(['c']), new Uint8Array([100]).buffer, 5]); return [await b.text(), b.size, b.type];
//// type
return [new Blob([], { type: 'Text/HTML' }).type, new Blob([], { type: 'é' }).type];
//// slice
const b = new Blob(['hello']); return [await b.slice(1, 3).text(), await b.slice(-2).text(), await b.slice(3, 1).text(), b.slice(0, 1, 'a/b').type];
//// arrayBuffer and bytes
const b = new Blob(['hi']); return [(await b.arrayBuffer()) instanceof ArrayBuffer, [...(await b.bytes())]];
//// stream
let n = 0; for await (const c of new Blob(['hello']).stream()) n += c.length; return n;
//// the bytes are copied
const a = new Uint8Array([97]); const b = new Blob([a]); a[0] = 98; return b.text();
//// a text is no list
return new Blob('a');
//// lone surrogates
return [...new Uint8Array(await new Blob(['\ud800']).arrayBuffer())];
//// File
const f = new File(['x'], 'n.txt', { type: 'text/plain', lastModified: 5 }); return [f.name, f.type, f.lastModified, f.size, f instanceof Blob];
//// File without a name
return new File(['a']);
//// a File's time
return typeof new File([], 'a').lastModified;
//// a byte order mark in a text
return (await new Blob([new Uint8Array([0xef, 0xbb, 0xbf, 97])]).text()).length;
//// new Blob(['a','b'],{endings:'native'}).size
return new Blob(['a','b'],{endings:'native'}).size;
//// new Blob(new Uint8Array([1,2])).size
return new Blob(new Uint8Array([1,2])).size;
//// new Blob([{toString(){return 'x'}}]).text()
return new Blob([{toString(){return 'x'}}]).text();
//// new Blob(undefined).size
return new Blob(undefined).size;
//// new Blob(null)
return new Blob(null);
//// new Blob({})
return new Blob({});
//// new Blob(new Set(['a','b'])).size
return new Blob(new Set(['a','b'])).size;
//// const b=new Blob(['abc']); return [b.slice(1).size,b.slice(0,-1).size,b.slice(5)
const b=new Blob(['abc']); return [b.slice(1).size,b.slice(0,-1).size,b.slice(5).size,b.slice(NaN).size];
//// const f=new FormData(); f.append('a',new Blob(['x']),'n'); return f.get('a').las
const f=new FormData(); f.append('a',new Blob(['x']),'n'); return f.get('a').lastModified>0;

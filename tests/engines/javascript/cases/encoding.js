//// encode
return [...new TextEncoder().encode('aé€😀\ud800')];
//// encode nothing
return [new TextEncoder().encode().length, new TextEncoder().encode(undefined).length, new TextEncoder().encoding];
//// encodeInto
const b = new Uint8Array(5); const r = new TextEncoder().encodeInto('a€😀', b); return [r, [...b]];
//// encodeInto stops before a character that does not fit
return new TextEncoder().encodeInto('é', new Uint8Array(1));
//// decode
return new TextDecoder().decode(new Uint8Array([0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]));
//// decode a buffer and a view
const b = new Uint8Array([97, 98, 99, 100]);
return [new TextDecoder().decode(b.buffer), new TextDecoder().decode(new DataView(b.buffer, 1, 2)),
  new TextDecoder().decode(b.subarray(2)), new TextDecoder().decode(new Uint16Array(b.buffer))];
//// invalid bytes
return new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62, 0xf0, 0x9f, 0x98]));
//// fatal
return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]));
//// byte order mark
const b = new Uint8Array([0xef, 0xbb, 0xbf, 97]);
return [new TextDecoder().decode(b).length, new TextDecoder('utf-8', { ignoreBOM: true }).decode(b).length];
//// in chunks
const d = new TextDecoder(); const parts = [];
for (const x of [0xf0, 0x9f, 0x98, 0x80]) parts.push(d.decode(new Uint8Array([x]), { stream: true }));
parts.push(d.decode()); return parts;
//// a chunk that is cut off
const d = new TextDecoder(); return [d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode()];
//// byte order mark in chunks
const d = new TextDecoder(); const out = [];
for (const x of [0xef, 0xbb, 0xbf, 97]) out.push(d.decode(new Uint8Array([x]), { stream: true })); return out;
//// labels
return ['utf8', 'UTF-8', ' ascii ', 'latin1', 'utf-16', 'unicode'].map((l) => new TextDecoder(l).encoding);
//// unknown label
return new TextDecoder('bogus');
//// windows-1252
return new TextDecoder('latin1').decode(new Uint8Array([0x80, 0x81, 0xe9]));
//// utf-16
return [new TextDecoder('utf-16le').decode(new Uint8Array([0x61, 0, 0x3d, 0xd8, 0, 0xde])),
  new TextDecoder('utf-16be').decode(new Uint8Array([0, 0x61]))];
//// shift_jis
return new TextDecoder('shift_jis').decode(new Uint8Array([0x93, 0xfa, 0x96, 0x7b]));
//// euc-kr, gbk, big5
return [new TextDecoder('euc-kr').decode(new Uint8Array([0xc7, 0xd1])),
  new TextDecoder('gbk').decode(new Uint8Array([0xd6, 0xd0])),
  new TextDecoder('big5').decode(new Uint8Array([0xa4, 0xa4]))];
//// options are read
const d = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }); return [d.encoding, d.fatal, d.ignoreBOM];
//// decode nothing
return new TextDecoder().decode();
//// decode a text
return new TextDecoder().decode('text');
//// atob and btoa
return [btoa('Hello, ÿ'), atob('SGVsbG8='), atob(' SGVs bG8 '), btoa(''), atob('')];
//// atob of what is no base64
return atob('*');
//// atob of a wrong length
return atob('abcde');
//// atob without padding
return [atob('YQ'), atob('YWI')];
//// atob with too much padding
return atob('YQ===');
//// btoa beyond latin1
return btoa('€');
//// btoa of null
return [btoa(null), btoa(undefined), btoa(12)];
//// ['replacement','iso-2022-kr','hz-gb-2312','x-user-defined','utf-7','utf-32'].map
return ['replacement','iso-2022-kr','hz-gb-2312','x-user-defined','utf-7','utf-32'].map(l=>{ try { return new TextDecoder(l).encoding } catch(e) { return e.name } });
//// new TextDecoder('utf-8').decode(new Uint8Array([0xed,0xa0,0x80]))
return new TextDecoder('utf-8').decode(new Uint8Array([0xed,0xa0,0x80]));
//// new TextDecoder('utf-16le').decode(new Uint8Array([0x00,0xd8,0x41]))
return new TextDecoder('utf-16le').decode(new Uint8Array([0x00,0xd8,0x41]));
//// new TextDecoder('utf-16le').decode(new Uint8Array([0xff,0xfe,0x41,0]))
return new TextDecoder('utf-16le').decode(new Uint8Array([0xff,0xfe,0x41,0]));
//// const d=new TextDecoder('utf-16le'); return [d.decode(new Uint8Array([0x3d]),{st
const d=new TextDecoder('utf-16le'); return [d.decode(new Uint8Array([0x3d]),{stream:true}), d.decode(new Uint8Array([0xd8,0,0xde]),{stream:true}), d.decode()];
//// const d=new TextDecoder('utf-8',{fatal:true}); try { d.decode(new Uint8Array([0x
const d=new TextDecoder('utf-8',{fatal:true}); try { d.decode(new Uint8Array([0xff]),{stream:true}) } catch {} return d.decode(new Uint8Array([97]));
//// const d=new TextDecoder('shift_jis'); return [d.decode(new Uint8Array([0x93]),{s
const d=new TextDecoder('shift_jis'); return [d.decode(new Uint8Array([0x93]),{stream:true}), d.decode(new Uint8Array([0xfa]),{stream:true}), d.decode()];
//// every encoding of one byte
const all = Uint8Array.from({ length: 128 }, (_, i) => i + 128); const out = {};
for (const label of ['ibm866', 'iso-8859-2', 'iso-8859-3', 'iso-8859-4', 'iso-8859-5', 'iso-8859-6', 'iso-8859-7', 'iso-8859-8',
  'iso-8859-8-i', 'iso-8859-10', 'iso-8859-13', 'iso-8859-14', 'iso-8859-15', 'iso-8859-16', 'koi8-r', 'koi8-u', 'macintosh',
  'windows-874', 'windows-1250', 'windows-1251', 'windows-1252', 'windows-1253', 'windows-1254', 'windows-1256', 'windows-1257',
  'windows-1258', 'x-mac-cyrillic', 'x-user-defined']) out[label] = new TextDecoder(label).decode(all);
return out;
//// every pair of bytes of EUC-KR
const d = new TextDecoder('euc-kr'); let all = '';
for (let a = 0x81; a < 0xff; a++) for (let b = 0x40; b < 0xff; b++) all += d.decode(new Uint8Array([a, b]));
return [...new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(all)))].join(' ');
//// the characters of Shift_JIS and GBK
const out = []; for (const [label, leads] of [['shift_jis', [0x81, 0x82, 0x83, 0x88, 0x98, 0xe4]], ['gbk', [0x81, 0xa1, 0xb0, 0xd6, 0xfd]]]) {
  const d = new TextDecoder(label); for (const a of leads) for (let b = 0xb0; b < 0xf0; b++) out.push(d.decode(new Uint8Array([a, b])));
} return out.join('');
//// fatal, in an encoding that takes every byte
return [...new TextDecoder('windows-1252', { fatal: true }).decode(new Uint8Array([0x41, 0x81, 0xff]))].map((c) => c.charCodeAt(0));
//// fatal, in other encodings
return ['windows-1253', 'shift_jis', 'euc-kr', 'utf-16le', 'iso-8859-8'].map((label) => {
  try { return new TextDecoder(label, { fatal: true }).decode(new Uint8Array([0xd2, 0xff, 0xff])); } catch (e) { return e.name; }
});
//// fatal, and again
const d = new TextDecoder('utf-8', { fatal: true }); const out = [];
for (const bytes of [[0xe2, 0x82], [0x41], [0x42]]) try { out.push(d.decode(new Uint8Array(bytes), { stream: true })); } catch (e) { out.push(e.name); }
return out;

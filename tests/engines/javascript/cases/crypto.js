//// digests
const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
const data = new TextEncoder().encode('workers'); const out = {};
for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'MD5']) out[name] = hex(await crypto.subtle.digest(name, data)); return out;
//// digest of a part of a buffer
const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
return hex(await crypto.subtle.digest({ name: 'sha-256' }, new Uint8Array([9, 1, 2]).subarray(1)));
//// unknown digest
return await crypto.subtle.digest('nope', new Uint8Array());
//// digest is a promise, errors too
return crypto.subtle.digest('nope', new Uint8Array()).catch((e) => e.name);
//// HMAC
const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
const e = new TextEncoder(); const k = await crypto.subtle.importKey('raw', e.encode('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
const s = await crypto.subtle.sign('HMAC', k, e.encode('data'));
return [hex(s), await crypto.subtle.verify('HMAC', k, s, e.encode('data')), await crypto.subtle.verify('HMAC', k, s, e.encode('datb'))];
//// the key of an HMAC
const k = await crypto.subtle.importKey('raw', new Uint8Array(20), { name: 'HMAC', hash: { name: 'SHA-512' } }, true, ['verify', 'sign']);
return [k.type, k.extractable, k.algorithm, k.usages];
//// a key as JWK
const k = await crypto.subtle.importKey('jwk', { kty: 'oct', k: 'AQID-_8', alg: 'HS256' }, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
const j = await crypto.subtle.exportKey('jwk', k); return [j.k, j.kty, j.alg, j.ext, [...new Uint8Array(await crypto.subtle.exportKey('raw', k))]];
//// a key that is made
const k = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-384' }, true, ['sign']); return [k.algorithm, (await crypto.subtle.exportKey('raw', k)).byteLength];
//// an empty key
return await crypto.subtle.importKey('raw', new Uint8Array(), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
//// no usages
return await crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-256' }, true, []);
//// a usage that is none of HMAC
return await crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-256' }, true, ['encrypt']);
//// a usage that the key has not
const k = await crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-256' }, true, ['verify']); return await crypto.subtle.sign('HMAC', k, new Uint8Array(1));
//// a key that may not be exported
const k = await crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']); return await crypto.subtle.exportKey('raw', k);
//// an unknown algorithm
return await crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'FOO', hash: 'SHA-256' }, true, ['sign']);
//// an unknown format
return await crypto.subtle.importKey('pkcs8', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
//// timingSafeEqual
return [crypto.subtle.timingSafeEqual(new Uint8Array([1, 2]), new Uint8Array([1, 2])), crypto.subtle.timingSafeEqual(new Uint8Array([1]).buffer, new Uint8Array([2]))];
//// timingSafeEqual of different sizes
return crypto.subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(2));
//// randomUUID
return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID());
//// getRandomValues
const a = new Uint32Array(8); return [crypto.getRandomValues(a) === a, a.some((x) => x !== 0), new Set(a).size > 1];
//// getRandomValues of a part
const a = new Uint8Array(64); crypto.getRandomValues(a.subarray(32)); return [a.slice(0, 32).every((x) => x === 0), a.slice(32).some((x) => x !== 0)];
//// getRandomValues of too much
return crypto.getRandomValues(new Uint8Array(65537));
//// getRandomValues of floats
return crypto.getRandomValues(new Float32Array(1));
//// DigestStream
const d = new crypto.DigestStream('SHA-1'); const w = d.getWriter(); await w.write(new Uint8Array([1, 2])); await w.close();
return [...new Uint8Array(await d.digest)].slice(0, 4);
//// no constructor
return new CryptoKey();
//// crypto.subtle.digest('SHA-256')
return crypto.subtle.digest('SHA-256');
//// await crypto.subtle.digest({name:'SHA-256'}, new DataView(new ArrayBuffer(2))).t
return await crypto.subtle.digest({name:'SHA-256'}, new DataView(new ArrayBuffer(2))).then(b=>b.byteLength);
//// crypto.randomUUID().length
return crypto.randomUUID().length;
//// crypto.getRandomValues([1])
return crypto.getRandomValues([1]);
//// await crypto.subtle.verify('HMAC', await crypto.subtle.importKey('raw', new Uint
return await crypto.subtle.verify('HMAC', await crypto.subtle.importKey('raw', new Uint8Array(1), {name:'HMAC', hash:'SHA-256'}, true, ['verify']), new Uint8Array(3), new Uint8Array(1));
//// await crypto.subtle.sign('AES-GCM', {}, new Uint8Array(1))
return await crypto.subtle.sign('AES-GCM', {}, new Uint8Array(1));
//// await crypto.subtle.sign({name:'HMAC'}, await crypto.subtle.importKey('raw', new
return await crypto.subtle.sign({name:'HMAC'}, await crypto.subtle.importKey('raw', new Uint8Array(1), {name:'HMAC', hash:'MD5'}, true, ['sign']), new Uint8Array(1)).then(b=>b.byteLength);
//// (await crypto.subtle.generateKey({name:'HMAC', hash:'SHA-1'}, true, ['sign'])).a
return (await crypto.subtle.generateKey({name:'HMAC', hash:'SHA-1'}, true, ['sign'])).algorithm.length;
//// await crypto.subtle.importKey('raw', new Uint8Array(1), {name:'HMAC'}, true, ['s
return await crypto.subtle.importKey('raw', new Uint8Array(1), {name:'HMAC'}, true, ['sign']);

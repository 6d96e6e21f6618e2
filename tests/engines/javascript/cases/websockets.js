//// a pair
const pair = new WebSocketPair();
return [Object.keys(pair), Object.values(pair).length, pair[0] instanceof WebSocket, typeof pair[2]];
//// its texts
const pair = new WebSocketPair();
return [String(pair), String(pair[0]), WebSocket.name, WebSocketPair.name];
//// an end before it is accepted
const [one] = Object.values(new WebSocketPair());
return [one.readyState, one.url, one.protocol, one.extensions, one instanceof EventTarget];
//// states
return [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED, new WebSocketPair()[0].OPEN, WebSocket.READY_STATE_OPEN];
//// send before accept
const [one] = Object.values(new WebSocketPair());
try { one.send('x'); } catch (e) { return [e.name, e.message]; }
//// close before accept
const [one] = Object.values(new WebSocketPair());
try { one.close(); } catch (e) { return [e.name, e.message]; }
//// send nothing
const [one] = Object.values(new WebSocketPair()); one.accept();
try { one.send(); } catch (e) { return [e.name, e.message]; }
//// send after close
const [one] = Object.values(new WebSocketPair()); one.accept(); one.close();
try { one.send('x'); } catch (e) { return [e.name, e.message]; }
//// close twice
const [one] = Object.values(new WebSocketPair()); one.accept(); one.close(1000); one.close(1001); return one.readyState;
//// codes
const found = [];
for (const code of [0, 999, 1000, 1004, 1005, 1006, 1015, 2999, 3000, 4999, 5000, 65537]) {
  const [one] = Object.values(new WebSocketPair()); one.accept();
  try { one.close(code); found.push(code); } catch (e) { found.push(`${e.name}: ${e.message}`); }
}
return found;
//// a reason without a code
const [one] = Object.values(new WebSocketPair()); one.accept();
try { one.close(undefined, 'why'); } catch (e) { return [e.name, e.message]; }
//// a long reason
const [one] = Object.values(new WebSocketPair()); one.accept();
try { one.close(1000, 'x'.repeat(124)); } catch (e) { return [e.name, e.message]; }
//// messages between the ends
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const seen = [];
const done = new Promise((resolve) => other.addEventListener('message', (e) => { seen.push(e.data); if (seen.length === 3) resolve(); }));
one.send('a'); one.send(''); one.send(1.5); await done; return seen;
//// text of any kind
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => other.addEventListener('message', (e) => resolve(e.data)));
one.send({ a: 1 }); return await got;
//// surrogates
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => other.addEventListener('message', (e) => resolve(e.data)));
one.send('\ud800x\u0000'); return escape(await got);
//// bytes
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
other.binaryType = 'arraybuffer';
const got = new Promise((resolve) => other.addEventListener('message', (e) => resolve(e.data)));
one.send(new Uint8Array([0, 1, 2, 3]).subarray(1, 3)); const data = await got;
return [data instanceof ArrayBuffer, [...new Uint8Array(data)]];
//// a message's event
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => other.addEventListener('message', resolve));
one.send('x'); const e = await got;
return [e.type, e.data, e instanceof MessageEvent, e.bubbles, e.cancelable, e.target === other, e.lastEventId, e.origin];
//// the close's event
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => other.addEventListener('close', resolve));
one.close(4001, 'why'); const e = await got;
return [e.type, e.code, e.reason, e.wasClean, e instanceof CloseEvent];
//// a close without a code
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => other.addEventListener('close', resolve));
one.close(); const e = await got;
return [e.code, e.reason, e.wasClean];
//// the closer is told too
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const got = new Promise((resolve) => one.addEventListener('close', resolve));
other.addEventListener('close', () => other.close(4002, 'back'));
one.close(4001, 'why'); const e = await got;
return [e.code, one.readyState];
//// messages before the close arrive
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
const seen = [];
const got = new Promise((resolve) => other.addEventListener('close', resolve));
other.addEventListener('message', (e) => seen.push(e.data));
one.send('a'); one.send('b'); one.close(); await got; return seen;
//// messages wait for accept
const [one, other] = Object.values(new WebSocketPair()); one.accept();
one.send('a'); await scheduler.wait(1);
const got = new Promise((resolve) => other.addEventListener('message', (e) => resolve(e.data)));
other.accept(); return await got;
//// removed listeners
const [one, other] = Object.values(new WebSocketPair()); one.accept(); other.accept();
let n = 0; const f = () => n++;
other.addEventListener('message', f); other.removeEventListener('message', f);
const got = new Promise((resolve) => other.addEventListener('message', resolve));
one.send('a'); await got; return n;
//// accept twice
const [one] = Object.values(new WebSocketPair()); one.accept();
try { one.accept(); return 'nothing'; } catch (e) { return [e.name, e.message]; }
//// in a response
const [one, other] = Object.values(new WebSocketPair()); other.accept();
const r = new Response(null, { status: 101, webSocket: one });
return [r.status, r.webSocket === one, r.ok, r.body];
//// in a response with another status
const [one] = Object.values(new WebSocketPair());
try { new Response(null, { webSocket: one }); } catch (e) { return [e.name, e.message]; }
//// no socket
try { return [new Response(null, { status: 101, webSocket: {} })]; } catch (e) { return [e.name, e.message]; }
//// status 101 without a socket
try { return [new Response(null, { status: 101 }).status]; } catch (e) { return [e.name, e.message]; }
//// a response has none
return [new Response('x').webSocket, new Response('x', { webSocket: null }).webSocket];
//// cloned
try { structuredClone(new WebSocketPair()[0]); } catch (e) { return e.name; }
//// attachments
const [one] = Object.values(new WebSocketPair()); one.accept();
const before = one.deserializeAttachment();
one.serializeAttachment({ a: [1, new Date(0)] }); const after = one.deserializeAttachment();
return [before, after.a[0], after.a[1].getTime()];
//// an attachment that is too large
const [one] = Object.values(new WebSocketPair()); one.accept();
try { one.serializeAttachment('x'.repeat(20000)); } catch (e) { return [e.name, e.message]; }
//// a pair of texts
const pair = new WebSocketRequestResponsePair('ping', 'pong');
return [pair.request, pair.response, String(pair)];
//// a pair of texts without one
try { new WebSocketRequestResponsePair('ping'); } catch (e) { return [e.name, e.message]; }

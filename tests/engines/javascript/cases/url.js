//// all parts
const u = new URL('https://user:pa%20ss@Example.COM:8080/a/b/../c?q=1&r=2#frag');
return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname,
  u.search, u.hash];
//// relative to a base
return new URL('../x?y', 'https://a.example/b/c/d').href;
//// default port is left out
return [new URL('http://a:80/').href, new URL('https://a:80/').port];
//// international host
return new URL('https://münchen.example/straße?ü=ä').href;
//// IPv6 and port
const u = new URL('http://[::1]:3000/x'); return [u.host, u.hostname, u.port];
//// IPv4 in other forms
return new URL('http://0x7f.1/').hostname;
//// no authority
const u = new URL('mailto:a@b.example'); return [u.origin, u.pathname, u.host, u.protocol];
//// data URL
const u = new URL('data:text/plain,hi there#x'); return [u.pathname, u.hash, u.origin];
//// opaque path with dots
const u = new URL('web+demo:/.//not-a-host/'); return [u.href, u.pathname, u.host];
//// blob URL has its own origin
return new URL('blob:https://a.example/1234').origin;
//// blob URL of another scheme
return new URL('blob:ftp://a.example/1234').origin;
//// file URL
const u = new URL('file:///c:/a/../b'); return [u.href, u.host, u.origin];
//// invalid
return new URL('not a url');
//// relative without base
return new URL('/path');
//// invalid base
return new URL('/path', 'nope');
//// canParse
return [URL.canParse('https://a'), URL.canParse('a'), URL.canParse('a', 'https://b')];
//// parse
return [URL.parse('https://a')?.href, URL.parse('a')];
//// setters
const u = new URL('https://a.example/b?c#d');
u.protocol = 'http'; u.host = 'b.example:81'; u.pathname = 'x y'; u.search = 'q= 1'; u.hash = 'é';
u.username = 'm@e'; u.password = ':'; return u.href;
//// setters ignore what is invalid
const u = new URL('https://a.example/'); u.port = 'x'; u.protocol = 'foo'; u.hostname = ''; return u.href;
//// port setter takes leading digits
const u = new URL('https://a.example/'); u.port = '8080abc'; return u.href;
//// empty search and hash
const u = new URL('https://a/?#'); return [u.href, u.search, u.hash];
//// href setter
const u = new URL('https://a/'); u.href = 'http://b/c'; return [u.href, u.host];
//// invalid href setter
const u = new URL('https://a/'); u.href = 'nope'; return u.href;
//// searchParams are live
const u = new URL('https://a/?x=1'); const p = u.searchParams;
p.append('y', '2 3'); const first = u.href; u.search = '?z=9'; return [first, [...p], p === u.searchParams];
//// removing the last parameter removes the question mark
const u = new URL('https://a/?x=1'); u.searchParams.delete('x'); return u.href;
//// JSON and text
return JSON.stringify({ u: new URL('https://a') }) + new URL('https://b');
//// tag
return Object.prototype.toString.call(new URL('https://a'));
//// keys of the prototype
return Object.keys(URL.prototype).includes('searchParams');
//// tabs and newlines are taken out
return new URL(' https://a\n/\tb ').href;
//// percent signs stay
return new URL('https://a/%zz?%').href;
//// backslashes
return new URL('https:\\\\a\\b').href;
//// number as a base
return new URL('x', 5);
//// new URL('https://a/?q=a b&c="<>').href
return new URL('https://a/?q=a b&c="<>').href;
//// new URL('https://a/').searchParams.toString.name
return new URL('https://a/').searchParams.toString.name;
//// const u=new URL('https://a/?q=%41+b'); u.searchParams.sort(); return u.href
const u=new URL('https://a/?q=%41+b'); u.searchParams.sort(); return u.href;
//// const u=new URL('https://a/?a=~'); u.searchParams.set('b','c'); return u.href
const u=new URL('https://a/?a=~'); u.searchParams.set('b','c'); return u.href;
//// const u=new URL('https://a/#x'); u.hash=''; return u.href
const u=new URL('https://a/#x'); u.hash=''; return u.href;
//// const u=new URL('data:abc  #x'); u.hash=''; return [u.href,u.pathname]
const u=new URL('data:abc  #x'); u.hash=''; return [u.href,u.pathname];
//// const u=new URL('https://a/b'); u.search='?'; return [u.href,u.search]
const u=new URL('https://a/b'); u.search='?'; return [u.href,u.search];
//// new URL('//b/c','https://a/').href
return new URL('//b/c','https://a/').href;
//// new URL('?x','https://a/b?y#z').href
return new URL('?x','https://a/b?y#z').href;
//// new URL('https://a b/')
return new URL('https://a b/');
//// new URL('https://ex%41mple.com').host
return new URL('https://ex%41mple.com').host;
//// new URL('http://1.2.3').host
return new URL('http://1.2.3').host;
//// new URL('https://a:99999/')
return new URL('https://a:99999/');
//// new URL('javascript:alert(1)').origin
return new URL('javascript:alert(1)').origin;
//// new URL('http://a/%2e%2e/b').href
return new URL('http://a/%2e%2e/b').href;
//// new URL('https://xn--mnchen-3ya.example').hostname
return new URL('https://xn--mnchen-3ya.example').hostname;
//// new URL(undefined)
return new URL(undefined);

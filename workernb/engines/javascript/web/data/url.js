// URL: https://url.spec.whatwg.org/#url-class. The host gives the normal form; its parts are found
// in it when they are asked for.
(function (web) {
  'use strict';
  const { host } = web;
  const { String, TypeError, stringIndexOf, stringLastIndexOf, stringSlice, stringStartsWith } =
    web.primordials;

  function split(href) {
    let rest = href,
      hash = '',
      search = '';
    const hashAt = stringIndexOf(rest, '#');
    if (hashAt !== -1) {
      hash = stringSlice(rest, hashAt);
      rest = stringSlice(rest, 0, hashAt);
    }
    const searchAt = stringIndexOf(rest, '?');
    if (searchAt !== -1) {
      search = stringSlice(rest, searchAt);
      rest = stringSlice(rest, 0, searchAt);
    }
    const schemeEnd = stringIndexOf(rest, ':') + 1;
    const protocol = stringSlice(rest, 0, schemeEnd);
    rest = stringSlice(rest, schemeEnd);
    let username = '',
      password = '',
      hostname = '',
      port = '',
      authority = false;
    if (stringStartsWith(rest, '//')) {
      authority = true;
      const pathAt = stringIndexOf(rest, '/', 2);
      const end = pathAt === -1 ? rest.length : pathAt;
      let netloc = stringSlice(rest, 2, end);
      rest = stringSlice(rest, end);
      const userEnd = stringLastIndexOf(netloc, '@');
      if (userEnd !== -1) {
        username = stringSlice(netloc, 0, userEnd);
        netloc = stringSlice(netloc, userEnd + 1);
        const colon = stringIndexOf(username, ':');
        if (colon !== -1) {
          password = stringSlice(username, colon + 1);
          username = stringSlice(username, 0, colon);
        }
      }
      const portAt = stringLastIndexOf(netloc, ':');
      if (portAt > stringLastIndexOf(netloc, ']')) {
        port = stringSlice(netloc, portAt + 1);
        netloc = stringSlice(netloc, 0, portAt);
      }
      hostname = netloc;
    } else if (stringStartsWith(rest, '/.//')) {
      rest = stringSlice(rest, 2);
    }
    return {
      __proto__: null,
      protocol,
      username,
      password,
      hostname,
      port,
      authority,
      pathname: rest,
      search: search === '?' ? '' : search,
      hash: hash === '#' ? '' : hash,
    };
  }

  const WITH_ORIGIN = { __proto__: null, 'http:': 1, 'https:': 1, 'ws:': 1, 'wss:': 1, 'ftp:': 1 };

  function originOf(parts) {
    if (parts.protocol === 'blob:') {
      const inner = host.parseURL(parts.pathname, null);
      if (inner === null) return 'null';
      const innerParts = split(inner);
      return stringStartsWith(innerParts.protocol, 'http') ? originOf(innerParts) : 'null';
    }
    if (WITH_ORIGIN[parts.protocol] === undefined) return 'null';
    return `${parts.protocol}//${hostOf(parts)}`;
  }
  const hostOf = (parts) =>
    parts.port === '' ? parts.hostname : `${parts.hostname}:${parts.port}`;

  const parse = (url, base) => host.parseURL(String(url), base === undefined ? null : String(base));

  class URL {
    #href;
    #parts = null;
    #query = null;

    constructor(url, base = undefined) {
      if (arguments.length === 0) {
        throw web.wrongArgument('URL', 1, 'string');
      }
      this.#href = parse(url, base);
      if (this.#href === null) throw web.platformError(TypeError, 'INVALID_URL');
    }

    static canParse(url, base = undefined) {
      return parse(url, base) !== null;
    }
    static parse(url, base = undefined) {
      return parse(url, base) === null ? null : new URL(url, base);
    }

    get #split() {
      return (this.#parts ??= split(this.#href));
    }

    #update(href) {
      this.#href = href;
      this.#parts = null;
      if (this.#query !== null) web.replaceQuery(this.#query, stringSlice(this.#split.search, 1));
    }

    #change(part, value) {
      this.#update(host.changeURL(this.#href, part, String(value)));
    }

    get origin() {
      return originOf(this.#split);
    }
    get href() {
      return this.#href;
    }
    set href(value) {
      const href = parse(value);
      if (href === null) {
        throw web.platformError(TypeError, 'URL_HREF');
      }
      this.#update(href);
    }
    get protocol() {
      return this.#split.protocol;
    }
    set protocol(value) {
      this.#change('protocol', value);
    }
    get username() {
      return this.#split.username;
    }
    set username(value) {
      this.#change('username', value);
    }
    get password() {
      return this.#split.password;
    }
    set password(value) {
      this.#change('password', value);
    }
    get host() {
      return hostOf(this.#split);
    }
    set host(value) {
      this.#change('host', value);
    }
    get hostname() {
      return this.#split.hostname;
    }
    set hostname(value) {
      this.#change('hostname', value);
    }
    get port() {
      return this.#split.port;
    }
    set port(value) {
      this.#change('port', value);
    }
    get pathname() {
      return this.#split.pathname;
    }
    set pathname(value) {
      this.#change('pathname', value);
    }
    get search() {
      return this.#split.search;
    }
    set search(value) {
      this.#change('search', value);
    }
    get hash() {
      return this.#split.hash;
    }
    set hash(value) {
      this.#change('hash', value);
    }

    get searchParams() {
      if (this.#query === null) {
        this.#query = new web.URLSearchParams(this.#split.search);
        web.linkQuery(this.#query, () => {
          this.#href = host.changeURL(
            this.#href,
            'search',
            host.writeQuery(web.searchParamsList(this.#query)),
          );
          this.#parts = null;
        });
      }
      return this.#query;
    }

    toJSON() {
      return this.#href;
    }
    toString() {
      return this.#href;
    }

    static {
      web.isURL = (value) => #href in value;
    }
  }

  web.define(URL);
  web.expose({ URL });
});

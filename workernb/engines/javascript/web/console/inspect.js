// Objects as people read them: what console shows of a value, in the form of Node's util.inspect.
(function (web) {
  'use strict';
  const { host } = web;
  const P = web.primordials;
  const {
    arrayIndexOf,
    arrayJoin,
    getOwnPropertyDescriptor,
    getPrototypeOf,
    hasOwn,
    isArray,
    isError,
    keys,
    ownKeys,
    regExec,
    stringIncludes,
    stringIndexOf,
    stringRepeat,
    stringSlice,
    stringSplit,
    symbolToString,
  } = P;
  const { arrange, isIndex, quote, showNumber, showPrimitive } = web.inspecting;
  const { kinds } = web;

  const MAX_ITEMS = 100;
  const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

  // What console shows of a class of ours: the names of its accessors, or its entries.
  const described = new P.WeakMap();
  const description = P.uncurryThis(P.WeakMap.prototype.get);
  const describe = P.uncurryThis(P.WeakMap.prototype.set);
  web.inspectAs = (Class, read) => {
    describe(described, Class.prototype, read);
  };

  const push = (list, item) => {
    list[list.length] = item;
  };
  const spaces = (count) => stringRepeat(' ', count);
  const isSymbol = (key) => typeof key === 'symbol';

  // Classes

  web.constructorName = (value) => {
    for (let at = value; at !== null; at = getPrototypeOf(at)) {
      const found = getOwnPropertyDescriptor(at, 'constructor');
      if (found !== undefined && typeof found.value === 'function') {
        const { name } = found.value;
        if (typeof name === 'string' && name !== '') return name;
      }
    }
    return null;
  };

  function prefixOf(name, tag, fallback, size = '') {
    const shown = name === null ? `[${fallback}${size}: null prototype] ` : `${name}${size} `;
    return tag === '' || tag === name ? shown : `${shown}[${tag}] `;
  }

  function tagOf(value) {
    if (getOwnPropertyDescriptor(value, P.Symbol.toStringTag)?.enumerable) return '';
    const tag = value[P.Symbol.toStringTag];
    return typeof tag === 'string' ? tag : '';
  }

  function showFunction(value, name, tag) {
    const source = P.functionToString(value);
    if (P.stringStartsWith(source, 'class') && P.stringEndsWith(source, '}')) {
      const own = getOwnPropertyDescriptor(value, 'name')?.value;
      let shown = typeof own === 'string' && own !== '' ? `[class ${own}` : '[class (anonymous)';
      const parent = getPrototypeOf(value);
      if (parent?.name) shown += ` extends ${parent.name}`;
      else if (parent === null) shown += ' extends null';
      return `${shown}]`;
    }
    const kind =
      name === 'AsyncFunction' || name === 'GeneratorFunction' || name === 'AsyncGeneratorFunction'
        ? name
        : tag !== '' && name !== tag
          ? tag
          : 'Function';
    const own = getOwnPropertyDescriptor(value, 'name')?.value;
    let shown = `[${kind}${typeof own === 'string' && own !== '' ? `: ${own}` : ' (anonymous)'}]`;
    if (name === null) shown = `[${kind} (null prototype)${own ? `: ${own}` : ' (anonymous)'}]`;
    return shown;
  }

  // Errors: the text of the error, then its stack without our own frames.
  function stackOf(error) {
    let stack;
    try {
      ({ stack } = error);
    } catch {
      stack = undefined;
    }
    const head = headOf(error);
    if (typeof stack !== 'string' || stack === '') return `[${head}]`;
    const lines = stringSplit(stack, '\n');
    let shown = '';
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] === '' || stringIncludes(lines[i], 'workernb:')) continue;
      shown += `\n${lines[i]}`;
    }
    if (P.stringStartsWith(stack, head)) return stringSlice(shown, 1);
    return shown === '' ? `[${head}]` : head + shown;
  }

  function headOf(error) {
    let name = 'Error',
      message = '';
    try {
      name = `${error.name}`;
      message = `${error.message}`;
    } catch {
      /* a getter throws */
    }
    const made = web.constructorName(error);
    if (name === 'Error' && made !== null && made !== 'Error') name = made;
    return message === '' ? name : name === '' ? message : `${name}: ${message}`;
  }

  // Objects

  function show(value, run, level) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      return showPrimitive(value, run);
    }
    if (arrayIndexOf(run.seen, value) !== -1) {
      let number = P.mapGet(run.circular, value);
      if (number === undefined) {
        number = P.mapSize(run.circular) + 1;
        P.mapSet(run.circular, value, number);
      }
      return `[Circular *${number}]`;
    }
    return showObject(value, run, level);
  }

  function visibleKeys(value, run) {
    const names = run.hidden ? ownKeys(value) : keys(value);
    if (run.hidden) return names;
    const all = ownKeys(value);
    for (let i = 0; i < all.length; i++) {
      if (isSymbol(all[i]) && getOwnPropertyDescriptor(value, all[i])?.enumerable)
        push(names, all[i]);
    }
    return names;
  }

  function showObject(value, run, level) {
    const name = web.constructorName(value);
    let tag = '';
    try {
      tag = tagOf(value);
    } catch {
      /* a getter throws */
    }
    const plan = planOf(value, run, name, tag);
    if (plan.keys.length === 0 && (plan.list === undefined || plan.size === 0)) {
      return plan.base ?? `${plan.open}${plan.close}`;
    }
    if (level > run.depth) {
      return `[${stringSlice(prefixOf(name, tag, isArray(value) ? 'Array' : 'Object'), 0, -1)}]`;
    }
    push(run.seen, value);
    run.level = level;
    const output = [];
    if (plan.list !== undefined) plan.list(output, level);
    for (let i = 0; i < plan.keys.length; i++) {
      push(output, showProperty(value, plan.keys[i], run, level));
    }
    run.seen.length -= 1;
    let { open } = plan;
    let base = plan.base ?? '';
    const number = P.mapGet(run.circular, value);
    if (number !== undefined) {
      if (base === '') open = `<ref *${number}> ${open}`;
      else base = `<ref *${number}> ${base}`;
    }
    return arrange(output, { ...plan, open, base }, value, run, level);
  }

  // How an object is shown: what opens and closes it, a base before that, keys, a list of items.
  function planOf(value, run, name, tag) {
    let own = visibleKeys(value, run);
    if (isArray(value)) {
      const plain = name === 'Array' && tag === '';
      const kept = [];
      for (let i = 0; i < own.length; i++) if (!isIndex(own[i])) push(kept, own[i]);
      const prefix = plain ? '' : prefixOf(name, tag, 'Array', `(${value.length})`);
      return {
        open: `${prefix}[`,
        close: ']',
        keys: kept,
        isArray: true,
        size: value.length,
        list: (output, level) => {
          showItems(value, output, run, level);
        },
      };
    }
    if (tag === '' && typeof value === 'object' && P.objectToString(value) === '[object Object]') {
      // None of the built-ins, which have tags or texts of their own: nothing has to be tried.
      return {
        open: name === 'Object' ? '{' : `${prefixOf(name, '', 'Object')}{`,
        close: '}',
        keys: own,
      };
    }
    if (kinds.isSet(value)) {
      return {
        open: `${prefixOf(name, tag, 'Set', `(${P.setSize(value)})`)}{`,
        close: '}',
        keys: own,
        size: P.setSize(value),
        list: (output, level) => {
          run.indent += 2;
          P.setForEach(value, (item) => push(output, show(item, run, level + 1)));
          run.indent -= 2;
        },
      };
    }
    if (kinds.isMap(value)) {
      return {
        open: `${prefixOf(name, tag, 'Map', `(${P.mapSize(value)})`)}{`,
        close: '}',
        keys: own,
        size: P.mapSize(value),
        list: (output, level) => {
          run.indent += 2;
          P.mapForEach(value, (item, key) =>
            push(output, `${show(key, run, level + 1)} => ${show(item, run, level + 1)}`),
          );
          run.indent -= 2;
        },
      };
    }
    if (P.isView(value)) return planOfView(value, run, name, tag, own);
    if (typeof value === 'function') {
      return { open: '{', close: '}', keys: own, base: showFunction(value, name, tag) };
    }
    if (isError(value)) {
      const extra = ['cause', 'errors'];
      for (let i = 0; i < extra.length; i++) {
        if (hasOwn(value, extra[i]) && arrayIndexOf(own, extra[i]) === -1) push(own, extra[i]);
      }
      let base = stackOf(value);
      if (run.indent > 0) base = arrayJoin(stringSplit(base, '\n'), `\n${spaces(run.indent)}`);
      return { open: '{', close: '}', keys: own, base };
    }
    if (kinds.isRegExp(value)) {
      return { open: '{', close: '}', keys: own, base: P.regToString(value) };
    }
    if (kinds.isDate(value)) {
      const time = P.dateGetTime(value);
      const base = P.isNaN(time) ? 'Invalid Date' : P.dateToISOString(value);
      return { open: '{', close: '}', keys: own, base };
    }
    return planOfOther(value, run, name, tag, own);
  }

  function planOfView(value, run, name, tag, own) {
    const kind = P.typedArrayName(value);
    if (kind === undefined) {
      return {
        open: `${prefixOf(name, '', 'DataView')}{`,
        close: '}',
        keys: own,
        list: (output, level) => {
          run.indent += 2;
          push(output, `byteLength: ${P.viewByteLength(value)}`);
          push(output, `byteOffset: ${P.viewByteOffset(value)}`);
          push(output, `buffer: ${show(P.viewBuffer(value), run, level + 1)}`);
          run.indent -= 2;
        },
      };
    }
    const size = P.typedArrayLength(value);
    const kept = [];
    for (let i = 0; i < own.length; i++) if (!isIndex(own[i])) push(kept, own[i]);
    return {
      open: `${prefixOf(name, tag, kind, `(${size})`)}[`,
      close: ']',
      keys: kept,
      isArray: true,
      size,
      list: (output) => {
        for (let i = 0; i < size && i < MAX_ITEMS; i++) push(output, showPrimitive(value[i], run));
        more(output, size);
      },
    };
  }

  function more(output, size) {
    const left = size - MAX_ITEMS;
    if (left > 0) push(output, `... ${left} more item${left > 1 ? 's' : ''}`);
  }

  function planOfOther(value, run, name, tag, own) {
    if (web.isBuffer(value)) {
      return {
        open: `${prefixOf(name, '', 'ArrayBuffer')}{`,
        close: '}',
        keys: own,
        list: (output) => {
          showBuffer(value, output);
        },
      };
    }
    const state = host.promiseState(value);
    if (state !== null) {
      return {
        open: `${prefixOf(name, tag, 'Promise')}{`,
        close: '}',
        keys: own,
        list: (output, level) => {
          run.indent += 2;
          if (state === 'pending') push(output, '<pending>');
          else if (state === 'rejected') push(output, `<rejected> ${host.promiseResult(value)}`);
          else push(output, show(host.promiseResult(value), run, level + 1));
          run.indent -= 2;
        },
      };
    }
    if (kinds.isWeakMap(value) || kinds.isWeakSet(value)) {
      const kind = kinds.isWeakMap(value) ? 'WeakMap' : 'WeakSet';
      return {
        open: `${prefixOf(name, tag, kind)}{`,
        close: '}',
        keys: own,
        list: (output) => push(output, '<items unknown>'),
      };
    }
    const box = showBox(value, own, name);
    if (box !== null) return box;
    return (
      planOfClass(value, run, own, name, tag) ??
      (isArguments(value, tag) ? { open: '[Arguments] {', close: '}', keys: own } : undefined) ?? {
        open: name === 'Object' && tag === '' ? '{' : `${prefixOf(name, tag, 'Object')}{`,
        close: '}',
        keys: own,
      }
    );
  }

  const isArguments = (value, tag) =>
    tag === '' && P.objectToString(value) === '[object Arguments]';

  const BOXES = [
    ['Number', 0],
    ['String', 1],
    ['Boolean', 2],
    ['BigInt', 3],
  ];

  function showBox(value, own, name) {
    let kind, inner;
    for (let i = 0; i < BOXES.length; i++) {
      const read = kinds.boxes[BOXES[i][1]];
      if (read[0](value)) {
        kind = BOXES[i][0];
        inner = read[1](value);
      }
    }
    if (kind === undefined && kinds.isSymbolObject(value)) {
      kind = 'Symbol';
      inner = P.symbolValueOf(value);
    }
    if (kind === undefined) return null;
    const kept = [];
    for (let i = 0; i < own.length; i++)
      if (kind !== 'String' || !isIndex(own[i])) push(kept, own[i]);
    const subclass = name !== null && name !== kind ? ` (${name})` : '';
    const shown =
      kind === 'String'
        ? quote(inner)
        : kind === 'Number'
          ? showNumber(inner)
          : kind === 'BigInt'
            ? `${inner}n`
            : kind === 'Symbol'
              ? symbolToString(inner)
              : `${inner}`;
    return { open: '{', close: '}', keys: kept, base: `[${kind}${subclass}: ${shown}]` };
  }

  function planOfClass(value, run, own, name, tag) {
    let read;
    for (
      let at = getPrototypeOf(value);
      at !== null && read === undefined;
      at = getPrototypeOf(at)
    ) {
      read = description(described, at);
    }
    if (read === undefined) return null;
    let parts;
    try {
      parts = read(value);
    } catch {
      return null;
    }
    const { entries = [], fields = [] } = parts;
    const size = parts.entries === undefined ? '' : `(${entries.length})`;
    return {
      open: `${prefixOf(name, tag, 'Object', size)}{`,
      close: '}',
      keys: own,
      size: entries.length + fields.length,
      isOurs: true,
      list: (output, level) => {
        run.indent += 2;
        for (let i = 0; i < entries.length; i++) {
          push(
            output,
            `${show(entries[i][0], run, level + 1)} => ${show(entries[i][1], run, level + 1)}`,
          );
        }
        for (let i = 0; i < fields.length; i++) {
          push(output, `${fields[i][0]}: ${show(fields[i][1], run, level + 1)}`);
        }
        run.indent -= 2;
      },
    };
  }

  function showBuffer(buffer, output) {
    if (P.isDetached(buffer)) {
      push(output, '(detached)');
      push(output, 'byteLength: 0');
      return;
    }
    const bytes = new P.Uint8Array(buffer),
      size = P.byteLengthOf(buffer);
    const shown = [];
    for (let i = 0; i < size && i < 50; i++) {
      push(shown, P.stringPadStart(P.numberToString(bytes[i], 16), 2, '0'));
    }
    const left = size > 50 ? ` ... ${size - 50} more byte${size > 51 ? 's' : ''}` : '';
    push(output, `[Uint8Contents]: <${arrayJoin(shown, ' ')}${left}>`);
    push(output, `byteLength: ${size}`);
  }

  function showItems(value, output, run, level) {
    const size = value.length;
    let shown = 0,
      i = 0,
      next = 0,
      names;
    // The next index that there is: an array of holes may be longer than can be walked.
    const nextIndex = () => {
      names ??= keys(value);
      while (next < names.length && isIndex(names[next]) && +names[next] < i) next += 1;
      return next < names.length && isIndex(names[next]) ? +names[next] : size;
    };
    for (; i < size && shown < MAX_ITEMS; i++) {
      shown += 1;
      if (hasOwn(value, i)) {
        push(output, showProperty(value, i, run, level, true));
        continue;
      }
      const holes = nextIndex() - i;
      i += holes - 1;
      push(output, `<${holes} empty item${holes > 1 ? 's' : ''}>`);
    }
    if (i < size) push(output, `... ${size - i} more item${size - i > 1 ? 's' : ''}`);
  }

  function showProperty(value, key, run, level, isItem = false) {
    const property = getOwnPropertyDescriptor(value, key) ?? {
      value: value[key],
      enumerable: true,
    };
    let shown;
    if (property.get !== undefined) {
      shown = property.set === undefined ? '[Getter]' : '[Getter/Setter]';
    } else if (property.set !== undefined) {
      shown = '[Setter]';
    } else {
      run.indent += 2;
      shown = show(property.value, run, level + 1);
      run.indent -= 2;
    }
    return isItem ? shown : `${showKey(key, property.enumerable)}: ${shown}`;
  }

  function showKey(key, enumerable) {
    if (isSymbol(key)) return enumerable ? symbolToString(key) : `[${symbolToString(key)}]`;
    if (key === '__proto__') return "['__proto__']";
    if (!enumerable) return `[${key}]`;
    return regExec(IDENTIFIER, key) === null ? quote(key) : key;
  }

  web.inspect = (value, { depth = 2, showHidden = false } = {}) => {
    const run = {
      depth: depth === null ? Infinity : depth,
      hidden: showHidden,
      indent: 0,
      level: 0,
      seen: [],
      circular: new P.Map(),
    };
    try {
      return show(value, run, 0);
    } catch (error) {
      if (P.isError(error) && getPrototypeOf(error) === P.RangeError.prototype) throw error;
      return `[${typeof value} that cannot be shown]`;
    }
  };

  // Our classes: their accessors, those of a subclass before those of its base.
  const accessors = (Class) => {
    const names = [];
    for (let at = Class.prototype; at !== P.Object.prototype; at = getPrototypeOf(at)) {
      const own = ownKeys(at);
      for (let i = 0; i < own.length; i++) {
        if (getOwnPropertyDescriptor(at, own[i]).get !== undefined) push(names, own[i]);
      }
    }
    return names;
  };
  web.inspectFields = (Class, extra = () => []) => {
    const names = accessors(Class);
    web.inspectAs(Class, (value) => {
      const fields = [];
      for (let i = 0; i < names.length; i++) push(fields, [names[i], value[names[i]]]);
      const others = extra(value);
      for (let i = 0; i < others.length; i++) push(fields, others[i]);
      return { fields };
    });
  };
});

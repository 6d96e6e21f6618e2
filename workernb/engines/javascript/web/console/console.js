// console: https://console.spec.whatwg.org/. It makes texts, which the host keeps.
(function (web) {
  'use strict';
  const { host, inspect } = web;
  const P = web.primordials;
  const {
    arrayJoin,
    hasOwn,
    keys,
    mapDelete,
    mapGet,
    mapHas,
    mapSet,
    Map,
    Number,
    String,
    stringIncludes,
    stringIndexOf,
    stringSlice,
    stringSplit,
    stringReplaceAll,
  } = P;

  const plain = (value) => (typeof value === 'string' ? value : inspect(value));

  // Whether String(value) is a text that the value's own class makes.
  function hasOwnText(value) {
    const { toString } = value;
    return (
      typeof toString === 'function' &&
      !stringIncludes(P.functionToString(toString), '[native code]')
    );
  }

  const asText = (value) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number') return value === 0 && 1 / value < 0 ? '-0' : `${value}`;
    if (value === null || typeof value !== 'object') {
      return typeof value === 'symbol' ? P.symbolToString(value) : String(value);
    }
    return hasOwnText(value) ? String(value) : inspect(value, { depth: 0 });
  };
  const asNumber = (value, convert) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'symbol') return 'NaN';
    return asText(convert(value));
  };
  const CONVERSIONS = {
    __proto__: null,
    s: asText,
    d: (value) => (value !== null && typeof value === 'object' ? 'NaN' : asNumber(value, Number)),
    i: (value) =>
      value !== null && typeof value === 'object' ? 'NaN' : asNumber(value, P.parseInt),
    f: (value) => (typeof value === 'symbol' ? 'NaN' : asText(P.parseFloat(value))),
    j: (value) => {
      try {
        return `${P.stringify(value)}`;
      } catch {
        return '[Circular]';
      }
    },
    o: (value) => inspect(value, { depth: 4, showHidden: true }),
    O: (value) => inspect(value),
    c: () => '',
  };

  web.format = (values) => {
    if (values.length === 0) return '';
    let used = 1;
    let text = plain(values[0]);
    if (typeof values[0] === 'string' && values.length > 1) {
      const form = text;
      let from = 0;
      text = '';
      for (let at = stringIndexOf(form, '%'); at !== -1; at = stringIndexOf(form, '%', at)) {
        const letter = form[at + 1];
        if (letter === '%') {
          text += stringSlice(form, from, at + 1);
        } else if (
          letter !== undefined &&
          CONVERSIONS[letter] !== undefined &&
          used < values.length
        ) {
          text += stringSlice(form, from, at) + CONVERSIONS[letter](values[used]);
          used += 1;
        } else {
          at += 1;
          continue;
        }
        at += 2;
        from = at;
      }
      text += stringSlice(form, from);
    }
    for (let i = used; i < values.length; i++) text += ` ${plain(values[i])}`;
    return text;
  };

  const counts = new Map(),
    timers = new Map();
  let indent = '';

  const write = (level, text) => {
    if (indent !== '') text = indent + stringReplaceAll(text, '\n', `\n${indent}`);
    host.log(level, text);
  };
  const openGroup = (values) => {
    if (values.length > 0) write('log', web.format(values));
    indent += '  ';
  };
  const labelOf = (label) => (label === undefined ? 'default' : String(label));

  function elapsed(label) {
    const milliseconds = host.now() - mapGet(timers, label);
    if (milliseconds >= 1000) return `${P.numberToFixed(milliseconds / 1000, 3)}s`;
    const isWhole = milliseconds === P.trunc(milliseconds);
    return `${isWhole ? milliseconds : P.numberToFixed(milliseconds, 3)}ms`;
  }

  function needTimer(label, method) {
    if (mapHas(timers, label)) return true;
    write('warn', `No such label '${label}' for console.${method}()`);
    return false;
  }

  // Tables: a row an item, a column a name that an item has.
  const cellOf = (value) => inspect(value, { depth: 0 });

  function rowsOf(data) {
    const rows = [];
    const add = (index, value) => {
      rows[rows.length] = { index, value };
    };
    if (web.kinds.isMap(data)) {
      let number = 0;
      P.mapForEach(data, (value, key) => {
        add(`${number++}`, { __proto__: null, Key: key, Values: value });
      });
    } else if (web.kinds.isSet(data)) {
      let number = 0;
      P.setForEach(data, (value) => {
        add(`${number++}`, value);
      });
    } else {
      const names = keys(data);
      for (let i = 0; i < names.length; i++) add(names[i], data[names[i]]);
    }
    return rows;
  }

  function tableOf(data, wanted) {
    const rows = rowsOf(data),
      columns = [],
      cells = [];
    let hasValues = false;
    for (let i = 0; i < rows.length; i++) {
      const { index, value } = rows[i];
      const row = { __proto__: null, index, names: { __proto__: null }, value: '' };
      if (value === null || typeof value !== 'object') {
        row.value = cellOf(value);
        hasValues = true;
      } else {
        const names = wanted ?? keys(value);
        for (let j = 0; j < names.length; j++) {
          if (P.arrayIndexOf(columns, names[j]) === -1) columns[columns.length] = names[j];
          if (hasOwn(value, names[j])) row.names[names[j]] = cellOf(value[names[j]]);
        }
      }
      cells[cells.length] = row;
    }
    const head = ['(index)'];
    for (let i = 0; i < columns.length; i++) head[head.length] = columns[i];
    if (hasValues) head[head.length] = 'Values';
    const lines = [];
    for (let i = 0; i < cells.length; i++) {
      const line = [cells[i].index];
      for (let j = 0; j < columns.length; j++) line[line.length] = cells[i].names[columns[j]] ?? '';
      if (hasValues) line[line.length] = cells[i].value;
      lines[lines.length] = line;
    }
    return draw(head, lines);
  }

  function draw(head, lines) {
    const widths = [];
    for (let column = 0; column < head.length; column++) {
      widths[column] = head[column].length + 2;
      for (let i = 0; i < lines.length; i++) {
        widths[column] = P.max(widths[column], lines[i][column].length + 2);
      }
    }
    const rule = (left, middle, right) => {
      let text = left;
      for (let i = 0; i < widths.length; i++) {
        text += P.stringRepeat('─', widths[i]) + (i === widths.length - 1 ? right : middle);
      }
      return text;
    };
    const row = (values) => {
      let text = '│';
      for (let i = 0; i < values.length; i++)
        text += `${P.stringPadEnd(` ${values[i]}`, widths[i])}│`;
      return text;
    };
    const shown = [rule('┌', '┬', '┐'), row(head), rule('├', '┼', '┤')];
    for (let i = 0; i < lines.length; i++) shown[shown.length] = row(lines[i]);
    shown[shown.length] = rule('└', '┴', '┘');
    return arrayJoin(shown, '\n');
  }

  // Where console.trace was called: the stack without our own frames.
  function traceLines() {
    const lines = stringSplit(new P.Error().stack, '\n');
    let text = '';
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] !== '' && !stringIncludes(lines[i], 'workernb:')) text += `\n${lines[i]}`;
    }
    return text;
  }

  const console = {
    debug(...values) {
      write('debug', web.format(values));
    },
    error(...values) {
      write('error', web.format(values));
    },
    info(...values) {
      write('info', web.format(values));
    },
    log(...values) {
      write('log', web.format(values));
    },
    warn(...values) {
      write('warn', web.format(values));
    },
    dir(value, options) {
      write('log', inspect(value, options ?? {}));
    },
    dirxml(...values) {
      write('log', web.format(values));
    },
    table(data, columns) {
      if (data === null || typeof data !== 'object') write('log', plain(data));
      else write('log', tableOf(data, columns));
    },
    trace(...values) {
      const text = web.format(values);
      write('debug', `Trace${text === '' ? '' : `: ${text}`}${traceLines()}`);
    },
    group(...values) {
      openGroup(values);
    },
    groupCollapsed(...values) {
      openGroup(values);
    },
    groupEnd() {
      indent = stringSlice(indent, 2);
    },
    clear() {},
    count(label) {
      label = labelOf(label);
      const count = (mapGet(counts, label) ?? 0) + 1;
      mapSet(counts, label, count);
      write('log', `${label}: ${count}`);
    },
    countReset(label) {
      label = labelOf(label);
      if (!mapDelete(counts, label)) write('warn', `Count for '${label}' does not exist`);
    },
    assert(condition, ...values) {
      if (condition) return;
      const text = web.format(values);
      write('error', text === '' ? 'Assertion failed' : `Assertion failed: ${text}`);
    },
    profile() {},
    profileEnd() {},
    time(label) {
      label = labelOf(label);
      if (mapHas(timers, label))
        write('warn', `Label '${label}' already exists for console.time()`);
      else mapSet(timers, label, host.now());
    },
    timeLog(label, ...values) {
      label = labelOf(label);
      if (!needTimer(label, 'timeLog')) return;
      const text = values.length === 0 ? '' : ` ${web.format(values)}`;
      write('log', `${label}: ${elapsed(label)}${text}`);
    },
    timeEnd(label) {
      label = labelOf(label);
      if (!needTimer(label, 'timeEnd')) return;
      write('log', `${label}: ${elapsed(label)}`);
      mapDelete(timers, label);
    },
    timeStamp() {},
    context() {
      return console;
    },
  };
  P.defineProperty(console, P.Symbol.toStringTag, { value: 'console', configurable: true });
  web.expose({ console });
});

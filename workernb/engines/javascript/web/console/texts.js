// Primitive values as inspect shows them, and how wide a text is.
(function (web) {
  'use strict';
  const P = web.primordials;
  const {
    arrayJoin,
    regExec,
    stringIncludes,
    stringIndexOf,
    stringRepeat,
    stringSlice,
    symbolToString,
  } = P;

  const BREAK = 80,
    MAX_TEXT = 10000;
  const TO_ESCAPE = /[\x00-\x1f'\\\x7f-\x9f\ud800-\udfff]/;
  const push = (list, item) => {
    list[list.length] = item;
  };
  const spaces = (count) => stringRepeat(' ', count);

  const ESCAPES = {
    __proto__: null,
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\f': '\\f',
    '\r': '\\r',
    '\\': '\\\\',
  };

  function quote(text) {
    if (regExec(TO_ESCAPE, text) === null) return `'${text}'`;
    let mark = "'";
    if (stringIncludes(text, "'")) {
      if (!stringIncludes(text, '"')) mark = '"';
      else if (!stringIncludes(text, '`') && !stringIncludes(text, '${')) mark = '`';
    }
    let quoted = mark;
    for (let i = 0; i < text.length; i++) {
      const character = text[i],
        code = P.stringCharCodeAt(text, i);
      if (character === mark) quoted += `\\${mark}`;
      else if (ESCAPES[character] !== undefined) quoted += ESCAPES[character];
      else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        quoted += `\\x${P.stringPadStart(P.stringToUpperCase(P.numberToString(code, 16)), 2, '0')}`;
      } else if (code >= 0xd800 && code < 0xe000 && !isPaired(text, i, code)) {
        quoted += `\\u${P.numberToString(code, 16)}`;
      } else quoted += character;
    }
    return quoted + mark;
  }

  function isPaired(text, i, code) {
    const other = P.stringCharCodeAt(text, code < 0xdc00 ? i + 1 : i - 1);
    return code < 0xdc00 ? other >= 0xdc00 && other < 0xe000 : other >= 0xd800 && other < 0xdc00;
  }

  function showText(text, run) {
    let rest = '';
    if (text.length > MAX_TEXT) {
      const more = text.length - MAX_TEXT;
      rest = `... ${more} more character${more > 1 ? 's' : ''}`;
      text = stringSlice(text, 0, MAX_TEXT);
    }
    if (text.length > 16 && text.length > BREAK - run.indent - 4 && stringIncludes(text, '\n')) {
      const lines = [];
      let from = 0;
      while (from < text.length) {
        const end = stringIndexOf(text, '\n', from);
        push(lines, quote(stringSlice(text, from, end === -1 ? text.length : end + 1)));
        from = end === -1 ? text.length : end + 1;
      }
      return arrayJoin(lines, ` +\n${spaces(run.indent + 2)}`) + rest;
    }
    return quote(text) + rest;
  }

  const showNumber = (number) => (number === 0 && 1 / number < 0 ? '-0' : `${number}`);

  function showPrimitive(value, run) {
    switch (typeof value) {
      case 'string':
        return showText(value, run);
      case 'number':
        return showNumber(value);
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return symbolToString(value);
      default:
        return `${value}`;
    }
  }

  // Width of a text in a terminal's columns: wide characters have two, marks that combine none.
  function widthOf(text) {
    let width = 0;
    for (let i = 0; i < text.length; i++) {
      const code = P.stringCodePointAt(text, i);
      if (code > 0xffff) i += 1;
      if (code >= 0x300 && code < 0x370) continue;
      const wide =
        code >= 0x1100 &&
        (code <= 0x115f ||
          (code >= 0x2e80 && code <= 0xa4cf) ||
          (code >= 0xac00 && code <= 0xd7a3) ||
          (code >= 0xf900 && code <= 0xfaff) ||
          (code >= 0xfe30 && code <= 0xfe6f) ||
          (code >= 0xff00 && code <= 0xff60) ||
          (code >= 0x1f300 && code <= 0x1faff) ||
          code >= 0x20000);
      width += wide ? 2 : 1;
    }
    return width;
  }

  function isIndex(key) {
    return (
      typeof key === 'string' && regExec(/^(0|[1-9][0-9]*)$/, key) !== null && +key < 2 ** 32 - 1
    );
  }

  web.inspecting = { __proto__: null, isIndex, quote, showNumber, showPrimitive, widthOf };
});

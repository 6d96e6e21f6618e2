// How inspect arranges what it shows of an object: in a line, in columns, or one to a line.
(function (web) {
  'use strict';
  const P = web.primordials;
  const { arrayJoin, stringIncludes, stringRepeat } = P;
  const { widthOf } = web.inspecting;

  const BREAK = 80,
    COMPACT = 3,
    MAX_ITEMS = 100;
  const push = (list, item) => {
    list[list.length] = item;
  };
  const spaces = (count) => stringRepeat(' ', count);

  // Lines: many short items in columns, few in one line, others one to a line.
  function arrange(output, { base, open, close, isArray, isOurs }, value, run, level) {
    const lines = isArray && output.length > 6 ? inColumns(output, value, run) : output;
    const head = base === '' ? '' : `${base} `;
    if (run.level - level < COMPACT && lines.length === output.length) {
      // The name of a class of ours is not counted, since the platform does not.
      let total = 2 * lines.length + run.indent + (isOurs ? 1 : open.length) + base.length + 10;
      for (let i = 0; i < lines.length; i++) total += lines[i].length;
      if (total <= BREAK && !stringIncludes(base, '\n')) {
        const joined = arrayJoin(lines, ', ');
        if (!stringIncludes(joined, '\n')) return `${head}${open} ${joined} ${close}`;
      }
    }
    const indent = `\n${spaces(run.indent)}`;
    return `${head}${open}${indent}  ${arrayJoin(lines, `,${indent}  `)}${indent}${close}`;
  }

  function inColumns(output, array, run) {
    const more = output.length > MAX_ITEMS ? 1 : 0;
    const count = output.length - more;
    const widths = [];
    let total = 0,
      widest = 0;
    for (let i = 0; i < count; i++) {
      widths[i] = widthOf(output[i]);
      total += widths[i] + 2;
      widest = P.max(widest, widths[i]);
    }
    const cell = widest + 2;
    if (cell * 3 + run.indent >= BREAK || !(total / cell > 5 || widest <= 6)) return output;
    // Columns so that the block is about two and a half times as wide as it is high. Cells are
    // counted a little narrower the more the widths differ.
    const narrowed = P.max(cell - 3 - P.sqrt(cell - total / output.length), 1);
    const columns = P.min(
      P.round(P.sqrt(2.5 * narrowed * count) / narrowed),
      P.floor((BREAK - run.indent) / cell),
      COMPACT * 4,
      15,
    );
    if (columns <= 1) return output;
    const columnWidths = [];
    for (let column = 0; column < columns; column++) {
      let width = 0;
      for (let i = column; i < count; i += columns) width = P.max(width, widths[i]);
      columnWidths[column] = width + 2;
    }
    const toRight = areNumbers(array, count);
    const rows = [];
    for (let from = 0; from < count; from += columns) {
      const to = P.min(from + columns, count);
      let row = '';
      for (let i = from; i < to; i++) {
        const isLast = i === to - 1;
        const text = isLast ? output[i] : `${output[i]}, `;
        const width = columnWidths[i - from] + output[i].length - widths[i] - (isLast ? 2 : 0);
        row += toRight
          ? P.stringPadStart(text, width)
          : isLast
            ? text
            : P.stringPadEnd(text, width);
      }
      push(rows, row);
    }
    if (more) push(rows, output[count]);
    return rows;
  }

  function areNumbers(array, count) {
    for (let i = 0; i < count; i++) {
      const type = typeof array[i];
      if (type !== 'number' && type !== 'bigint') return false;
    }
    return true;
  }

  web.inspecting.arrange = arrange;
});

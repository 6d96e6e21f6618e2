// Zooms and pans the time axis of a request's CPU. At the whole length the kernel's picture is shown;
// a part of it is drawn here, on a canvas over the axis, from the slices that the replay has.
// Returns { place, draw, stop }: the x (in the picture) of a moment or null, and functions.
function createZoom(frame, bar, getReplay, getMoment) {
  const MAX_ZOOM = 20000;
  const canvas = document.createElement("canvas");
  canvas.className = "wb-zoom";
  canvas.setAttribute("aria-hidden", "true");
  const reset = createButton("wb-button wb-reset", bar);
  reset.textContent = "Whole request";
  reset.hidden = true;
  const hint = createElement("span", "wb-time", bar);
  hint.textContent = "double click or + zooms";
  let begin = 0, zoom = 1, drag = null, queued = 0, painted = 0;

  const span = () => (getReplay().length || 0) / zoom;
  const svg = () => frame.querySelector("svg");
  // The size of a pixel of the picture in the page.
  const ratio = () => svg().getBoundingClientRect().width / svg().viewBox.baseVal.width;

  function attach() {
    frame.append(canvas);
    if (zoom > (getReplay().length ? MAX_ZOOM : 1)) zoom = 1;
    set(begin, zoom);
  }

  // Shows the part of the axis that begins at a moment (ms), at a zoom from 1 on.
  function set(newBegin, newZoom) {
    const length = getReplay().length || 0;
    zoom = Math.min(Math.max(newZoom, 1), MAX_ZOOM);
    begin = Math.min(Math.max(newBegin, 0), length - length / zoom);
    reset.hidden = zoom === 1;
    hint.hidden = !length;
    hint.textContent = zoom === 1 ? "double click or + zooms" : "drag or arrows move, wheel or + − zoom";
    drawSoon();
  }

  function drawSoon() {
    if (!queued) queued = requestAnimationFrame(() => { queued = 0; draw(); });
  }

  // Zooms by a factor so that a moment stays where it is.
  const zoomAt = (moment, factor) => {
    const next = Math.min(Math.max(zoom * factor, 1), MAX_ZOOM);
    set(moment - ((moment - begin) * zoom) / next, next);
  };

  const place = (moment) => {
    const { left = 0, scale = 0 } = getReplay();
    return zoom === 1 ? left + moment * scale : null;
  };

  function draw() {
    canvas.hidden = zoom === 1 || !svg();
    if (canvas.hidden) return;
    const { left, scale, top, bottom, length, laneHeight } = getReplay();
    const k = ratio(), dots = window.devicePixelRatio || 1;
    const width = length * scale, height = bottom - top + 20;
    Object.assign(canvas.style, {
      left: `${(left - 4) * k}px`, top: `${top * k}px`,
      width: `${(width + 8) * k}px`, height: `${height * k}px`,
    });
    canvas.width = Math.round((width + 8) * k * dots);
    canvas.height = Math.round(height * k * dots);
    const context = canvas.getContext("2d"), style = getComputedStyle(frame);
    const color = (role) => style.getPropertyValue(`--wb-${role}`);
    context.setTransform(k * dots, 0, 0, k * dots, 4 * k * dots, -top * k * dots);
    context.fillStyle = color("card");
    context.fillRect(-4, top, width + 8, height);
    context.beginPath();
    context.rect(0, top, width, height);
    context.clip();
    paintTicks(context, color, width);
    paintLanes(context, color, width, top + 6, laneHeight);
    const moment = getMoment();
    if (moment > 0) {
      context.fillStyle = color("glow");
      context.fillRect(((moment - begin) / span()) * width - 0.8, top, 1.6, bottom - top);
    }
    painted += 1;
    canvas.dataset.painted = String(painted);
  }

  function paintTicks(context, color, width) {
    const { top, bottom } = getReplay();
    const rough = span() / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((one) => power * one >= rough);
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    context.font = "11px system-ui, sans-serif";
    for (let number = Math.ceil(begin / step); number * step <= begin + span(); number += 1) {
      const x = ((number * step - begin) / span()) * width;
      context.fillStyle = color("faint");
      context.fillRect(x - 0.5, top, 1, bottom - top);
      context.fillStyle = color("muted");
      context.fillText((number * step).toFixed(digits), x - 3, bottom + 14);
    }
  }

  function paintLanes(context, color, width, top, laneHeight) {
    const { begins, ends, lanes, roles, spans, marks } = getReplay();
    const at = (moment) => ((moment - begin) / span()) * width;
    const bar = (from, to, y, height, role) => {
      const x = Math.max(at(from), -2), right = Math.min(at(to), width + 2);
      if (right < 0 || x > width) return;
      context.fillStyle = role;
      context.fillRect(x, y, Math.max(right - x, 1), height);
    };
    const faint = color("faint"), palette = roles.map(color);
    spans.forEach(([from, to], row) => bar(from, to, top + laneHeight * row + 13, 2, faint));
    // Of slices in one lane that share a pixel, the first stands for all.
    let low = 0, high = begins.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] < begin) low = middle + 1; else high = middle;
    }
    const last = new Map(), pixel = span() / width / 2;
    for (let index = low; index < begins.length && begins[index] <= begin + span(); index += 1) {
      const row = lanes[index];
      if (ends[index] - (last.get(row) ?? -Infinity) < pixel) continue;
      last.set(row, ends[index]);
      bar(begins[index], ends[index], top + laneHeight * row + 6, 16, palette[row]);
    }
    for (const [from, to, row, y, height, role] of marks) {
      bar(from, to, top + laneHeight * row + y, height, color(role));
    }
  }

  // Returns the moment under the pointer, or null beside the axis.
  function momentAt(event) {
    const { left, scale, top, bottom, length } = getReplay();
    if (!length || !svg()) return null;
    const box = svg().getBoundingClientRect();
    const x = (event.clientX - box.left) / ratio() - left, y = (event.clientY - box.top) / ratio();
    if (y < top || y > bottom + 20 || x < 0 || x > length * scale) return null;
    return begin + (x / (length * scale)) * span();
  }

  const handlers = {
    wheel: (event) => {
      const moment = momentAt(event);
      if (moment === null || (zoom === 1 && !event.ctrlKey && document.activeElement !== frame)) return;
      event.preventDefault();
      zoomAt(moment, event.deltaY < 0 ? 1.25 : 0.8);
    },
    dblclick: (event) => {
      const moment = momentAt(event);
      if (moment !== null) zoomAt(moment, event.shiftKey ? 0.25 : 4);
    },
    pointerdown: (event) => {
      if (zoom === 1 || momentAt(event) === null) return;
      drag = { x: event.clientX, begin };
      frame.setPointerCapture?.(event.pointerId);
    },
    pointermove: (event) => {
      if (!drag) return;
      const { scale, length } = getReplay();
      set(drag.begin - ((event.clientX - drag.x) / (length * scale * ratio())) * span(), zoom);
    },
    pointerup: () => { drag = null; },
    pointercancel: () => { drag = null; },
    keydown: (event) => {
      const middle = begin + span() / 2, step = span() / 10;
      const actions = {
        "+": () => zoomAt(middle, 2), "=": () => zoomAt(middle, 2), "-": () => zoomAt(middle, 0.5),
        ArrowLeft: () => set(begin - step, zoom), ArrowRight: () => set(begin + step, zoom),
        0: () => set(0, 1), Home: () => set(0, 1), Escape: () => set(0, 1),
      };
      if (!actions[event.key] || event.target !== frame) return;
      event.preventDefault();
      actions[event.key]();
    },
  };
  frame.tabIndex = 0;
  frame.setAttribute("aria-label", "Time axis: + and - zoom, arrows move, 0 shows the whole request");
  for (const [name, handler] of Object.entries(handlers)) {
    frame.addEventListener(name, handler, { passive: false });
  }
  reset.addEventListener("click", () => set(0, 1));
  const resized = new ResizeObserver(drawSoon);
  resized.observe(frame);
  return {
    attach, place, draw: drawSoon,
    stop: () => { resized.disconnect(); cancelAnimationFrame(queued); },
  };
}


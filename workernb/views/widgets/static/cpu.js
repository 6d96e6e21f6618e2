// One request's thread. The kernel draws it; here the replay moves: a line at the moment, and the
// lane of who holds the thread.
function render({ model, el }) {
  el.classList.add("workernb");
  keepKeys(el);
  const silence = element("div", "wb-silence", el);
  silence.setAttribute("role", "status");
  silence.hidden = true;
  const frame = element("div", "wb-scroll", el);
  const controls = element("div", "wb-replay", el);
  const play = element("button", "wb-button", controls);
  play.type = "button";
  const slider = element("input", "wb-slider", controls);
  slider.type = "range";
  slider.min = 0;
  slider.max = 1000;
  slider.setAttribute("aria-label", "Replay: the moment of the request, in ms");
  const now = element("output", "wb-now", controls);
  let cursor, playing = 0, sent = 0, later = 0;

  const replay = () => model.get("replay");
  const length = () => replay().length || 0;

  function draw() {
    const svg = show(frame, model.get("picture"));
    cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cursor.setAttribute("class", "wb-cursor");
    svg.append(cursor);
    for (const row of frame.querySelectorAll("[data-request]")) {
      row.setAttribute("tabindex", "0");
      row.setAttribute("role", "button");
      row.setAttribute("aria-label", row.querySelector("title").textContent);
      row.addEventListener("click", () => choose(row));
      row.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(row); }
      });
    }
    move();
  }

  function choose(row) {
    model.set("chosen", Number(row.dataset.request));
    model.save_changes();
  }

  // The slice that holds the thread at a moment: the last one that has begun, if it has not ended.
  function holder(moment) {
    const { begins = [], ends = [], lanes = [] } = replay();
    let low = 0, high = begins.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (begins[middle] <= moment) low = middle + 1; else high = middle;
    }
    return low > 0 && moment < ends[low - 1] ? lanes[low - 1] : -1;
  }

  function move() {
    const moment = Math.min(model.get("moment"), length());
    const lane = holder(moment);
    const { left = 0, scale = 0, top = 0, bottom = 0, names = [] } = replay();
    const x = left + moment * scale;
    cursor.setAttribute("d", length() ? `M${x} ${top}V${bottom}` : "");
    frame.querySelectorAll("[data-lane]").forEach((row) =>
      row.classList.toggle("wb-holds", Number(row.dataset.lane) === lane));
    slider.value = length() ? (1000 * moment) / length() : 0;
    const who = lane < 0 ? "nobody: all wait" : names[lane];
    now.textContent = `${moment.toFixed(2)} ms · ${who}`;
    slider.setAttribute("aria-valuetext", now.textContent);
    controls.hidden = !length();
    play.textContent = playing ? "❚❚ Pause" : "▶ Replay";
  }

  // The kernel is told 20 times a second at most, and of the last moment always.
  function go(moment) {
    model.set("moment", moment);
    clearTimeout(later);
    const wait = Math.max(0, 50 - (Date.now() - sent));
    later = setTimeout(() => { sent = Date.now(); model.save_changes(); }, wait);
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    move();
  }

  slider.addEventListener("input", () => {
    const moment = (slider.value / 1000) * length();
    stop();
    go(moment);
  });
  play.addEventListener("click", () => {
    if (playing) return stop();
    const step = length() / 120;
    if (model.get("moment") >= length()) go(0);
    playing = setInterval(() => {
      const next = model.get("moment") + step;
      go(Math.min(next, length()));
      if (next >= length()) stop();
    }, 50);
    move();
  });

  draw();
  model.on("change:picture", draw);
  model.on("change:replay", move);
  model.on("change:moment", move);
  const leave = watch(model, el, silence);
  const unhide = hideStill(el);
  return () => {
    leave();
    unhide();
    stop();
    clearTimeout(later);
    model.off("change:picture", draw);
    model.off("change:replay", move);
    model.off("change:moment", move);
  };
}
export default { render };

// A request's CPU. The kernel draws the picture; the script replays it: a line marks the moment, and
// the lane that uses the thread at that moment is highlighted.
function render({ model, el }) {
  const { message, frame } = createFrame(el);
  const controls = createElement("div", "wb-replay", el);
  const play = createButton("wb-button", controls);
  const slider = createElement("input", "wb-slider", controls);
  slider.type = "range";
  slider.min = 0;
  slider.max = 1000;
  slider.setAttribute("aria-label", "Replay: the moment of the request, in ms");
  const output = createElement("output", "wb-now", controls);
  const { bar, stop: stopBar } = createBar(el, model, message);
  const zoom = createZoom(frame, bar, () => model.get("replay"), () => model.get("moment"));
  let cursor, playTimer = 0, lastSent = 0, sendTimer = 0;

  const replay = () => model.get("replay");
  const length = () => replay().length || 0;

  function draw() {
    const svg = show(frame, model.get("picture"));
    cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cursor.setAttribute("class", "wb-cursor");
    svg.append(cursor);
    zoom.attach();
    controls.style.maxWidth = svg.getAttribute("width") + "px";
    for (const row of frame.querySelectorAll("[data-request]")) {
      makeClickable(row, () => choose(Number(row.dataset.request)));
    }
    update();
  }

  function choose(number) {
    model.set("chosen", number);
    model.save_changes();
  }

  // Returns the lane that uses the thread at a moment, or -1: that of the last slice that has begun,
  // unless the slice has ended.
  function laneAt(moment) {
    const { begins = [], ends = [], lanes = [] } = replay();
    let low = 0, high = begins.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (begins[middle] <= moment) low = middle + 1; else high = middle;
    }
    return low > 0 && moment < ends[low - 1] ? lanes[low - 1] : -1;
  }

  // Shows the moment of the replay.
  function update() {
    const moment = Math.min(model.get("moment"), length());
    const lane = moment > 0 ? laneAt(moment) : -1;
    const { top = 0, bottom = 0, names = [] } = replay();
    const x = zoom.place(moment);
    zoom.draw();
    cursor.setAttribute("d", moment > 0 && x !== null ? `M${x} ${top}V${bottom}` : "");
    frame.querySelectorAll("[data-lane]").forEach((row) =>
      row.classList.toggle("wb-holds", Number(row.dataset.lane) === lane));
    slider.value = length() ? (1000 * moment) / length() : 0;
    const holder = moment <= 0 ? "press Replay, or drag" : lane < 0 ? "nobody: all wait" : names[lane];
    output.textContent = `${moment.toFixed(2)} ms · ${holder}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    controls.hidden = !length();
    const slower = duration() / Math.max(length(), 1e-6);
    play.title = slower > 1.05 ? `${slower.toPrecision(2)} times slower than it was`
      : slower < 0.95 ? `${(1 / slower).toPrecision(2)} times faster than it was` : "As fast as it was";
    play.textContent = playTimer ? "❚❚ Pause" : "▶ Replay";
  }

  // Sets the moment. The kernel gets it at most 20 times a second, and always the last one.
  function setMoment(moment) {
    model.set("moment", moment);
    clearTimeout(sendTimer);
    const wait = Math.max(0, 50 - (Date.now() - lastSent));
    sendTimer = setTimeout(() => { lastSent = Date.now(); model.save_changes(); }, wait);
  }

  // Returns how long (ms) a replay takes: as the request did, but from 3 s to 20 s.
  const duration = () => Math.min(Math.max(length(), 3000), 20000);

  function stop() {
    clearInterval(playTimer);
    playTimer = 0;
    update();
  }

  slider.addEventListener("input", () => {
    const moment = (slider.value / 1000) * length();
    stop();
    setMoment(moment);
  });
  play.addEventListener("click", () => {
    if (playTimer) return stop();
    const step = (50 * length()) / duration();
    if (model.get("moment") >= length()) setMoment(0);
    playTimer = setInterval(() => {
      const next = model.get("moment") + step;
      setMoment(Math.min(next, length()));
      if (next >= length()) stop();
    }, 50);
    update();
  });

  draw();
  const cleanups = [
    stopBar,
    zoom.stop,
    listen(model, { "change:picture": draw, "change:replay": update, "change:moment": update }),
    watch(model, el, message),
  ];
  return () => {
    cleanups.forEach((cleanup) => cleanup());
    stop();
    clearTimeout(sendTimer);
  };
}
export default { render };

// The live graph. The kernel draws it (`picture`) and sends, 20 times a second at most, what has
// changed: texts, the fill of nodes, arrows that are under way. Nothing is worked out here.
function render({ model, el }) {
  el.classList.add("workernb");
  keepKeys(el);
  const silence = element("div", "wb-silence", el);
  silence.setAttribute("role", "status");
  silence.hidden = true;
  const frame = element("div", "wb-scroll", el);
  const tidy = element("button", "wb-button wb-tidy", el);
  tidy.type = "button";
  tidy.textContent = "Tidy up";
  tidy.title = "Lay the graph out anew: nodes keep their places otherwise";
  tidy.addEventListener("click", () => model.send({ tidy: true }));
  let origin = null;
  let parts = {}, nodes = [], arrows = [], timers = new Map();

  function draw() {
    const svg = show(frame, model.get("picture"));
    // What has its place keeps it on the screen too when the picture grows to the left or up.
    const { x, y } = svg.viewBox.baseVal;
    if (origin) frame.scrollBy(origin.x - x, origin.y - y);
    origin = { x, y };
    parts = Object.fromEntries([...frame.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    nodes = [...frame.querySelectorAll("[data-node]")];
    arrows = [...frame.querySelectorAll("[data-from]")];
    for (const node of nodes) {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", node.querySelector("title").textContent);
      node.addEventListener("pointerenter", () => near(node.dataset.node));
      node.addEventListener("pointerleave", () => near(null));
      node.addEventListener("focus", () => near(node.dataset.node));
      node.addEventListener("blur", () => near(null));
      node.addEventListener("click", () => choose(node));
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node); }
      });
    }
    mark();
  }

  // Who is bound to the node that the mouse or the keyboard is at, and to whom it is bound.
  function near(name) {
    frame.classList.toggle("wb-aside", name !== null);
    const close = new Set([name]);
    for (const arrow of arrows) {
      const { from, to } = arrow.dataset;
      const touches = from === name || to === name;
      arrow.classList.toggle("wb-near", touches);
      if (touches) close.add(from).add(to);
    }
    for (const node of nodes) node.classList.toggle("wb-near", close.has(node.dataset.node));
  }

  function choose(node) {
    const name = node.dataset.node;
    model.set("selected", model.get("selected") === name ? "" : name);
    model.save_changes();
  }

  function mark() {
    for (const node of nodes) {
      const { node: name } = node.dataset;
      node.classList.toggle("wb-lit", name !== "" && name === model.get("lit"));
      const selected = name !== "" && name === model.get("selected");
      node.classList.toggle("wb-selected", selected);
      node.setAttribute("aria-pressed", String(selected));
    }
  }

  function move(message) {
    for (const [part, text] of Object.entries(message.texts ?? {})) {
      if (parts[part]) parts[part].textContent = text;
    }
    for (const [part, width] of Object.entries(message.widths ?? {})) {
      parts[part]?.setAttribute("width", width);
    }
    if (message.busy) {
      const busy = new Set(message.busy);
      for (const arrow of arrows) arrow.classList.toggle("wb-busy", busy.has(arrow.dataset.arrow));
      for (const node of nodes) node.classList.toggle("wb-busy", busy.has(node.dataset.node));
    }
    for (const arrow of arrows) {
      if (!message.passed?.includes(arrow.dataset.arrow)) continue;
      arrow.classList.add("wb-passed");
      clearTimeout(timers.get(arrow));
      timers.set(arrow, setTimeout(() => arrow.classList.remove("wb-passed"), 700));
    }
  }

  draw();
  model.on("change:picture", draw);
  model.on("change:lit", mark);
  model.on("change:selected", mark);
  model.on("msg:custom", move);
  const stop = watch(model, el, silence);
  const unhide = hideStill(el);
  return () => {
    stop();
    unhide();
    timers.forEach(clearTimeout);
    model.off("change:picture", draw);
    model.off("change:lit", mark);
    model.off("change:selected", mark);
    model.off("msg:custom", move);
  };
}
export default { render };

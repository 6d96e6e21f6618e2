// The live graph. The kernel draws it (`picture`) and sends the changes, at most 20 times a second:
// the texts, the widths of the nodes' fills, and the active arrows and nodes.
function render({ model, el }) {
  const { message, frame } = createFrame(el);
  const beside = createElement("div", "wb-beside", el);
  beside.append(frame);
  const page = createElement("section", "wb-page jp-RenderedHTMLCommon", beside);
  page.setAttribute("aria-label", "What was clicked");
  const { bar, stop } = createBar(el, model, message);
  const tidy = createButton("wb-button wb-tidy", bar);
  tidy.textContent = "Tidy up";
  tidy.title = "Lay the graph out anew: nodes keep their places otherwise";
  tidy.addEventListener("click", () => model.send({ tidy: true }));
  let origin = null, parts = {}, nodes = [], arrows = [];
  const timers = new Map();

  function draw() {
    const svg = show(frame, model.get("picture"));
    // Scroll so that the nodes stay in place when the picture grows to the left or upwards.
    const { x, y } = svg.viewBox.baseVal;
    if (origin) frame.scrollBy(origin.x - x, origin.y - y);
    origin = { x, y };
    parts = Object.fromEntries([...frame.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    nodes = [...frame.querySelectorAll("[data-node]")];
    arrows = [...frame.querySelectorAll("[data-from]")];
    for (const node of nodes) {
      makeClickable(node, () => select(node.dataset.node));
      for (const event of ["pointerenter", "focus"]) {
        node.addEventListener(event, () => showNeighbours(node.dataset.node));
      }
      for (const event of ["pointerleave", "blur"]) {
        node.addEventListener(event, () => showNeighbours(null));
      }
    }
    mark();
  }

  // Fades everything except the node under the pointer or with the focus, and its neighbours.
  function showNeighbours(name) {
    frame.classList.toggle("wb-aside", name !== null);
    const names = new Set([name]);
    for (const arrow of arrows) {
      const { from, to } = arrow.dataset;
      const connected = from === name || to === name;
      arrow.classList.toggle("wb-near", connected);
      if (connected) names.add(from).add(to);
    }
    for (const node of nodes) node.classList.toggle("wb-near", names.has(node.dataset.node));
  }

  function select(name) {
    model.set("selected", model.get("selected") === name ? "" : name);
    model.save_changes();
  }

  // Marks the node that is highlighted and the one that is selected.
  function mark() {
    for (const node of nodes) {
      const { node: name } = node.dataset;
      node.classList.toggle("wb-lit", name !== "" && name === model.get("lit"));
      const selected = name !== "" && name === model.get("selected");
      node.classList.toggle("wb-selected", selected);
      node.setAttribute("aria-pressed", String(selected));
    }
  }

  // Applies the changes that the kernel has sent.
  function update({ texts = {}, widths = {}, busy, passed = [] }) {
    for (const [part, text] of Object.entries(texts)) {
      if (parts[part]) parts[part].textContent = text;
    }
    for (const [part, width] of Object.entries(widths)) parts[part]?.setAttribute("width", width);
    if (busy) {
      const active = new Set(busy);
      for (const arrow of arrows) arrow.classList.toggle("wb-busy", active.has(arrow.dataset.arrow));
      for (const node of nodes) node.classList.toggle("wb-busy", active.has(node.dataset.node));
    }
    for (const arrow of arrows) {
      if (!passed.includes(arrow.dataset.arrow)) continue;
      arrow.classList.add("wb-passed");
      clearTimeout(timers.get(arrow));
      timers.set(arrow, setTimeout(() => arrow.classList.remove("wb-passed"), 700));
    }
  }

  // The page of the selected node, as it was when it was clicked. The kernel escapes its texts.
  function showPage() {
    page.innerHTML = model.get("page");
    page.hidden = !page.innerHTML;
    if (page.hidden) return;
    const close = createButton("wb-button wb-close", page);
    close.textContent = "✕";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => select(model.get("selected")));
    page.prepend(close);
  }

  const showTidy = () => { tidy.hidden = !model.get("live"); };

  draw();
  showTidy();
  showPage();
  const cleanups = [
    stop,
    listen(model, {
      "change:picture": draw, "change:lit": mark, "change:selected": mark, "msg:custom": update,
      "change:live": showTidy, "change:page": showPage,
    }),
    watch(model, el, message),
  ];
  return () => {
    cleanups.forEach((cleanup) => cleanup());
    timers.forEach((timer) => clearTimeout(timer));
  };
}
export default { render };

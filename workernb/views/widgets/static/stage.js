// Shows a widget in the place of its still picture, in every output that has it. The output holds the
// still picture alone, so a notebook that is opened without its kernel shows that, and no error.
const STILLS = ".jp-RenderedSVG img";
const GONE = "The kernel was restarted or has ended: this is the still picture. "
  + "Run the cell again for one with controls.";
const KEPT_MS = 30000;

function initialize({ model }) {
  const mark = model.get("mark");
  const places = new Map();
  let alive = true, timer = 0;

  function look() {
    timer = 0;
    if (!alive) return;
    for (const image of document.querySelectorAll(STILLS)) {
      if (!(image.getAttribute("src") ?? "").slice(0, 1000).includes(mark)) continue;
      image.style.maxWidth = "100%";
      const output = image.closest(".jp-OutputArea-output");
      if (output && !places.has(output)) show(output);
    }
    // A notebook takes outputs out of the page while they are out of sight.
    for (const [output, place] of places) {
      place.gone = output.isConnected ? 0 : place.gone || Date.now();
      if (place.gone && Date.now() - place.gone > KEPT_MS) hide(output);
    }
  }

  function lookSoon() {
    if (!timer && alive) timer = setTimeout(look, 60);
  }

  async function show(output) {
    const host = document.createElement("div");
    host.className = "jp-OutputArea-output workernb-stage";
    const place = { host, view: null, gone: 0 };
    places.set(output, place);
    try {
      const shown = await model.widget_manager.get_model(model.get("shows"));
      place.view = await model.widget_manager.create_view(shown);
    } catch (error) {
      places.delete(output);  // The widget may not have been restored yet.
      return setTimeout(lookSoon, 500);
    }
    if (!places.has(output)) return;
    host.append(place.view.el);
    output.after(host);
    output.style.display = "none";
    const widget = place.view.luminoWidget ?? place.view.pWidget;
    widget.processMessage({ type: "after-attach", isConflatable: false, conflate: () => false });
  }

  function hide(output) {
    const { host, view } = places.get(output) ?? {};
    places.delete(output);
    output.style.display = "";
    try { view?.remove(); } catch { /* It was out of the page already. */ }
    host?.remove();
  }

  function end() {
    if (!alive) return;
    alive = false;
    observer.disconnect();
    clearTimeout(timer);
    for (const output of [...places.keys()]) {
      hide(output);
      const note = document.createElement("div");
      note.className = "workernb-gone";
      note.setAttribute("role", "status");
      note.style.cssText = "font: 12px system-ui, sans-serif; padding: 4px 10px;"
        + "color: var(--jp-ui-font-color2, #666)";
      note.textContent = GONE;
      output.append(note);
    }
  }

  const observer = new MutationObserver(lookSoon);
  observer.observe(document.body, { childList: true, subtree: true });
  model.on("comm_live_update", end);
  look();
  return end;
}
export default { initialize };

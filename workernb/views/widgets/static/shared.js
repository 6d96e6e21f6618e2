// Tells the kernel whether a picture can be seen, since it sends news only to who looks; and says
// so when the kernel, which is there at least once a second, has not been heard of for a while.
function watch(model, el, silence) {
  const page = Math.random().toString(36).slice(2);
  let inSight = false, heard = Date.now();
  const watching = () => inSight && document.visibilityState === "visible";
  const tell = whenIdle(model, () => model.send({ page, watching: watching() }));
  const observer = new IntersectionObserver((entries) => {
    inSight = entries.at(-1).isIntersecting;
    heard = Date.now();
    tell();
  });
  const hear = () => { heard = Date.now(); silence.hidden = true; };
  const renew = setInterval(() => watching() && tell(), 120000);
  const listen = setInterval(() => {
    if (watching() && Date.now() - heard > 3000) {
      silence.hidden = false;
      silence.textContent = "No news from the kernel: a cell keeps it busy, or it was restarted "
        + "(then run this cell again). The picture is of " + new Date(heard).toLocaleTimeString() + ".";
    }
  }, 500);
  observer.observe(el);
  document.addEventListener("visibilitychange", tell);
  model.on("msg:custom", hear);
  model.on("change:picture", hear);
  return () => {
    observer.disconnect();
    clearInterval(renew);
    clearInterval(listen);
    document.removeEventListener("visibilitychange", tell);
    model.off("msg:custom", hear);
    model.off("change:picture", hear);
    inSight = false;
    tell();
  };
}

// What can wait is sent when no cell runs: in ipykernel 7.4 a message that comes as a cell ends
// makes the next cell's end look like that of the one before, and JupyterLab waits for it for ever.
// The kernel takes a picture that has just been shown for watched, so nothing is missed meanwhile.
function whenIdle(model, act) {
  const kernel = model.widget_manager?.kernel;
  let timer = 0, idle = 0, left = 1000;
  const look = () => {
    idle = kernel && kernel.status !== "idle" ? 0 : idle + 1;
    left -= 1;
    if (kernel && idle < 2 && left > 0) return;
    clearInterval(timer);
    timer = 0;
    act();
  };
  return () => {
    if (timer) return;
    [idle, left] = [0, 1000];
    timer = setInterval(look, 200);
  };
}

// JupyterLab would take keys for its own: arrows, Enter. Those with Shift or Ctrl stay its own.
function keepKeys(el) {
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => {
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
}

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

// Beside the widget stands its still picture, for when the notebook is opened again. While the
// widget lives, the picture is out of sight. Elsewhere than in JupyterLab it stays.
function hideStill(el) {
  const hidden = new Set();
  const hide = () => {
    const beside = el.closest(".jp-OutputArea-child")?.nextElementSibling;
    const picture = beside?.querySelector(".jp-RenderedSVG img");
    if (picture && /class%3D'wb'|class='wb'/.test(picture.src)) {
      beside.style.display = "none";
      hidden.add(beside);
    }
  };
  const outputs = new MutationObserver(hide);
  // A widget is made before it is put into the page.
  const arrival = new IntersectionObserver(() => {
    const area = el.closest(".jp-OutputArea");
    if (!area) return;
    arrival.disconnect();
    outputs.observe(area, { childList: true, subtree: true, attributeFilter: ["src"] });
    hide();
  });
  arrival.observe(el);
  return () => {
    arrival.disconnect();
    outputs.disconnect();
    hidden.forEach((beside) => { beside.style.display = ""; });
  };
}

// As wide as the page, but never so small that it cannot be read.
function show(frame, picture) {
  frame.innerHTML = picture;
  const svg = frame.querySelector("svg");
  if (svg) svg.style.minWidth = 0.7 * svg.getAttribute("width") + "px";
  return svg;
}

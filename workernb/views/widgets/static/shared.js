// What the scripts of the widgets share; it is put in front of each of them.

// Creates the elements of a live picture: a message and a frame for the SVG.
function createFrame(el) {
  el.classList.add("workernb");
  keepKeys(el);
  const message = createElement("div", "wb-silence", el);
  message.setAttribute("role", "status");
  message.hidden = true;
  return { message, frame: createElement("div", "wb-scroll", el) };
}

// Reports to the kernel whether the picture is visible, since it sends updates only then. Shows the
// message if the kernel, which sends a heartbeat every second, has been silent for three seconds.
function watch(model, el, message) {
  const page = Math.random().toString(36).slice(2);
  let intersecting = false, lastMessage = Date.now();
  const watching = () => intersecting && document.visibilityState === "visible";
  const report = whenIdle(model, () => model.send({ page, watching: watching() }));
  const observer = new IntersectionObserver((entries) => {
    intersecting = entries.at(-1).isIntersecting;
    lastMessage = Date.now();
    report();
  });
  const onMessage = () => { lastMessage = Date.now(); message.hidden = true; };
  const reportTimer = setInterval(() => watching() && report(), 120000);
  const silenceTimer = setInterval(() => {
    if (watching() && Date.now() - lastMessage > 3000) {
      message.hidden = false;
      message.textContent = "No news from the kernel: a cell keeps it busy, or it was restarted "
        + "(then run this cell again). The picture is of "
        + new Date(lastMessage).toLocaleTimeString() + ".";
    }
  }, 500);
  observer.observe(el);
  document.addEventListener("visibilitychange", report);
  model.on("msg:custom", onMessage);
  model.on("change:picture", onMessage);
  return () => {
    observer.disconnect();
    clearInterval(reportTimer);
    clearInterval(silenceTimer);
    document.removeEventListener("visibilitychange", report);
    model.off("msg:custom", onMessage);
    model.off("change:picture", onMessage);
    intersecting = false;
    report();
  };
}

// Returns a function that calls the callback once, as soon as the kernel is idle. In ipykernel 7.4 a
// message that arrives while a cell ends gives the end of the next cell the wrong parent, and
// JupyterLab then waits for that cell forever. No update is missed meanwhile: the kernel treats a
// picture that has just been displayed as watched.
function whenIdle(model, callback) {
  const kernel = model.widget_manager?.kernel;
  let timer = 0, idleChecks = 0, checksLeft = 1000;
  const check = () => {
    idleChecks = kernel && kernel.status !== "idle" ? 0 : idleChecks + 1;
    checksLeft -= 1;
    if (kernel && idleChecks < 2 && checksLeft > 0) return;
    clearInterval(timer);
    timer = 0;
    callback();
  };
  return () => {
    if (timer) return;
    [idleChecks, checksLeft] = [0, 1000];
    timer = setInterval(check, 200);
  };
}

// Keeps keys such as arrows and Enter from JupyterLab's shortcuts, except with Shift, Ctrl or Meta.
function keepKeys(el) {
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => {
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
}

function createElement(tag, className, parent) {
  const created = document.createElement(tag);
  created.className = className;
  parent.append(created);
  return created;
}

function createButton(className, parent) {
  const button = createElement("button", className, parent);
  button.type = "button";
  return button;
}

// Makes a group of the SVG a button, for the mouse and for the keyboard.
function makeClickable(group, callback) {
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "button");
  group.setAttribute("aria-label", group.querySelector("title").textContent);
  group.addEventListener("click", () => callback());
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); callback(); }
  });
}

// Hides the still picture in the output below the widget, as long as the widget is live. It is there
// for when the notebook is reopened. Only JupyterLab's outputs are recognised.
function hideStill(el) {
  const hidden = new Set();
  const hide = () => {
    const output = el.closest(".jp-OutputArea-child")?.nextElementSibling;
    const picture = output?.querySelector(".jp-RenderedSVG img");
    if (picture && /class%3D'wb'|class='wb'/.test(picture.src)) {
      output.style.display = "none";
      hidden.add(output);
    }
  };
  const outputs = new MutationObserver(hide);
  // The widget is rendered before it is attached to the page.
  const attachment = new IntersectionObserver(() => {
    const area = el.closest(".jp-OutputArea");
    if (!area) return;
    attachment.disconnect();
    outputs.observe(area, { childList: true, subtree: true, attributeFilter: ["src"] });
    hide();
  });
  attachment.observe(el);
  return () => {
    attachment.disconnect();
    outputs.disconnect();
    hidden.forEach((output) => { output.style.display = ""; });
  };
}

// Shows an SVG at the width of the page, or wider if it would become too small to read.
function show(frame, picture) {
  frame.innerHTML = picture;
  const svg = frame.querySelector("svg");
  if (svg) svg.style.minWidth = 0.7 * svg.getAttribute("width") + "px";
  return svg;
}

// Adds event handlers to the model; returns a function that removes them.
function listen(model, handlers) {
  for (const [event, handler] of Object.entries(handlers)) model.on(event, handler);
  return () => {
    for (const [event, handler] of Object.entries(handlers)) model.off(event, handler);
  };
}


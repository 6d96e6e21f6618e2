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

// Creates the bar below a picture: the switch that makes it live, and the time of which it is.
// Controls whose kernel has gone are switched off, and say so.
function createBar(el, model, message) {
  const bar = createElement("div", "wb-bar", el);
  const toggle = createButton("wb-switch", bar);
  toggle.setAttribute("role", "switch");
  toggle.textContent = "Live";
  const time = createElement("span", "wb-time", bar);
  toggle.addEventListener("click", () => {
    model.set("live", !model.get("live"));
    model.save_changes();
  });
  function update() {
    const live = model.get("live");
    const taken = new Date(1000 * model.get("taken")).toLocaleTimeString();
    toggle.setAttribute("aria-checked", String(live));
    toggle.title = live ? "Stop here: the picture stays as it is now" : "Follow what happens from now on";
    time.textContent = live ? "follows what happens" : `as of ${taken}`;
  }
  update();
  const stop = listen(model, {
    "change:live": update,
    "change:taken": update,
    "comm_live_update": () => {
      el.classList.add("wb-dead");
      for (const control of el.querySelectorAll("button, input")) control.disabled = true;
      message.hidden = false;
      message.textContent = "The kernel was restarted or has ended: run this cell again for controls that work.";
    },
  });
  return { bar, stop };
}

// Reports to the kernel whether a live picture is visible, since it sends updates only then. Shows the
// message if the kernel, which sends a heartbeat every second, has been silent for three seconds.
function watch(model, el, message) {
  const page = Math.random().toString(36).slice(2);
  let intersecting = false, lastMessage = Date.now();
  const watching = () => intersecting && model.get("live") && document.visibilityState === "visible";
  const report = whenIdle(model, () => model.send({ page, watching: watching() }));
  const observer = new IntersectionObserver((entries) => {
    intersecting = entries.at(-1).isIntersecting;
    lastMessage = Date.now();
    if (model.get("live")) report();
  });
  const onMessage = () => { lastMessage = Date.now(); message.hidden = true; };
  const onLive = () => { onMessage(); if (model.get("live")) report(); };
  const reportTimer = setInterval(() => watching() && report(), 120000);
  const silenceTimer = setInterval(() => {
    if (watching() && !el.classList.contains("wb-dead") && Date.now() - lastMessage > 3000) {
      message.hidden = false;
      message.textContent = "No news from the kernel: a cell keeps it busy, or it was restarted "
        + "(then run this cell again). The picture is of "
        + new Date(lastMessage).toLocaleTimeString() + ".";
    }
  }, 500);
  observer.observe(el);
  const onVisibility = () => { if (model.get("live")) report(); };
  document.addEventListener("visibilitychange", onVisibility);
  model.on("msg:custom", onMessage);
  model.on("change:picture", onMessage);
  model.on("change:live", onLive);
  return () => {
    observer.disconnect();
    clearInterval(reportTimer);
    clearInterval(silenceTimer);
    document.removeEventListener("visibilitychange", onVisibility);
    model.off("msg:custom", onMessage);
    model.off("change:picture", onMessage);
    model.off("change:live", onLive);
    intersecting = false;
    if (model.get("live")) report();
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

// Shows an SVG at the width of the page, or wider if it would become too small to read.
function show(frame, picture) {
  frame.innerHTML = picture;
  const svg = frame.querySelector("svg");
  if (svg) svg.style.minWidth = `calc(var(--wb-least, 0.7) * ${svg.getAttribute("width")}px)`;
  return svg;
}

// Adds event handlers to the model; returns a function that removes them.
function listen(model, handlers) {
  for (const [event, handler] of Object.entries(handlers)) model.on(event, handler);
  return () => {
    for (const [event, handler] of Object.entries(handlers)) model.off(event, handler);
  };
}


"use strict";
(function () {
  const $ = id => document.getElementById(id);
  const net = JSON.parse($("net").textContent);
  const stage = $("stage"), views = [...document.querySelectorAll(".picture")];
  let shown, nodes, chosen = null, timer = null, strip = null;

  // one view at a time: all steps, or those in the middle folded
  function show(view) {
    views.forEach(v => { v.hidden = v !== view; });
    shown = view.firstElementChild;
    nodes = new Map();
    shown.querySelectorAll("[data-n]").forEach(g => {
      const n = +g.dataset.n;
      if (!nodes.has(n)) nodes.set(n, []);
      nodes.get(n).push(g);
    });
    $("fold").setAttribute("aria-pressed", view.dataset.view === "fold");
    begin();
    paint();
    tick();
    if (chosen !== null) mark();
  }
  const viewOf = name => views.find(v => v.dataset.view === name);
  const box = () => shown.viewBox.baseVal;

  // move and zoom by the view box, so that lines stay sharp and only what is seen is painted
  views.forEach(v => {
    const svg = v.firstElementChild;
    svg.dataset.whole = svg.getAttribute("viewBox");
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    svg.querySelectorAll("title").forEach(t => { if (t.parentNode !== svg) t.textContent = ""; });
  });
  function fit() { shown.setAttribute("viewBox", shown.dataset.whole); }
  const seen = () => stage.clientWidth && stage.clientHeight;
  // a picture that is too long to be read as a whole starts at its beginning: at its left end,
  // or where it has no steps, at the bottom; its short side fits if that can be read
  const readable = 0.45; // of the picture's own size
  function begin() {
    fit();
    if (!seen()) return;
    const b = box(), fits = [stage.clientWidth / b.width, stage.clientHeight / b.height];
    if (Math.min(...fits) >= readable) return;
    const scale = Math.min(Math.max(...fits, readable), 1);
    const wide = stage.clientWidth / scale, high = stage.clientHeight / scale;
    const first = shown.querySelector("[data-step]") ? null : nodes.get(0);
    const middle = first ? first[0].getBBox() : { x: b.x, width: Math.min(wide, b.width) };
    b.x = wide > b.width ? b.x + (b.width - wide) / 2 : middle.x + (middle.width - wide) / 2;
    b.y += high > b.height ? (b.height - high) / 2 : b.height - high;
    b.width = wide;
    b.height = high;
  }
  function move(dx, dy) { // the middle of the view stays on the picture
    const b = box(), [x, y, wide, high] = shown.dataset.whole.split(" ").map(Number);
    const kept = (at, low, length) => Math.min(Math.max(at, low), low + length);
    b.x = kept(b.x + b.width / 2 + dx, x, wide) - b.width / 2;
    b.y = kept(b.y + b.height / 2 + dy, y, high) - b.height / 2;
  }
  function unit() {
    return Math.max(box().width / stage.clientWidth, box().height / stage.clientHeight);
  }
  function zoom(factor, px, py) {
    const b = box(), middle = [b.x + b.width / 2, b.y + b.height / 2];
    const at = px === undefined ? middle : point(px, py);
    const wide = Math.min(Math.max(b.width / factor, 80), 60000);
    const by = wide / b.width;
    b.x = at[0] - (at[0] - b.x) * by;
    b.y = at[1] - (at[1] - b.y) * by;
    b.width = wide;
    b.height *= by;
  }
  function point(px, py) {
    const p = new DOMPoint(px, py).matrixTransform(shown.getScreenCTM().inverse());
    return [p.x, p.y];
  }
  $("in").onclick = () => zoom(1.3);
  $("out").onclick = () => zoom(1 / 1.3);
  $("fit").onclick = fit;
  $("fold").onclick = () => {
    const folded = $("fold").getAttribute("aria-pressed") === "true";
    show(viewOf(folded ? "all" : "fold"));
  };
  stage.addEventListener("wheel", e => {
    if (!e.ctrlKey && document.activeElement !== stage) return;
    e.preventDefault();
    zoom(Math.exp(-e.deltaY / 400), e.clientX, e.clientY);
  }, { passive: false });
  let held = null;
  stage.onpointerdown = e => { held = [e.clientX, e.clientY]; };
  window.addEventListener("pointerup", () => { held = null; });
  window.addEventListener("pointermove", e => {
    if (!held) return;
    move((held[0] - e.clientX) * unit(), (held[1] - e.clientY) * unit());
    held = [e.clientX, e.clientY];
  });
  stage.onkeydown = e => {
    const far = 60 * unit();
    const keys = { ArrowLeft: () => move(-far, 0), ArrowRight: () => move(far, 0),
      ArrowUp: () => move(0, -far), ArrowDown: () => move(0, far), "+": () => zoom(1.3),
      "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: fit, n: () => walk(1), p: () => walk(-1),
      Escape: () => { tie(null); } };
    if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
    keys[e.key]();
    e.preventDefault();
  };

  // what a layer is
  function tell(n) {
    const node = net.nodes[n], about = $("about"), list = document.createElement("dl");
    const add = (title, lines) => {
      if (!lines.length) return;
      const rows = lines.map(l => l instanceof Node ? l : element("dd", l));
      list.append(element("dt", title), ...rows);
    };
    add("computes", [node.eq]);
    add("then, in place", node.after);
    add("unknown to this Caffe", node.unknown);
    add("reads", node.in);
    add("makes", node.out);
    add("parameters", node.w.map(([mark, name, uses]) => {
      const dd = element("dd"), button = element("button", `${name}, used ${uses} times`);
      if (mark) button.dataset.w = mark;
      dd.append(button);
      return dd;
    }));
    add("values", ["data", "diff"].filter(k => node[k]).map(k => node[k][2]));
    const title = node.type + (node.step === null ? "" : `, step ${node.step}`);
    about.replaceChildren(element("h2", node.name), element("div", title), list);
    if (!nodes.has(n)) about.append(element("p", "Not drawn here."));
  }
  function element(tag, words) {
    const made = document.createElement(tag);
    if (words !== undefined) made.textContent = words;
    return made;
  }
  function choose(n) {
    if (!nodes.has(n) && viewOf("all") && shown.parentNode.dataset.view === "fold")
      show(viewOf("all"));
    chosen = n;
    mark();
    tell(n);
  }
  function mark() {
    shown.querySelectorAll(".chosen").forEach(g => g.classList.remove("chosen"));
    (nodes.get(chosen) || []).forEach(g => g.classList.add("chosen"));
    const g = (nodes.get(chosen) || [])[0];
    if (!g) return;
    const r = g.getBoundingClientRect();
    if (r.width < 24) zoom(24 / Math.max(r.width, 1));
    bringIn(g);
  }
  function bringIn(g) {
    const q = g.getBoundingClientRect(), s = stage.getBoundingClientRect();
    if (q.width > s.width) return; // a bar over all steps
    if (q.left < s.left || q.right > s.right || q.top < s.top || q.bottom > s.bottom)
      move((q.left + q.right - s.left - s.right) / 2 * unit(),
           (q.top + q.bottom - s.top - s.bottom) / 2 * unit());
  }
  function walk(by) {
    const order = [...nodes.keys()].sort((a, b) => a - b);
    const at = order.indexOf(chosen) + by;
    choose(order[(at + order.length) % order.length]);
  }

  // a weight and all its uses
  function tie(w) {
    shown.classList.toggle("ties", w !== null);
    shown.querySelectorAll(".lit").forEach(g => g.classList.remove("lit"));
    if (w !== null)
      net.weights[w].uses.forEach(n => (nodes.get(n) || []).forEach(g => g.classList.add("lit")));
  }
  const from = (e, what) => e.target.closest ? e.target.closest(`[data-${what}]`) : null;
  document.addEventListener("pointerover", e => {
    const w = from(e, "w"), n = from(e, "n");
    tie(w ? w.dataset.w : null);
    if (n) tell(+n.dataset.n);
  });
  document.addEventListener("focusin", e => {
    const w = from(e, "w");
    tie(w ? w.dataset.w : null);
  });
  stage.addEventListener("click", e => { const n = from(e, "n"); if (n) choose(+n.dataset.n); });

  // search
  $("search").oninput = () => {
    const word = $("search").value.trim().toLowerCase(), found = [];
    const exact = net.nodes.findIndex(node => node.name.toLowerCase() === word);
    if (exact >= 0) found.push(exact);
    for (let n = 0; word && n < net.nodes.length && found.length < 12; n++) {
      const node = net.nodes[n];
      if (n === exact) continue;
      const text = [node.name, node.type, ...node.after, ...node.out,
        ...node.w.map(w => w[1])].join("\n");
      if (text.toLowerCase().includes(word)) found.push(n);
    }
    $("found").replaceChildren(...found.map(n => {
      const item = element("li"), button = element("button", net.nodes[n].name);
      button.onclick = () => choose(n);
      item.append(button);
      return item;
    }));
    if (word && !found.length) $("found").append(element("li", "nothing found"));
  };
  $("search").onkeydown = e => {
    if (e.key === "Enter") ($("found").querySelector("button") || { click() {} }).click();
    if (e.key === "Escape") { $("search").value = ""; $("search").oninput(); }
  };

  // time: the forward pass step by step, then the backward pass
  function tick() {
    const at = +$("time").value, count = net.ticks.length, back = at >= count;
    const place = back ? 2 * count - 1 - at : at;
    shown.classList.toggle("playing", at >= 0);
    net.ticks.forEach(([, members], t) => members.forEach(n => (nodes.get(n) || []).forEach(g => {
      g.classList.toggle("now", at >= 0 && t === place);
      g.classList.toggle("done", back ? t > place : t < place);
    })));
    // folded steps light up as one
    shown.querySelectorAll('[data-step*="-"]').forEach(g => {
      const [first, last] = g.dataset.step.split("-").map(Number);
      const now = at < 0 ? null : net.ticks[place][2];
      g.classList.toggle("now", now !== null && first <= now && now <= last);
    });
    const now = shown.querySelector("[data-step].now, [data-step] .now");
    if (now) bringIn(now.closest("[data-step]"));
    turn(at < 0 ? "" : back ? "backward" : "forward");
    if (strip) strip.tick(at < 0 ? -1 : place, back);
    const words = at < 0 ? "before the forward pass"
      : `${back ? "backward" : "forward"}: ${net.ticks[place][0]}`;
    $("now").textContent = words;
    $("time").setAttribute("aria-valuetext", words);
  }
  function step(by) {
    const before = $("time").value;
    $("time").value = +before + by;
    tick();
    return $("time").value !== before;
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    $("play").setAttribute("aria-pressed", "false");
  }
  $("time").oninput = tick;
  $("next").onclick = () => step(1);
  $("back").onclick = () => step(-1);
  $("play").onclick = () => {
    if (timer) return stop();
    if ($("time").value === $("time").max) { $("time").value = -1; tick(); }
    $("play").setAttribute("aria-pressed", "true");
    timer = setInterval(() => { if (!step(1)) stop(); }, 700);
  };
  // who asked for less motion steps by hand
  $("play").hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // values as colours
  function paint() {
    const what = $("colour").value;
    nodes.forEach((groups, n) => groups.forEach(g => {
      const shape = g.querySelector("rect, circle");
      const [fill, ink, , negative] = net.nodes[n][what] || [];
      if (!shape) return;
      dye(shape, fill);
      g.querySelectorAll(":scope > text:not([data-beside])").forEach(text => dye(text, ink));
      g.setAttribute("stroke-dasharray", negative ? "4 2" : "none");
    }));
    shown.querySelectorAll("[data-of]").forEach(text => {
      const [n, top] = text.dataset.of.split(" ").map(Number);
      text.textContent = (net.nodes[n][what] || [])[4 + top] || "";
    });
    explain(what);
  }
  function dye(part, colour) { // and back to its own colour
    if (part.dataset.own === undefined) part.dataset.own = part.getAttribute("fill") || "";
    const fill = colour || part.dataset.own;
    if (fill) part.setAttribute("fill", fill);
    else part.removeAttribute("fill");
  }
  function explain(what) { // what the colours mean, and which values are shown
    const scale = $("scale");
    scale.replaceChildren();
    if (!what) return;
    scale.append(element("small", net.scale.rule[what]));
    net.scale.steps.forEach(([colour, ink, words]) => {
      const i = element("i", words);
      i.style.background = colour;
      i.style.color = ink;
      scale.append(i);
    });
    scale.append(element("small", net.scale.others));
  }
  // where the play turns, painted values turn with it: data on the way there, diff on the way
  // back; and so does the strip below the picture
  let way = "";
  function turn(next) {
    const what = { forward: "data", backward: "diff" }[next], turns = what && next !== way;
    way = next;
    if (!turns) return;
    if (strip) strip.show(what);
    repaint(what);
  }
  function repaint(what) {
    if (!$("colour").value || $("colour").value === what) return;
    $("colour").value = what;
    paint();
  }
  $("colour").onchange = () => {
    if (strip) strip.show($("colour").value);
    paint();
  };
  function go(place, back) {
    $("time").value = back ? 2 * net.ticks.length - 1 - place : place;
    tick();
  }
  $("colour").value = net.start;
  show(views.find(v => !v.hidden));
  function mirrored(what) { // the same step, on the way there or back
    const at = +$("time").value, count = net.ticks.length, back = what === "diff";
    repaint(what);
    if (at >= 0 && at >= count !== back) go(back ? at : 2 * count - 1 - at, back);
  }
  if (net.strip) {
    strip = overTime(net, { stage, step, go, turn: mirrored, shown: () => shown });
    strip.show(net.start);
    begin(); // the strip took room from the picture
    tick();
  }
  if (!seen()) new ResizeObserver((sizes, observer) => { // a notebook may show its frame later
    if (!seen()) return;
    observer.disconnect();
    begin();
  }).observe(stage);
})();

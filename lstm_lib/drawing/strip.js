"use strict";
// Below the picture: gates and states over time as maps, a row for each unit, and the size of
// the gradient at each state. `page` says how to move the picture's time; what is returned
// moves the strip.
function overTime(net, page) {
  const $ = id => document.getElementById(id), maps = $("maps"), all = net.strip;
  const TOP = 254, NO_NUMBER = 255;
  let cell, rows, columns, run = 0, kind = "data", unit = null, now = null, spans = [];
  let waiting = false;

  // numbers, and back from the bytes they came as
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  function value(row, code) {
    if (code === NO_NUMBER) return NaN;
    if (kind === "data" && row.kind === "gate") return code / TOP;
    const part = code / TOP * 2 - 1;
    if (kind === "data") return part * row.data.largest;
    return part && Math.sign(part) * row.diff.largest * 10 ** (all.powers * (Math.abs(part) - 1));
  }
  function words(number) {
    if (number === null || Number.isNaN(number)) return "no number";
    const size = Math.abs(number), far = size < 0.005 || size >= 1000;
    if (!size) return "0";
    return (far ? number.toExponential(1) : number.toFixed(size < 10 ? 2 : 0)).replace("-", "−")
      .replace("e-", "e−").replace("e+", "e");
  }
  const plain = number => String(+number.toPrecision(3)).replace("-", "−");
  const number = (row, column, u) => value(row, row.codes[u * columns + column]);
  function mean(row, column) {
    let sum = 0;
    for (let u = 0; u < cell.units.length; u++) sum += number(row, column, u);
    const rounded = Math.abs(sum) < 1e-12 * row[kind].largest; // + and − that cancel
    return rounded ? 0 : sum / cell.units.length;
  }
  const step = column => cell.pool === 1 ? `t = ${column + 1}`
    : `t = ${column * cell.pool + 1} … ${Math.min((column + 1) * cell.pool, cell.T)}`;

  // colours
  const rgb = colour => [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
  function ramp(stops) {
    const parts = stops.map(rgb);
    const shades = Array.from({ length: TOP + 1 }, (_, code) => {
      const place = code / TOP * (parts.length - 1), low = Math.min(place | 0, parts.length - 2);
      const mixed = parts[low].map((from, i) =>
        Math.round(from + (parts[low + 1][i] - from) * (place - low)));
      return `rgb(${mixed})`;
    });
    return [...shades, "#000"];
  }
  const ramps = { gate: ramp(all.colours.gate), signed: ramp(all.colours.signed) };
  const colours = row => kind === "data" ? ramps[row.kind] : ramps.signed;

  // the rows, new for each cell and each kind of numbers
  function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function title(row) {
    if (kind === "data") return row.name;
    return row.inside ? `dL/d raw ${row.name}` : `dL/d${row.name}`;
  }
  function build() {
    maps.replaceChildren();
    columns = Math.ceil(cell.T / cell.pool);
    rows = cell.rows.filter(row => row[kind]).map(row => {
      const name = element("div", "name", title(row)), told = element("span", "number");
      const plot = element("div", "plot"), canvas = element("canvas");
      name.append(told);
      plot.append(canvas);
      maps.append(name, plot, scale(row));
      canvas.setAttribute("aria-hidden", "true"); // said in words by the whole
      canvas.style.height = `${Math.min(44, Math.max(26, 2 * cell.units.length))}px`;
      return { ...row, told, canvas, codes: bytes(row[kind].runs[run]) };
    });
    chart.build();
    over.forEach(part => maps.append(part));
    say();
    lay();
    tell();
  }
  function scale(row) {
    const box = element("div", "scale"), bar = element("i"), ends = element("span");
    const shades = colours(row), stops = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
    bar.style.background = `linear-gradient(to right, ${
      stops.map(stop => shades[Math.round(stop * TOP)])})`;
    const largest = row[kind].largest;
    const numbers = kind === "data" && row.kind === "gate" ? ["0", "1"]
      : [words(-largest), "0", words(largest)];
    ends.append(...numbers.map(text => element("b", "", text)));
    ends.className = numbers.length > 2 ? "signed" : "";
    box.append(bar, ends);
    return box;
  }
  function say() {
    const notes = [`Sequence 1 of ${all.batch}; each row of a map is one of ${
      cell.units.length < cell.H ? `${cell.units.length} units, evenly chosen from ${cell.H}`
        : `${cell.H} units`}.`];
    if (cell.pool > 1) notes.push(`A column is the mean of ${cell.pool} steps.`);
    if (kind === "diff") {
      notes.push("Colours of gradients are powers of ten: halfway to 0 is a thousandth of the "
        + "largest, and what is below a millionth looks like 0.");
      if (rows.some(row => row.inside))
        notes.push("Of a gate that works in place it is the gradient before its function.");
    }
    if (all.biases.length)
      notes.push(`The picture's own numbers stay those of forget bias ${plain(all.own)}.`);
    if (cell.note) notes.push(cell.note);
    $("read").textContent = notes.join(" ");
    maps.setAttribute("aria-label", `${cell.words[run]} Left and right move through time, up `
      + "and down choose a unit.");
  }

  // where each column stands: under its cell of the picture if all cells are in view
  function lay() {
    const strip = $("strip").getBoundingClientRect(), stage = page.stage.getBoundingClientRect();
    const beside = strip.right - stage.right;
    $("strip").classList.toggle("beside", beside > 90); // names and scales below the notes
    if (beside > 90) $("strip").style.setProperty("--side", `${beside}px`);
    const place = () => maps.querySelector(".plot").getBoundingClientRect();
    const plot = place();
    if (!plot.width) return;
    spans = under(plot) || evenly(plot.width);
    maps.dataset.under = spans.under ? "cells" : "";
    rows.forEach(paint);
    chart.draw(plot.width);
    mark();
    if (Math.abs(place().width - plot.width) > 0.5) soon(); // a scroll bar came or went
  }
  function evenly(width) {
    return Array.from({ length: columns }, (_, column) => {
      const place = cell.turned ? columns - 1 - column : column;
      return [place * width / columns, (place + 1) * width / columns];
    });
  }
  function under(plot) {
    const frames = [...page.shown().querySelectorAll("[data-step]")];
    if (frames.length !== columns || cell.pool > 1) return null;
    if (frames.some(g => g.dataset.step.includes("-"))) return null;
    const box = g => g.querySelector(":scope > g > rect");
    const ends = [frames[0], frames[columns - 1]].map(box);
    if (!ends.every(Boolean)) return null;
    const [first, last] = ends.map(rect => rect.getBoundingClientRect());
    if (first.left < plot.left - 1 || last.right > plot.right + 1) return null;
    const found = frames.map(g => {
      const rect = (box(g) || ends[0]).getBoundingClientRect();
      return [rect.left - plot.left, rect.right - plot.left];
    });
    if (cell.turned) found.reverse();
    found.under = true;
    return found;
  }
  function paint(row) {
    const canvas = row.canvas, units = cell.units.length, dense = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * dense);
    canvas.height = Math.round(canvas.clientHeight * dense);
    const pen = canvas.getContext("2d"), shades = colours(row);
    const gap = spans[0][1] - spans[0][0] > 8 ? 1 : 0;
    spans.forEach(([left, right], column) => {
      const x = Math.round(left * dense), w = Math.round((right - gap) * dense) - x;
      for (let u = 0; u < units; u++) {
        const y = Math.round(u * canvas.height / units);
        pen.fillStyle = shades[row.codes[u * columns + column]];
        pen.fillRect(x, y, w, Math.round((u + 1) * canvas.height / units) - y);
        if (u === unit && units > 1) {
          pen.fillStyle = "#fff";
          pen.fillRect(x, y, w, dense);
          pen.fillStyle = "#000";
          pen.fillRect(x, Math.round((u + 1) * canvas.height / units) - dense, w, dense);
        }
      }
    });
  }

  const chart = sizesOverTime({ maps, element, words,
    cell: () => cell, run: () => run, spans: () => spans, columns: () => columns });

  // which step it is: what is not computed yet is pale
  const over = ["later", "at"].map(name => element("div", `over ${name}`));
  const [later, at] = over;
  function mark() {
    const plot = maps.querySelector(".plot");
    over.forEach(part => { part.hidden = !now || !spans.length; });
    if (!later.hidden) {
      const { column, on, back } = now, none = column < 0 || column >= columns;
      const [from, to] = none ? [0, 0] : spans[column];
      const right = none || back === cell.turned; // what comes later stands on the right of it
      at.hidden = !on || none;
      at.style.left = `${plot.offsetLeft + from}px`;
      at.style.width = `${Math.max(to - from, 2)}px`;
      later.style.left = `${plot.offsetLeft + (right ? to : 0)}px`;
      later.style.width = `${Math.max(0, right ? plot.clientWidth - to : from)}px`;
    }
  }
  function tell() {
    const column = now && now.on ? now.column : null;
    rows.forEach(row => {
      row.told.textContent = column === null ? ""
        : words(unit === null ? mean(row, column) : number(row, column, unit));
    });
    chart.tell(column);
    const whose = unit === null ? "means of the units" : `unit ${cell.units[unit]}`;
    $("told").textContent = column === null ? "" : `${step(column)}: ${whose}`;
  }
  function tick(place, back) { // `place` of the page's ticks, or -1 before the forward pass
    const mine = place >= 0 && net.ticks[place][3];
    const other = all.cells.findIndex(one => one.name === mine);
    if (typeof mine === "string" && other >= 0 && all.cells[other] !== cell) choose(other);
    const steps = net.ticks.flatMap(([, , , name, k], t) => name === cell.name ? [[t, k]] : []);
    if (place < 0 || !steps.length) now = null;
    else {
      const done = steps.filter(([t]) => back ? t >= place : t <= place).map(([, k]) => k);
      const k = back ? Math.min(cell.T, ...done) : Math.max(-1, ...done);
      const column = k < 0 ? -1 : k >= cell.T ? columns : Math.floor(k / cell.pool);
      now = { column, back, on: mine === cell.name };
    }
    mark();
    tell();
  }

  // what is shown
  function show(what) {
    if (what === kind || !what) return;
    kind = what;
    press();
    build();
  }
  function press() {
    ["data", "diff"].forEach(what => $(what).setAttribute("aria-pressed", what === kind));
  }
  function choose(number) {
    cell = all.cells[number];
    unit = null;
    $("cell").value = number;
    build();
  }
  ["data", "diff"].forEach(what => { $(what).onclick = () => { show(what); page.turn(what); }; });
  $("which").hidden = all.cells.length < 2;
  $("cell").replaceChildren(...all.cells.map((one, number) => {
    const option = element("option", "", `${one.name} ${one.unit}`.trim() || `${number + 1}`);
    option.value = number;
    return option;
  }));
  $("cell").onchange = () => { choose(+$("cell").value); };
  $("biases").hidden = !all.biases.length;
  $("bias").max = Math.max(0, all.biases.length - 1);
  function another() {
    run = +$("bias").value;
    const text = plain(all.biases[run]);
    $("bias-now").textContent = text;
    $("bias").setAttribute("aria-valuetext", text);
    build();
  }
  $("bias").oninput = another;

  // pointer and keys
  function placeAt(event) {
    const canvas = event.target.closest("canvas, svg");
    if (!canvas || !maps.contains(canvas)) return null;
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left;
    const column = spans.findIndex(([left, right]) => x >= left && x < right);
    const row = rows.find(one => one.canvas === canvas);
    const u = Math.floor((event.clientY - box.top) / box.height * cell.units.length);
    return column < 0 ? null : { column, row, u: Math.min(Math.max(u, 0), cell.units.length - 1) };
  }
  maps.addEventListener("pointermove", event => {
    const place = placeAt(event);
    if (!place) return tell();
    $("told").textContent = place.row
      ? `${title(place.row)}, unit ${cell.units[place.u]}, ${step(place.column)}: ${
        words(number(place.row, place.column, place.u))}`
      : `${step(place.column)}: ${chart.told(place.column)}`;
  });
  maps.addEventListener("pointerleave", tell);
  maps.addEventListener("click", event => {
    const place = placeAt(event);
    if (place) go(place.column);
  });
  function go(column) {
    const back = kind === "diff", k = column * cell.pool;
    const found = net.ticks.flatMap(([, , , name, own], t) =>
      name === cell.name && own === k ? [t] : []);
    if (found.length) page.go(back ? found[0] : found[found.length - 1], back);
  }
  maps.onkeydown = event => {
    const units = cell.units.length, at = unit === null ? -1 : unit;
    const right = Boolean(now && now.back) === cell.turned ? 1 : -1; // the way that time goes
    const keys = { ArrowLeft: () => page.step(-right), ArrowRight: () => page.step(right),
      ArrowUp: () => { unit = at <= 0 ? null : at - 1; },
      ArrowDown: () => { unit = Math.min(at + 1, units - 1); }, Escape: () => { unit = null; } };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
    rows.forEach(paint);
    tell();
  };

  const nearest = all.biases.reduce((best, bias, place) =>
    Math.abs(bias - all.own) < Math.abs(all.biases[best] - all.own) ? place : best, 0);
  $("bias").value = run = nearest;
  if (all.biases.length) $("bias-now").textContent = plain(all.biases[run]);
  cell = all.cells[0];
  function soon() {
    if (!waiting) requestAnimationFrame(() => { waiting = false; lay(); });
    waiting = true;
  }
  build();
  new ResizeObserver(soon).observe(maps);
  new MutationObserver(soon).observe(page.stage, { subtree: true, attributes: true,
    attributeFilter: ["viewBox", "hidden"] });
  return { show, tick };
}

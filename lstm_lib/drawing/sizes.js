"use strict";
// The norm of dL/dstate_t at each step, on a scale of powers of ten, as lines.
function sizesOverTime({ maps, element, words, cell, run, spans, columns }) {
  const NS = "http://www.w3.org/2000/svg", HIGH = 78, PAD = 8, FOOT = 18;
  let svg = null, keys = [], side = null;
  function add(tag, facts, text) {
    const made = document.createElementNS(NS, tag);
    Object.entries(facts).forEach(([name, fact]) => made.setAttribute(name, fact));
    if (text !== undefined) made.textContent = text;
    svg.append(made);
  }
  const look = size => ["c", "h"].includes(size.name) ? size.name : "own";
  const known = () => cell().sizes.flatMap(size => size.runs.flat()).filter(v => v > 0);
  function build() {
    const name = element("div", "name sizes"), plot = element("div", "plot");
    svg = document.createElementNS(NS, "svg");
    svg.setAttribute("aria-hidden", "true");
    side = element("div", "scale powers");
    keys = cell().sizes.map(size => {
      const key = element("span", `key ${look(size)}`, `dL/d${size.name}`);
      const told = element("span", "number");
      name.append(key, told);
      return told;
    });
    name.append(element("span", "number", `norm, ${cell().H} units`));
    plot.append(svg);
    maps.append(name, plot, side);
  }
  function draw(width) {
    svg.replaceChildren();
    const found = known(), high = found.length ? HIGH + FOOT : FOOT + 16;
    svg.setAttribute("viewBox", `0 0 ${width} ${high}`);
    svg.style.height = `${high}px`;
    axis(width, high);
    side.replaceChildren();
    if (!found.length) {
      if (cell().sizes.length)
        add("text", { x: 2, y: 12 }, "No gradients: no backward pass, or no force_backward.");
      return;
    }
    const powers = [Math.floor(Math.log10(Math.min(...found))),
                    Math.ceil(Math.log10(Math.max(...found)))];
    if (powers[0] === powers[1]) powers[1] += 1;
    const y = v => PAD + (powers[1] - Math.log10(v)) / (powers[1] - powers[0]) * (HIGH - 2 * PAD);
    const by = [1, 2, 3, 5, 10].find(few => (powers[1] - powers[0]) / few <= 4) || 20;
    for (let power = powers[1]; power >= powers[0]; power -= by) {
      const at = y(10 ** power);
      add("line", { class: "grid", x1: 0, x2: width, y1: at, y2: at });
      const label = element("span", "", `10${raised(power)}`);
      label.style.top = `${at - 5.5}px`;
      side.append(label);
    }
    cell().sizes.forEach(size => line(size, y));
  }
  const raised = power => String(power).replace(/./g, sign => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
  function line(size, y) {
    const values = size.runs[run()];
    const points = values.map((v, k) => v > 0
      ? [(spans()[k][0] + spans()[k][1]) / 2, y(v)] : null);
    const colour = `var(--${look(size)})`, dashes = { c: "none", h: "6 4", own: "2 3" };
    let path = "", up = true;
    points.forEach(point => {
      if (point) path += `${up ? "M" : "L"}${point.map(p => p.toFixed(1))}`;
      up = !point;
    });
    add("path", { d: path, fill: "none", stroke: colour, "stroke-width": 2.5,
                  "stroke-dasharray": dashes[look(size)], "data-size": size.name });
    if (points.length <= 40) points.filter(Boolean).forEach(([cx, cy]) =>
      add("circle", { cx, cy, r: 3, fill: colour }));
  }
  function axis(width, high) { // the numbers of some steps
    const { T, pool } = cell(), every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find(
      by => columns() / by * 34 < width) || 1000;
    for (let column = 0; column < columns(); column++) {
      const first = column * pool + 1, last = column === columns() - 1;
      if (column && (column + 1) % every && !last) continue;
      if (!last && column && (columns() - 1 - column) * width / columns() < 26) continue;
      const [left, right] = spans()[column];
      const x = Math.min(Math.max((left + right) / 2, 18), width - 14);
      add("text", { x, y: high - 4, "text-anchor": "middle" }, column || T === 1
        ? `${pool > 1 && last ? T : first}` : `t = ${first}`);
    }
  }
  function tell(column) {
    keys.forEach((told, place) => {
      told.textContent = column === null ? "" : words(cell().sizes[place].runs[run()][column]);
    });
  }
  const told = column => cell().sizes.map(size =>
    `size of dL/d${size.name} ${words(size.runs[run()][column])}`).join(", ");
  return { build, draw, tell, told };
}

// What Python found, as elements. All text is set as text: none of it is markup.

export const $ = id => document.getElementById(id);

export function element(tag, words) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  return made;
}

/** Title, words, problem, note, and the picture's own page in a frame without rights. */
export function showPicture({ head, page }) {
  $("result").hidden = false;
  $("title").textContent = head.title;
  $("words").replaceChildren(...head.words.map(words => element("p", words)));
  for (const kind of ["problem", "note"]) {
    $(kind).textContent = head[kind];
    $(kind).hidden = !head[kind];
  }
  $("goto").hidden = !head.line;
  $("line").textContent = `Go to line ${head.line}`;
  $("picture").replaceChildren(...(page ? [frame(page, head.words[0])] : []));
  $("sections").replaceChildren();
  $("states").textContent = "";
  $("save").hidden = !page;
}

function frame(page, title) {
  const made = element("iframe");
  made.setAttribute("sandbox", "allow-scripts"); // its script is ours; it sees nothing of this page
  made.title = title;
  made.srcdoc = page;
  return made;
}

/** The same picture with states over time below; it takes the other's place once it is there. */
export function showStates({ page, words }) {
  $("states").textContent = words;
  const before = $("picture").firstElementChild;
  if (!page || !before) return;
  const made = frame(page, before.title);
  made.className = "tall coming";
  made.onload = () => {
    before.remove();
    made.classList.remove("coming");
  };
  $("picture").append(made);
}

export function showSections({ sections }) {
  $("sections").replaceChildren(...sections.map(section));
}

function section({ title, words, columns, rows }) {
  const made = element("section");
  made.append(element("h3", title), ...words.map(one => element("p", one)));
  if (rows.length) made.append(table(columns, rows, title));
  return made;
}

function table(columns, rows, title) {
  const around = element("div"), made = element("table"), head = element("tr");
  around.className = "table";
  around.tabIndex = 0; // so that keys can scroll it
  around.setAttribute("role", "region");
  around.setAttribute("aria-label", title);
  columns.forEach(name => {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  });
  const body = element("tbody");
  body.append(...rows.map(cells => {
    const row = element("tr");
    row.append(...cells.map(cell => element("td", cell)));
    return row;
  }));
  made.append(element("thead"), body);
  made.tHead.append(head);
  around.append(made);
  return around;
}

/** Hand a file to the person. */
export function save(name, blob) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** An SVG as a PNG, at most 8192 pixels long. */
export async function pngOf(svg) {
  const image = new Image(), address = URL.createObjectURL(
    new Blob([svg], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  const scale = Math.min(2, 8192 / image.width, 8192 / image.height);
  const canvas = element("canvas");
  canvas.width = Math.ceil(image.width * scale);
  canvas.height = Math.ceil(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise(done => canvas.toBlob(done, "image/png"));
}

// The page that explains a prototxt: what a person does, and what Python in the worker answers.
import { linkTo, netIn } from "./explain_link.js";
import { $, element, pngOf, save, showPicture, showSections, showStates } from "./explain_show.js";

const MOST = 500000; // characters; an LSTM of 150 steps, layer by layer, has as many
const SHELL = "use the shell: python -m lstm_lib explain FILE";
const settings = JSON.parse($("settings").textContent);
for (const place of ["index", "lock"]) settings[place] = new URL(settings[place], location).href;

let worker, ready = false, busy = false, waiting = null;
let shown = null; // {text, svg, line} of what is on the screen
let refusal = ""; // why something is not explained: it stays until the next try

// --- Python -----------------------------------------------------------------

function start() {
  // from a blob, so that the thread obeys this page's policy and asks no other host either
  const program = new URL("explain_worker.js", import.meta.url).href;
  const address = URL.createObjectURL(
    new Blob([`import ${JSON.stringify(program)};`], { type: "text/javascript" }));
  ready = false;
  worker = new Worker(address, { type: "module" });
  worker.onmessage = ({ data }) => answer(data);
  worker.onerror = () => failed("Python could not be loaded: is there a network?", true);
  worker.postMessage({ settings });
}

function answer(data) {
  if ("step" in data) say(data.words, data.step);
  if (data.ready) { ready = true; say(refusal ? "" : "Ready.", null); next(); }
  if (data.picture) arrived(JSON.parse(data.picture));
  if (data.rest) showSections(JSON.parse(data.rest));
  if (data.states) { showStates(JSON.parse(data.states)); done(); }
  if (data.file) save(fileName("html"), new Blob([JSON.parse(data.file).file], { type: "text/html" }));
  if (data.failed) failed(data.failed, data.loading);
}

function arrived(found) {
  shown = { text: asking.text, svg: found.svg, line: found.head.line };
  showPicture(found);
}

let asking = null;
function next() {
  if (!ready || busy || !waiting) return;
  [asking, waiting, busy] = [waiting, null, true];
  $("cancel").hidden = false;
  say("Explaining …", null);
  worker.postMessage(asking);
}

function done() {
  busy = false;
  $("cancel").hidden = true;
  say(shown.line ? `There is a mistake in line ${shown.line}.` : "Done.", null);
  next();
}

function failed(words, loading) {
  busy = false;
  $("cancel").hidden = true;
  if (loading) return say(`This did not load (${words}). Reload the page to try again.`, null);
  if (shown?.text !== asking?.text) $("result").hidden = true; // it is of the net before
  refuse(`This failed, which is a fault of this page (${words.replace(/\.$/, "")}). Try it once `
    + `more, or a smaller part of the net, or ${SHELL}`);
  cancel(); // what failed in Python unforeseen may have ended it: it starts anew
}

function cancel() {
  worker.terminate();
  busy = false;
  waiting = null;
  $("cancel").hidden = true;
  start();
}

/** Say why not; what Python says meanwhile stands behind it and does not take its place. */
function refuse(why) {
  refusal = why;
  say("", null);
}

function say(words, step) {
  $("status").textContent = [refusal, words].filter(Boolean).join(" ");
  $("bar").hidden = step === null;
  if (step !== null) $("bar").value = step;
}

// --- what a person does -----------------------------------------------------

function explain() {
  const text = $("text").value;
  refusal = "";
  if (!text.trim()) return say("Paste a prototxt, or choose an example.", null);
  if (text.length > MOST) return tooLong(text.length);
  waiting = { text, phase: $("phase").value };
  next();
}

function tooLong(length) {
  refuse(`This text has ${length.toLocaleString("en")} characters; here up to `
    + `${MOST.toLocaleString("en")} are explained. Show the same net with fewer time steps, or ${
      SHELL}`);
}

function take(text) {
  if (text.length > MOST) return tooLong(text.length);
  $("text").value = text;
  $("text").scrollTop = 0;
  explain();
}

async function takeFile(file) {
  if (!file) return;
  if (file.size > 4 * MOST) return tooLong(file.size);
  $("example").value = "";
  take(await file.text());
}

function fileName(ending) {
  const name = $("title").textContent.replace(/[^\w.-]+/g, "_").slice(0, 60);
  return `${name || "net"}.${ending}`;
}

function goToLine() {
  const lines = $("text").value.split("\n"), before = lines.slice(0, shown.line - 1);
  const at = before.join("\n").length + (before.length ? 1 : 0);
  $("text").focus();
  $("text").setSelectionRange(at, at + (lines[shown.line - 1] || "").length);
  $("text").scrollTop = (shown.line - 4) * $("text").scrollHeight / lines.length;
}

async function copyLink() {
  const link = await linkTo($("text").value, $("phase").value);
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    say(`Copied: a link of ${link.length.toLocaleString("en")} characters, with the net in it.`, null);
  } catch {
    say("The link is in the address bar now; copy it from there.", null);
  }
}

async function fromAddress() {
  let net = null;
  try {
    net = await netIn(location.hash, MOST);
  } catch (error) {
    return refuse(error instanceof RangeError ? `The net in this link has more than ${
      MOST.toLocaleString("en")} characters.` : "The net in this link cannot be read: perhaps the "
      + "link was cut off.");
  }
  if (!net) return;
  $("phase").value = net.phase;
  take(net.text);
}

// --- wiring -----------------------------------------------------------------

$("form").onsubmit = event => { event.preventDefault(); explain(); };
$("text").onkeydown = event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) explain();
};
$("text").onpaste = () => setTimeout(explain);
$("phase").onchange = explain;
$("cancel").onclick = cancel;
$("link").onclick = copyLink;
$("line").onclick = goToLine;
$("open").onchange = () => takeFile($("open").files[0]);
$("svg").onclick = () => save(fileName("svg"), new Blob([shown.svg], { type: "image/svg+xml" }));
$("png").onclick = async () => save(fileName("png"), await pngOf(shown.svg));
$("html").onclick = () => worker.postMessage({ file: true });
$("prototxt").onclick = () => save(fileName("prototxt"),
  new Blob([shown.text], { type: "text/plain" }));
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, event => {
  event.preventDefault();
  $("text").classList.toggle("over", kind === "dragover");
  if (kind === "drop") takeFile(event.dataTransfer.files[0]);
});
addEventListener("hashchange", fromAddress);

$("most").textContent = MOST.toLocaleString("en");
const texts = await (await fetch(new URL("examples.json", import.meta.url))).json();
texts.forEach(({ name }, number) => {
  const option = element("option", name);
  option.value = number;
  $("example").append(option);
});
$("example").onchange = () => {
  if ($("example").value !== "") take(texts[$("example").value].text);
};
start();
fromAddress();

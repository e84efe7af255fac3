// Python, in a thread of its own: the page never waits for it, and can end it.
// In: {settings} once, then {text, phase} or {file: true}. Out: {step, words}, {ready}, and
// {picture}, {rest}, {states}, {file}: JSON that lstm_lib.explain.stages wrote; or {failed}.

let Stages, asked;
const tell = (step, words) => postMessage({ step, words });

async function load({ index, lock, packages }) {
  tell(0, "Loading Python (about 15 MB; the browser keeps it for the next time) …");
  const { loadPyodide } = await import(index + "pyodide.mjs");
  tell(1, "Starting Python …");
  const pyodide = await loadPyodide({ indexURL: index, lockFileURL: lock });
  tell(2, "Loading lstm_lib …");
  await pyodide.loadPackage(packages, { messageCallback: () => {} });
  tell(3, "Starting lstm_lib …");
  Stages = pyodide.runPython("from lstm_lib.explain.stages import Stages; Stages");
  postMessage({ ready: true });
}

function explain({ text, phase }) {
  asked?.destroy();
  asked = Stages(text, phase);
  postMessage({ picture: asked.picture() });
  postMessage({ rest: asked.rest() });
  postMessage({ states: asked.states() });
}

onmessage = async ({ data }) => {
  try {
    if (data.settings) await load(data.settings);
    else if (data.file) postMessage({ file: asked.file() });
    else explain(data);
  } catch (error) {
    const lines = String(error.message || error).trim().split("\n");
    postMessage({ failed: lines[lines.length - 1], loading: Boolean(data.settings) });
  }
};

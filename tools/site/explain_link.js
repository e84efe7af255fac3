// A net in the address: #net=<the text, deflated, base64url>&phase=TEST

const bytesOf = stream => new Response(stream).arrayBuffer().then(b => new Uint8Array(b));

/** The address of this page with a net in it. */
export async function linkTo(text, phase) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  let letters = "";
  for (const byte of await bytesOf(stream)) letters += String.fromCharCode(byte);
  const packed = btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${location.href.split("#")[0]}#net=${packed}&phase=${phase}`;
}

/** {text, phase} of an address; null if there is none. Throws if it is broken or too long. */
export async function netIn(hash, most) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  if (!asked.get("net")) return null;
  const letters = atob(asked.get("net").replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(letters, letter => letter.charCodeAt(0));
  const text = await unpacked(bytes, most);
  return { text, phase: asked.get("phase") === "TEST" ? "TEST" : "TRAIN" };
}

/** Little by little: the browser unpacks a piece at once, to up to 1032 times its size. */
const PIECE = 1024;

function inPieces(bytes) {
  let at = 0;
  return new ReadableStream({ pull(to) {
    if (at >= bytes.length) return to.close();
    to.enqueue(bytes.slice(at, at += PIECE));
  } });
}

/** Unpack piece by piece: a short address may hold a text without an end. */
async function unpacked(bytes, most) {
  const stream = inPieces(bytes).pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader(), decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > most) {
      reader.cancel().catch(() => {});
      throw new RangeError("too long");
    }
  }
}

// The page where people play. It knows no formula: every number comes from an ONNX file.
import * as ort from "./ort/ort.wasm.bundle.min.mjs";

const base = new URL("./", import.meta.url);
ort.env.wasm.numThreads = 1; // more need cross-origin isolation
ort.env.wasm.wasmPaths = { wasm: new URL("ort/ort-wasm-simd-threaded.wasm", base).href };
ort.env.logLevel = "error";

const POINTS = 801;
const BOX = { width: 640, height: 420, left: 44, right: 12, top: 12, bottom: 28 };
const at = (id) => document.getElementById(`play-${id}`);
const sessions = new Map();
let chosen = null;
let values = {};
let busy = false;
let waiting = false;

function session(file) {
  if (!sessions.has(file)) {
    sessions.set(file, ort.InferenceSession.create(new URL(`onnx/${file}`, base).href));
  }
  return sessions.get(file);
}

/** Run the file at some x; returns f and f′. */
async function run(x) {
  const feeds = { x: new ort.Tensor("float32", Float32Array.from(x), [x.length, 1]) };
  for (const { name } of chosen.parameters) {
    feeds[name] = new ort.Tensor("float32", Float32Array.of(values[name]), []);
  }
  const found = await (await session(chosen.file)).run(feeds);
  return [found.f.data, found.derivative.data];
}

const shown = (value) => {
  const text = Math.abs(value) < 5e-5 ? "0" : Number(value).toPrecision(4);
  return (text.includes("e") ? text : String(Number(text))).replace("-", "−");
};

/** Return where to draw: all of f, and of f′ as much as fits into as much again. */
function heights(f, slope) {
  const finite = (row) => [...row].filter(Number.isFinite).sort((a, b) => a - b);
  const ends = (row) => [row[Math.floor(row.length * 0.01)], row[Math.ceil(row.length * 0.99) - 1]];
  const [low, high] = ends(finite(f));
  const [least, most] = ends(finite(slope));
  const room = Math.max(high - low, 1);
  const bottom = Math.max(Math.min(low, least, 0), low - room);
  const top = Math.min(Math.max(high, most, 0), high + room);
  const margin = 0.06 * (top - bottom || 1);
  return [bottom - margin, top + margin];
}

function ticks(low, high) {
  const raw = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Return a path, broken where the line leaves the picture at once: a jump. */
function path(x, y, place, limit) {
  let line = "";
  let last = NaN;
  x.forEach((one, i) => {
    const joins = Number.isFinite(y[i]) && Math.abs(y[i] - last) < limit;
    if (Number.isFinite(y[i])) line += `${joins ? "L" : "M"}${place(one, y[i])}`;
    last = y[i];
  });
  return line;
}

function draw(x, f, slope, mark, fAt, slopeAt) {
  const [low, high] = heights(f, slope);
  const [left, right] = chosen.range;
  const px = (v) => BOX.left + ((v - left) / (right - left)) * (BOX.width - BOX.left - BOX.right);
  const py = (v) => BOX.top + ((high - v) / (high - low)) * (BOX.height - BOX.top - BOX.bottom);
  const place = (a, b) => `${px(a).toFixed(1)} ${py(Math.max(Math.min(b, 1e5), -1e5)).toFixed(1)}`;
  const inner = BOX.height - BOX.bottom;
  const parts = [
    `<clipPath id="play-clip"><rect x="${BOX.left}" y="${BOX.top}" width="${BOX.width - BOX.left - BOX.right}" height="${inner - BOX.top}"/></clipPath>`,
  ];
  for (const t of ticks(left, right)) {
    parts.push(`<path class="${Math.abs(t) < 1e-9 ? "zero" : "grid"}" d="M${px(t)} ${BOX.top}V${inner}"/>`);
    parts.push(`<text x="${px(t)}" y="${BOX.height - 8}" text-anchor="middle">${shown(t)}</text>`);
  }
  for (const t of ticks(low, high)) {
    parts.push(`<path class="${Math.abs(t) < 1e-9 ? "zero" : "grid"}" d="M${BOX.left} ${py(t)}H${BOX.width - BOX.right}"/>`);
    parts.push(`<text x="${BOX.left - 6}" y="${py(t) + 4}" text-anchor="end">${shown(t)}</text>`);
  }
  const limit = (high - low) / 3;
  parts.push('<g clip-path="url(#play-clip)">');
  parts.push(`<path class="zero" stroke-dasharray="2 3" d="M${px(mark)} ${BOX.top}V${inner}"/>`);
  parts.push(`<path class="slope" d="${path(x, slope, place, limit)}"/>`);
  parts.push(`<path class="f" d="${path(x, f, place, limit)}"/>`);
  parts.push(`<circle class="slope" r="5" cx="${px(mark)}" cy="${py(slopeAt)}" data-value="${slopeAt}"/>`);
  parts.push(`<circle class="f" r="5" cx="${px(mark)}" cy="${py(fAt)}" data-value="${fAt}"/></g>`);
  at("plot").innerHTML = parts.join("");
}

async function update() {
  if (busy) {
    waiting = true;
    return;
  }
  busy = true;
  do {
    waiting = false;
    const [left, right] = chosen.range;
    const mark = Number(at("x").value);
    const x = Array.from({ length: POINTS }, (_, i) => left + ((right - left) * i) / (POINTS - 1));
    await session(chosen.file);
    const start = performance.now();
    const [f, slope] = await run([...x, mark]);
    const time = performance.now() - start;
    const [fAt, slopeAt] = [f[POINTS], slope[POINTS]];
    draw(x, f.subarray(0, POINTS), slope.subarray(0, POINTS), mark, fAt, slopeAt);
    at("x-value").value = shown(mark);
    at("f").value = shown(fAt);
    at("slope").value = shown(slopeAt);
    at("status").textContent = `${POINTS} points in ${time.toFixed(1)} ms.`;
    at("plot").dataset.drawn = JSON.stringify({ name: chosen.name, x: mark, ...values });
  } while (waiting);
  busy = false;
}

function slider({ name, low, high, start }) {
  const label = document.createElement("label");
  label.className = "slider";
  const step = (high - low) / 200;
  label.innerHTML = `<span>${name}</span><input type="range" name="${name}" min="${low}" max="${high}" step="any"><output></output>`;
  const [, input, output] = label.children;
  const show = () => (output.value = shown(values[name]));
  input.value = start;
  input.addEventListener("input", () => {
    const near = Math.abs(input.value - start) < step; // the default is easy to hit
    values[name] = near ? start : Number(input.value);
    show();
    update();
  });
  values[name] = start;
  show();
  return label;
}

function choose(entry) {
  chosen = entry;
  values = {};
  at("sliders").replaceChildren(...entry.parameters.map(slider));
  [at("x").min, at("x").max] = entry.range;
  at("x").value = Math.min(1, entry.range[1] / 2);
  at("page").href = new URL(entry.page, location.href).href;
  at("page").textContent = `About ${entry.name}`;
  at("name").value = entry.name;
  history.replaceState(null, "", `#${entry.name}`);
  return update();
}

async function begin() {
  const entries = await (await fetch(new URL("onnx/index.json", base))).json();
  const named = (name) => entries.find((one) => one.name === name);
  at("name").replaceChildren(...entries.map(({ name }) => new Option(name)));
  const go = () => choose(named(decodeURIComponent(location.hash.slice(1))) ?? named("ELU"));
  at("name").addEventListener("change", () => choose(named(at("name").value)));
  at("x").addEventListener("input", update);
  at("reset").addEventListener("click", () => choose(chosen));
  window.addEventListener("hashchange", go);
  for (const id of ["name", "x", "reset"]) at(id).disabled = false;
  await go();
}

if (document.getElementById("play")) {
  begin().catch((error) => (at("status").textContent = `Can't draw: ${error.message}`));
}

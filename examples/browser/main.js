// The page: a drawing in, ten probabilities out.
import { SIZE, load, pixelsOf } from "./digits.js";

const at = (id) => document.getElementById(id);
const drawing = at("drawing");
const pen = drawing.getContext("2d", { willReadFrequently: true });
pen.lineWidth = 26;
pen.lineCap = pen.lineJoin = "round";
pen.strokeStyle = "#fff";

let classify = null;
let last = null;

const bars = [...Array(10).keys()].map((digit) => {
  const row = document.createElement("li");
  row.innerHTML = `<span>${digit}</span><span class="bar"><i></i></span><span></span>`;
  at("bars").append(row);
  return row;
});

function show(probabilities) {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : null;
  at("answer").value = best ?? "–";
  bars.forEach((row, digit) => {
    const share = probabilities?.[digit] ?? 0;
    row.className = digit === best ? "first" : "";
    row.querySelector("i").style.width = `${100 * share}%`;
    row.lastChild.textContent = probabilities ? `${(100 * share).toFixed(1)} %` : "";
  });
}

function showSeen(pixels) {
  const seen = at("seen").getContext("2d");
  seen.clearRect(0, 0, SIZE, SIZE);
  pixels?.forEach((value, i) => {
    seen.fillStyle = `rgb(255 255 255 / ${value})`;
    seen.fillRect(i % SIZE, Math.floor(i / SIZE), 1, 1);
  });
}

async function answer() {
  const pixels = pixelsOf(drawing);
  showSeen(pixels);
  if (!pixels || !classify) return show(null);
  const start = performance.now();
  const [probabilities] = await classify([pixels]);
  at("status").textContent = `Answered in ${(performance.now() - start).toFixed(1)} ms.`;
  show(probabilities);
}

async function use(backend) {
  at("status").textContent = "Loading the model …";
  try {
    classify = await load(backend);
    at("status").textContent = "Ready: draw with the mouse or a finger.";
  } catch (error) {
    at("status").textContent = `Can't run on ${backend}: ${error.message}`;
    if (backend === "wasm") return;
    const choice = document.querySelector(`[value=${backend}]`);
    choice.disabled = true;
    document.querySelector("[value=wasm]").checked = true;
    return;
  }
  await answer();
}

function point(event) {
  const box = drawing.getBoundingClientRect();
  const scale = drawing.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

drawing.addEventListener("pointerdown", (event) => {
  drawing.setPointerCapture(event.pointerId);
  last = point(event);
});
drawing.addEventListener("pointermove", (event) => {
  if (!last) return;
  pen.beginPath();
  pen.moveTo(...last);
  last = point(event);
  pen.lineTo(...last);
  pen.stroke();
});
for (const end of ["pointerup", "pointercancel"]) {
  drawing.addEventListener(end, () => {
    last = null;
    answer();
  });
}
at("clear").addEventListener("click", () => {
  pen.clearRect(0, 0, drawing.width, drawing.height);
  answer();
});
document
  .querySelectorAll("[name=backend]")
  .forEach((one) => one.addEventListener("change", () => use(one.value)));
show(null);
use("wasm");

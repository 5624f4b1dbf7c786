// The model, and pixels as it was trained on them.
import * as ort from "./node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs";

// Without cross-origin isolation a page has one thread.
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export const SIZE = 8;

/** Load the model on "wasm" or "webgpu", and on nothing else in its place. */
export async function load(backend, url = "digits.onnx") {
  if (backend === "webgpu" && !(await navigator.gpu?.requestAdapter())) {
    throw new Error("this browser has no WebGPU adapter");
  }
  const session = await ort.InferenceSession.create(url, { executionProviders: [backend] });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  /** Return the probabilities of some images, each of 64 numbers from 0 to 1. */
  return async (images) => {
    const data = Float32Array.from(images.flat());
    const tensor = new ort.Tensor("float32", data, [images.length, SIZE, SIZE, 1]);
    const found = (await session.run({ [input]: tensor }))[output];
    const values = Array.from(await found.getData());
    return images.map((_, i) => values.slice(10 * i, 10 * i + 10));
  };
}

/**
 * Return a drawing as the data set has its digits: cut out, centred in 32×32 dots of
 * which each is on or off, and in each 4×4 of them counted.
 */
export function pixelsOf(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const isOn = (x, y) => data[4 * (y * width + x) + 3] > 127;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (isOn(x, y)) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
    }
  }
  if (right < 0) return null;
  const side = Math.max(right - left, bottom - top) + 1;
  const [middleX, middleY] = [(left + right + 1) / 2, (top + bottom + 1) / 2];
  const dots = 4 * SIZE;
  const pixels = new Array(SIZE * SIZE).fill(0);
  for (let row = 0; row < dots; row++) {
    for (let column = 0; column < dots; column++) {
      const x = Math.floor(middleX + ((column + 0.5) / dots - 0.5) * side);
      const y = Math.floor(middleY + ((row + 0.5) / dots - 0.5) * side);
      const inside = x >= 0 && y >= 0 && x < width && y < height;
      if (inside && isOn(x, y)) pixels[SIZE * (row >> 2) + (column >> 2)] += 1 / 16;
    }
  }
  return pixels;
}

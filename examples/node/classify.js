// npm install && node classify.js digits.onnx image < pixels.json
// The model's answers for rows of numbers, as JSON: {"shape": [2, 8, 8, 1], "data": [...]}
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [file, input] = process.argv.slice(2);
const session = await InferenceSession.create(file);
const name = input ?? session.inputNames[0];
const { shape, data } = JSON.parse(readFileSync(0, "utf8"));
const tensor = new Tensor("float32", Float32Array.from(data), shape);
const answers = await session.run({ [name]: tensor });
const found = session.outputNames.map((output) => [
  output,
  { shape: answers[output].dims, data: Array.from(answers[output].data) },
]);
console.log(JSON.stringify(Object.fromEntries(found)));

// The example's page in a headless Chromium: what it answers, as JSON on stdout.
//
//     node browser.mjs URL CASES.json SCREENSHOTS
//
// CASES.json: {"images": [[64 numbers], ...], "strokes": {"1": [[[x, y], ...], ...]}}
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, cases, folder] = process.argv.slice(2);
const { images, strokes } = JSON.parse(readFileSync(cases, "utf8"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    // WebGPU on software Vulkan: there is no graphics card here.
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-webgpu-adapter=swiftshader",
  ],
});
const page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("console", (one) => one.type() === "error" && problems.push(one.text()));
await page.goto(url);
const found = { problems, answers: {}, drawn: {}, why: {} };

const settled = () =>
  page.waitForFunction(() => !document.getElementById("status").textContent.startsWith("Loading"));

for (const backend of ["wasm", "webgpu"]) {
  try {
    found.answers[backend] = await page.evaluate(
      async ([backend, images]) => (await (await import("./digits.js")).load(backend))(images),
      [backend, images],
    );
  } catch (error) {
    found.why[backend] = String(error).split("\n")[0];
    continue;
  }
  await page.check(`[value=${backend}]`);
  await settled();
  for (const [digit, lines] of Object.entries(strokes)) {
    await page.click("#clear");
    const box = await page.locator("#drawing").boundingBox();
    for (const [first, ...rest] of lines) {
      const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
      await page.mouse.move(...at(first));
      await page.mouse.down();
      for (const one of rest) await page.mouse.move(...at(one), { steps: 4 });
      await page.mouse.up();
    }
    await page.waitForFunction(() => document.getElementById("answer").value !== "–");
    await page.waitForTimeout(250);
    (found.drawn[backend] ??= {})[digit] = await page.inputValue("#answer").catch(() =>
      page.locator("#answer").textContent(),
    );
  }
}
if (folder) {
  await page.screenshot({ path: `${folder}/wide.png` });
  await page.setViewportSize({ width: 375, height: 900 });
  await page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
}
found.overflows = await page.evaluate(
  () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
);
await browser.close();
console.log(JSON.stringify(found));

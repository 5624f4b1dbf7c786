// Opens pages in a headless Chromium, does what a reader does, and tells what it saw.
//
//     node browser.mjs ADDRESS TASKS
//
// TASKS is JSON: {pages: [path], sliders: [{name, x, values}], shots: folder or null}.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.env.KERAS_ACTS_NODE_MODULES}/`));
const { chromium } = require("playwright-core");
const [address, text] = process.argv.slice(2);
const { pages, sliders, shots } = JSON.parse(text);

const SCREENS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  phonedark: { viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: "dark" },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox"],
});
const found = { elsewhere: [], errors: [], missing: [], pages: [], sliders: [] };

async function isPlayed(page) {
  await page
    .waitForFunction(() => document.getElementById("play-plot").dataset.drawn)
    .catch(async (error) => {
      const status = await page.locator("#play-status").textContent();
      throw new Error(`nothing is drawn: ${status} ${found.errors}`, { cause: error });
    });
}

async function opened(screen) {
  const context = await browser.newContext(SCREENS[screen]);
  const page = await context.newPage();
  page.on("request", (request) => {
    const url = new URL(request.url());
    const here = url.hostname === "127.0.0.1" || ["data:", "blob:"].includes(url.protocol);
    if (!here) found.elsewhere.push(request.url());
  });
  page.on("response", (r) => r.status() >= 400 && found.missing.push(r.url()));
  page.on("pageerror", (error) => found.errors.push(String(error)));
  page.on("console", (m) => m.type() === "error" && found.errors.push(m.text()));
  return page;
}

const isDrawn = (name, x, values) => {
  const drawn = JSON.parse(document.getElementById("play-plot").dataset.drawn ?? "{}");
  const wanted = { name, x, ...values };
  return Object.entries(wanted).every(([key, one]) =>
    typeof one === "number" ? Math.abs(drawn[key] - one) < 1e-9 : drawn[key] === one,
  );
};

async function move(page, selector, value) {
  await page.locator(selector).evaluate((input, number) => {
    input.value = number;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, String(value));
}

for (const screen of Object.keys(SCREENS)) {
  const page = await opened(screen);
  for (const path of pages) {
    await page.goto(address + path); // pictures included
    await page.waitForSelector("article h1");
    if (path.startsWith("architecture")) await page.waitForSelector("div.mermaid");
    if (path.startsWith("play")) {
      await isPlayed(page);
    }
    found.pages.push(
      await page.evaluate(
        ([name, where]) => ({
          screen: name,
          path: where,
          heading: document.querySelector("article h1")?.textContent ?? null,
          wider: document.documentElement.scrollWidth - window.innerWidth,
          background: getComputedStyle(document.body).backgroundColor,
          broken: [...document.images].filter((i) => i.offsetParent && !i.naturalWidth).map((i) => i.src),
          diagrams: [...document.querySelectorAll("div.mermaid")].length,
        }),
        [screen, path],
      ),
    );
    if (shots) {
      const name = path.replaceAll("/", "_").replace(/#.*/, "") || "index";
      await page.screenshot({ path: `${shots}/${name}-${screen}.png` });
    }
  }
  await page.waitForLoadState("networkidle");
  await page.context().close();
}

const page = await opened("desktop");
for (const { name, x, values } of sliders) {
  await page.goto("about:blank"); // else only the hash changes
  await page.goto(`${address}play/#${name}`);
  await isPlayed(page);
  await move(page, "#play-x", x);
  for (const [parameter, value] of Object.entries(values)) {
    await move(page, `#play-sliders input[name="${parameter}"]`, value);
  }
  await page.waitForFunction(
    ([source, ...given]) => new Function(`return (${source})`)()(...given),
    [isDrawn.toString(), name, x, values],
  );
  const read = (kind) =>
    page.locator(`#play-plot circle.${kind}`).getAttribute("data-value").then(Number);
  const [f, slope] = [await read("f"), await read("slope")];
  found.sliders.push({ name, x, values, f, slope });
}

// The keyboard moves a slider as a finger does.
await page.goto("about:blank");
await page.goto(`${address}play/#PReLU`);
await isPlayed(page);
const before = await page.locator("#play-plot path.f").getAttribute("d");
await page.locator('#play-sliders input[name="alpha"]').focus();
for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowRight");
await page.waitForFunction(
  (old) => document.querySelector("#play-plot path.f").getAttribute("d") !== old,
  before,
);
found.moved = true;

await page.goto(`${address}compare/`, { waitUntil: "networkidle" });
const column = () =>
  page.$$eval(".sortable tbody tr", (rows) => rows.map((row) => row.cells[11].textContent));
await page.locator(".sortable th button", { hasText: "cost" }).click();
found.costs = await column();

await page.goto(address, { waitUntil: "networkidle" });
await page.locator(".md-search__input").click();
await page.locator(".md-search__input").pressSequentially("squareplus", { delay: 20 });
await page.waitForSelector(".md-search-result__item a");
found.search = await page.$$eval(".md-search-result__link", (all) => all.map((a) => a.href));

await browser.close();
console.log(JSON.stringify(found));

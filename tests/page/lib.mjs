// A browser, and what each page must keep to.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const chromium = process.env.CHROMIUM ?? PLACES.find(existsSync);

/** A browser, with more arguments if need be. */
export async function launch(more = []) {
  return puppeteer.launch({
    executablePath: chromium,
    // WebGL in software, and no sandbox: tests may run as root, and the page is our own.
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--lang=en", ...more],
  });
}

/** A tab that notes what must not happen: errors on the console, failed scripts, requests to other hosts. */
export async function open(browser, base, { width = 1280, height = 900, dark = false } = {}) {
  const tab = await browser.newPage();
  const wrong = [];
  await tab.setViewport({ width, height });
  await tab.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  tab.on("console", (message) => {
    if (["error", "assert"].includes(message.type())) wrong.push(`console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  tab.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== new URL(base).origin) wrong.push(`another host: ${url}`);
  });
  tab.on("requestfailed", (request) => {
    // A stream of events, and what a left page had asked for, end with the page.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") wrong.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  return { tab, wrong };
}

/** Goes to a view and waits until it is there. */
export async function go(tab, base, place) {
  await tab.goto("about:blank");
  await tab.goto(`${base}/${place}`, { waitUntil: "load" });
  await settled(tab);
}

export async function settled(tab) {
  await tab.waitForFunction(() => document.querySelector("main h1") && !document.querySelector("main > .wait"), { timeout: 15000 })
    .catch(async () => {
      throw new Error(`${tab.url()} is not there after 30 s, but: ${await tab.evaluate(() => document.body.innerText)}`);
    });
  await new Promise((done) => setTimeout(done, 400));
}

/** What axe finds, in words. */
export async function audit(tab) {
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.violations.map((one) => `${one.id}: ${one.help}\n    ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary.replaceAll("\n", " ")}`).join("\n    ")}`);
}

/** How far the document is wider than the window. */
export const overflow = (tab) => tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

// What the tests of pages have in common: Chromium, the program, and what a page must never do.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const program = process.env.SEKIMORI;
export const root = new URL("../../", import.meta.url).pathname;
export const folder = mkdtempSync(join(tmpdir(), "sekimori-browser-"));

/** Runs the program with a fixed clock; gives what it printed. */
export function sekimori(args, input) {
  const env = { ...process.env, LANG: "C.UTF-8", SOURCE_DATE_EPOCH: "1795424400" };
  for (const name of Object.keys(env)) if (name.startsWith("SEKIMORI_") || name.startsWith("LC_")) delete env[name];
  const ran = spawnSync(program, args, { cwd: root, env, input, encoding: "utf8", maxBuffer: 1 << 30 });
  if (ran.error) throw ran.error;
  return ran;
}

export async function start() {
  const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  if (!path) throw new Error("no Chromium: apt-get install chromium");
  return chromium.launch({
    executablePath: process.env.CHROMIUM || path,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** Opens a file; `page.faults` takes whatever it says on the console or asks of the network. */
export async function open(browser, file, options = {}) {
  // Bypassing the policy is for the checker of accessibility only, which runs as a script of ours.
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => page.faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.faults.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  const address = `file://${file}`;
  page.on("request", (request) => {
    if (request.url() !== address) page.faults.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

/** What the checker of accessibility has to say of a page. */
export async function accessibility(page) {
  const session = await page.context().newCDPSession(page);
  // Evaluated from outside the page, so that the page's own policy stays in force for its scripts.
  await session.send("Runtime.evaluate", { expression: axe });
  const { result } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((found) => JSON.stringify(
      found.violations.map((fault) => fault.id + ": " + fault.help + " " + fault.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join(" | "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
}

/** The pages of a PDF, as text. */
export function pdfText(file) {
  return execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
}

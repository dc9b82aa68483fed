// The browser, and what holds for every page: nothing leaves the machine, nothing fails, everybody
// can use it, it is light.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { PATIENCE } from "./world.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A page with all that it loads has fewer bytes than this. */
const BYTES_MAX = 100_000;

/** Where pictures are put, by language; without it none are made. */
const PICTURES = process.env.PONTE_SCREENSHOTS;

/** The words that WCAG 2.2 AA and good practice are known by. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** Somebody at a screen. */
export class Person {
  static async open(browser, base, { language = "pt-BR", scripts = true } = {}) {
    const person = new Person();
    person.base = base;
    person.language = language;
    person.strangers = [];
    person.errors = [];
    person.barriers = [];
    person.context = await browser.newContext({
      javaScriptEnabled: scripts, viewport: { width: 1240, height: 800 }, locale: language,
      // Colours that are on their way from light to dark are neither.
      acceptDownloads: true, reducedMotion: "reduce",
    });
    const cookie = { name: "ponte-language", value: language, url: base };
    await person.context.addCookies([cookie]);
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(PATIENCE);
    person.page.on("request", (it) => {
      if (!it.url().startsWith(base) && !it.url().startsWith("blob:")) person.strangers.push(it.url());
    });
    person.page.on("console", (it) => {
      // A refusal is an answer too, and the browser names it.
      if (it.type() === "error" && !/status of 4\d\d/.test(it.text())) person.errors.push(it.text());
    });
    person.page.on("pageerror", (it) => person.errors.push(String(it)));
    return person;
  }

  async go(path) {
    // The overview never stops following the numbers.
    return this.page.goto(this.base + path, { waitUntil: "load" });
  }

  path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  async heading() {
    return (await this.page.locator("h1").first().textContent()).trim();
  }

  async text() {
    return this.page.locator("body").innerText();
  }

  /** Waits for words that can be seen, in whatever `within` names; several leads may say the same. */
  async sees(words, within = this.page) {
    await within.getByText(words).filter({ visible: true }).first().waitFor().catch(async (error) => {
      const text = await this.text().catch(() => "");
      throw new Error(`${error.message}\n${this.path()}:\n${text}`);
    });
  }

  /** Notes where somebody who cannot see, or cannot use a mouse, is kept out; light and dark. */
  async isForEverybody(what) {
    for (const colorScheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme });
      if (!(await this.page.evaluate(() => "axe" in window))) {
        await this.page.evaluate(await axeSource());
      }
      const { violations } = await this.page.evaluate(
        (values) => window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }), RULES,
      );
      const found = violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
      this.barriers.push(...found.map((it) => `${what}, ${colorScheme}: ${it}`));
    }
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  /** Fails where the page and all that it loads are heavy. */
  async isLight(path) {
    const weights = {};
    const count = async (response) => {
      if (response.url().endsWith("/live")) return;
      weights[response.url()] = (await response.body().catch(() => "")).length;
    };
    const seen = [];
    const listen = (response) => seen.push(count(response));
    this.page.on("response", listen);
    await this.go(path);
    await Promise.all(seen);
    this.page.off("response", listen);
    const whole = Object.values(weights).reduce((sum, it) => sum + it, 0);
    assert.ok(whole > 1_000 && whole < BYTES_MAX, `${path} weighs ${whole}: ${JSON.stringify(weights)}`);
    return whole;
  }

  async picture(name, colorScheme = "light") {
    if (!PICTURES) return;
    const folder = join(PICTURES, this.language);
    mkdirSync(folder, { recursive: true });
    await this.page.emulateMedia({ colorScheme });
    await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: "disabled" });
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  /** Fails where somebody was kept out, anything was asked of another host, or a script broke. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.barriers, [], "accessibility");
    assert.deepEqual(this.strangers, [], "requests to others");
    assert.deepEqual(this.errors, [], "errors in the console");
  }
}

let source;
async function axeSource() {
  const { readFile } = await import("node:fs/promises");
  source ??= await readFile(AXE, "utf8");
  return source;
}

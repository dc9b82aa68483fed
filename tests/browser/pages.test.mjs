// Every page, in both languages: there, understandable, accessible, light, and of this machine only.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, Person } from "./support/browser.mjs";
import { until, World } from "./support/world.mjs";

let world, browser;

before(async () => {
  world = await World.start();
  browser = await launch();
  await world.nonsense();
  // Something of everything: leads that are in Ploomes, that failed, that came without a webhook.
  await until("leads of all kinds", async () => {
    const { leads, deliveries } = await world.status();
    return leads.done >= 4 && leads.failed >= 1 && deliveries.quarantined >= 1;
  });
  const seen = await world.command(["reconcile", "--mode", "report", "--format", "json"]);
  assert.ok(JSON.parse(seen).run);
});

after(async () => {
  await browser?.close();
  await world?.end();
});

/** A contact that the ledger knows, and one of its leads. */
async function known(state) {
  return (await world.leads()).find((it) => it.state === state);
}

for (const language of ["pt-BR", "en"]) {
  test(`each page is for everybody, light and whole (${language})`, async () => {
    const person = await Person.open(browser, world.page, { language });
    const done = await known("done");
    const pages = [
      ["overview", "/"],
      ["leads", "/leads"],
      ["leads-failed", "/leads?show=failed"],
      ["lead", `/contacts/${done.contact}`],
      ["waiting", "/waiting"],
      ["reconciliations", "/runs"],
      ["routes", "/routes"],
      ["route", "/routes/site"],
      ["route-edit", "/routes/site/edit"],
      ["route-new", "/new-route"],
      ["person", `/person/${done.contact}`],
      ["settings", "/settings"],
      ["refusal", "/no/such/page"],
    ];
    for (const [name, path] of pages) {
      await person.isLight(path);
      assert.equal(await person.page.getAttribute("html", "lang"), language, path);
      assert.ok(await person.heading(), path);
      assert.equal(await person.page.locator("main").count(), 1, path);
      await person.isForEverybody(path);
      await person.picture(name);
      if (name === "overview") await person.picture("overview-dark", "dark");
    }
    await person.close();
  });
}

test("the two languages never mix", async () => {
  for (const [language, own, others] of [
    ["pt-BR", ["Visão geral", "Pendências", "Rotas"], ["Overview", "Routes", "Settings", "is empty", "no contact[id]", "failed", "cannot be used"]],
    ["en", ["Overview", "To do", "Routes"], ["Visão geral", "Pendências", "Rotas", "está vazio", "falta contact[id]"]],
  ]) {
    const person = await Person.open(browser, world.page, { language });
    for (const path of ["/", "/leads", "/waiting", "/runs", "/routes", "/settings"]) {
      await person.go(path);
      const text = await person.text();
      for (const word of own) assert.ok(text.includes(word), `${path}: ${word}`);
      for (const word of others) assert.ok(!text.includes(word), `${path}: ${word}`);
    }
    await person.close();
  }
});

for (const [language, open] of [["en", /^HTML: Open report/], ["pt-BR", /^HTML: Abrir relatório/]])
test(`the report of a reconciliation keeps its style under its own policy (${language})`, async () => {
  const person = await Person.open(browser, world.page, { language });
  await person.go("/runs");
  await person.page.getByRole("link", { name: open }).first().click();
  await person.page.waitForURL(/\/runs\/\d+$/);
  const radius = await person.page.locator(".card").first().evaluate((it) => getComputedStyle(it).borderRadius);
  assert.equal(radius, "10px");
  await person.isForEverybody("report");
  await person.picture("report");
  const downloads = [];
  for (const format of ["CSV", "JSON"]) {
    await person.go("/runs");
    const [download] = await Promise.all([
      person.page.waitForEvent("download"),
      person.page.getByRole("link", { name: `${format}:` }).first().click(),
    ]);
    downloads.push(download.suggestedFilename());
  }
  assert.match(downloads.join(" "), /^ponte-\d+\.csv ponte-\d+\.json$/);
  await person.close();
});

test("everything can be reached and used with the keyboard alone", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/leads");
  await person.page.keyboard.press("Tab");
  assert.equal(await person.page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await person.page.keyboard.press("Enter");
  assert.equal(await person.page.evaluate(() => document.activeElement.id), "main");
  await person.page.keyboard.press("Tab");
  assert.equal(await person.page.evaluate(() => document.activeElement.id), "q");
  const { lead, contact } = await known("done");
  await person.page.keyboard.type(lead);
  await person.page.keyboard.press("Enter");
  await person.page.waitForURL((url) => url.pathname === `/contacts/${contact}`);
  await person.close();
});

test("the pages work without JavaScript", async () => {
  const person = await Person.open(browser, world.page, { language: "en", scripts: false });
  await person.go("/waiting");
  await person.page.getByRole("checkbox", { name: /^Choose site\// }).first().check();
  await person.page.getByRole("button", { name: "Try the chosen ones again" }).first().click();
  await person.sees("is in the queue again");
  await person.page.getByRole("button", { name: "Idioma" }).click();
  await person.page.getByRole("heading", { name: "O que espera por você" }).waitFor();
  await person.close();
});

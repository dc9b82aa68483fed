// What people do on the pages, and what comes of it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, Person } from "./support/browser.mjs";
import { PASSWORD, until, World } from "./support/world.mjs";

let world, browser;

before(async () => {
  world = await World.start();
  browser = await launch();
  await until("a lead that failed and one that is done", async () => {
    const { leads } = await world.status();
    return leads.failed >= 1 && leads.done >= 1;
  });
});

after(async () => {
  await browser?.close();
  await world?.end();
});

// The lists share the pace of both accounts with everything else: an answer that would take longer than
// half a minute is given up, and asked for again by whoever wants it.
async function readLists(person) {
  const there = person.page.getByText("The lists of both accounts are here");
  for (let tries = 0; tries < 5 && !(await there.isVisible()); tries += 1) {
    const button = person.page.getByRole("button", { name: "Read the live lists" });
    await Promise.all([person.page.waitForEvent("load"), button.click()]);
  }
  await there.waitFor();
}

test("a lead appears on the overview while somebody looks", async () => {
  const person = await Person.open(browser, world.page);
  await person.go("/");
  const first = () => person.page.locator("#live tbody .key").first().textContent();
  const before = await first();
  // No reload: a mark on the document stays.
  await person.page.evaluate(() => { document.documentElement.dataset.mark = "stays"; });
  await until("another lead on top", async () => (await first()) !== before);
  assert.equal(await person.page.getAttribute("html", "data-mark"), "stays");
  await person.close();
});

test("a contact is found by e-mail, number and lead, and its story is told", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  const done = (await world.leads()).find((it) => it.state === "done");
  const story = JSON.parse(await world.command(["explain", String(done.contact), "--json"]));
  const search = async (words) => {
    await person.go("/leads");
    await person.page.getByRole("searchbox").fill(words);
    await person.page.getByRole("button", { name: "Search" }).click();
  };
  await search(story.email);
  await person.page.waitForURL((url) => url.pathname === `/contacts/${done.contact}`);
  const text = await person.text();
  for (const word of [story.email, done.lead, "create person", "create deal"]) assert.ok(text.includes(word), word);
  await search(String(done.deal));
  await person.page.getByRole("link", { name: done.lead, exact: true }).waitFor();
  await search(done.lead);
  await person.page.waitForURL((url) => url.pathname === `/contacts/${done.contact}`);
  await search("nobody@example.com");
  await person.sees("Nothing was found for this.");
  await search("nonsense");
  await person.sees("Write it whole", person.page.getByRole("alert"));
  await person.isForEverybody("a search that was not understood");
  await person.close();
});

test("a dry run on a real contact says what would be done, and writes nothing", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  const failed = (await world.leads()).find((it) => it.state === "failed");
  await person.go("/routes/site");
  await person.page.getByLabel("E-mail or number of a contact").fill(String(failed.contact));
  await person.page.getByRole("button", { name: "Try it" }).click();
  await person.sees(failed.lead);
  await person.isForEverybody("dry run");
  await person.go("/routes");
  await person.page.getByLabel("E-mail or number of a contact").fill("not a contact");
  await person.page.getByRole("button", { name: "Try it" }).click();
  await person.sees("Write the contact's whole e-mail address");
  await person.close();
});

test("a poll and a reconciliation are started, and answer", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/runs");
  await person.page.getByRole("button", { name: "Poll now" }).click();
  await person.sees("The poll read everything.");
  await person.go("/runs");
  await person.page.getByRole("button", { name: "Start the reconciliation" }).click();
  await person.page.getByRole("link", { name: "Report" }).click();
  await person.page.waitForURL(/\/runs\/\d+$/);
  await person.go("/settings");
  await person.page.getByRole("button", { name: /^Check keys/ }).click();
  await person.sees(/are right|has to be put right/);
  await person.close();
});

test("a route is paused and goes on", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/routes/site");
  await person.page.getByRole("button", { name: "Pause" }).click();
  await person.sees("paused: webhooks are kept");
  await person.page.getByRole("button", { name: "Resume" }).click();
  await person.page.getByRole("button", { name: "Pause" }).waitFor();
  await person.page.getByText("Show the URL").click();
  assert.match(await person.page.locator("#url").textContent(), /^\/webhooks\/browser-test-token/);
  await person.page.getByRole("button", { name: "Copy" }).click();
  await person.close();
});

test("a route is edited and works, and a lead that failed is retried", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/routes/site");
  await person.page.getByRole("link", { name: "Edit" }).click();
  await person.isForEverybody("edit");
  await readLists(person);
  const offered = await person.page.locator("datalist option").evaluateAll((all) => all.map((it) => it.value));
  for (const name of ["field.CPF", "person.CPF", "deal.Title"]) assert.ok(offered.includes(name), name);
  // Pipelines are chosen from a list, and stages from those of the pipeline.
  const options = (label) => person.page.getByLabel(label, { exact: true }).locator("option:not([disabled], optgroup[disabled] *)").allTextContents();
  const pipelines = await options("Pipeline");
  assert.ok(pipelines.includes("Vendas") && pipelines.length > 1, pipelines.join());
  const stages = await options("Stage");
  assert.ok(stages.includes("Lead novo"), stages.join());
  await person.page.getByLabel("Pipeline", { exact: true }).selectOption(pipelines.find((it) => it !== "Vendas"));
  assert.notDeepEqual(await options("Stage"), stages);
  await person.page.getByLabel("Pipeline", { exact: true }).selectOption("Vendas");
  await person.page.getByLabel("Stage", { exact: true }).selectOption("Lead novo");
  // Of several tags, each is offered.
  const tags = person.page.locator("#tags-known option");
  if (await tags.count()) {
    await person.page.getByLabel("Tags", { exact: true }).fill("one,");
    assert.ok((await tags.first().getAttribute("value")).startsWith("one, "));
    await person.page.getByLabel("Tags", { exact: true }).fill("");
  }
  await person.picture("route-edit-lists");

  // A wrong step says what is wrong, and nothing is saved.
  const before = await world.text();
  await person.page.getByLabel("From ActiveCampaign 3").fill("feild.CPF");
  await person.page.getByRole("button", { name: "Save and use" }).click();
  await person.sees("Nothing was saved", person.page.getByRole("alert"));
  assert.equal(await person.page.getByLabel("From ActiveCampaign 3").inputValue(), "feild.CPF");
  assert.equal(await world.text(), before);
  await person.isForEverybody("edit refused");

  // What is not saved yet can be tried on a contact.
  const waiting = (await world.leads()).find((it) => it.state === "failed");
  await person.page.getByLabel("From ActiveCampaign 3").fill("field.CPF");
  await person.page.getByLabel("E-mail or number of a contact").fill(String(waiting.contact));
  await person.page.getByRole("button", { name: "Try it" }).click();
  await person.sees("failed: field.CPF is empty");
  await person.page.getByLabel("Required 3").uncheck();
  await person.page.getByRole("button", { name: "Try it" }).click();
  await person.sees("create person");
  assert.equal(await person.page.getByLabel("Required 3").isChecked(), false);
  assert.equal(await world.text(), before);
  await person.isForEverybody("edit tried");
  await person.picture("route-edit-tried");
  await person.page.getByLabel("Required 3").check();

  // A row more, one that is not required any more, and the TOML of it all.
  await person.page.getByLabel("From ActiveCampaign 3").fill("field.CPF");
  await person.page.getByLabel("Required 3").uncheck();
  await person.page.getByLabel("From ActiveCampaign 6").fill("phone");
  await person.page.getByLabel("To Ploomes 6").fill("person.Phones");
  await person.page.getByLabel("The webhook may come within").fill("90s");
  await person.page.getByLabel("Note", { exact: true }).fill("Entrou por {{ automation.name }}");
  await person.page.getByRole("button", { name: "Add a row" }).click();
  assert.equal(await person.page.getByLabel("To Ploomes 9").inputValue(), "");
  await person.page.getByRole("button", { name: "Show the TOML" }).click();
  const toml = await person.page.locator("#toml").textContent();
  assert.ok(toml.includes('to = "person.Phones"') && !toml.includes("browser-test-token"), toml);
  assert.equal(await world.text(), before);
  await person.page.getByRole("button", { name: "Save and use" }).click();
  await person.sees("The configuration is saved and in use.", person.page.getByRole("status"));
  const text = await world.text();
  for (const kept of ["# Made by a test.", "# until the sales team is asked", "# Sales asked for it.", 'to = "person.Phones"', 'expect_within = "90s"', 'note = "Entrou por']) {
    assert.ok(text.includes(kept), kept);
  }

  // What failed for want of a document is brought in now.
  const { lead } = (await world.leads()).find((it) => it.state === "failed");
  await person.go("/waiting");
  await person.page.getByRole("checkbox", { name: `Choose ${lead}`, exact: true }).check();
  await person.page.getByRole("button", { name: "Try the chosen ones again" }).first().click();
  await person.sees("1 lead is in the queue again.", person.page.getByRole("status"));
  await until(`${lead} is in Ploomes`, async () => (await world.leads()).find((it) => it.lead === lead).state === "done");
  await person.close();
});

test("a route is added, and its first lead comes", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/routes");
  await person.page.getByRole("link", { name: "Add a route" }).click();
  await readLists(person);
  await person.isForEverybody("a new route");
  await person.page.getByLabel("Name", { exact: true }).fill("todos à mão");
  await person.page.getByLabel("Contacts that").selectOption("every_contact");
  await person.page.getByLabel("Since", { exact: true }).fill("2020-01-01");
  await person.page.getByLabel("The webhook may come within").fill("1s");
  await person.page.getByLabel("Pipeline", { exact: true }).selectOption("Pós-venda");
  await person.page.getByLabel("Enabled", { exact: true }).check();
  await person.page.getByRole("button", { name: "Save and use" }).click();
  await person.sees("The configuration is saved and in use.", person.page.getByRole("status"));
  await person.page.getByText("Show the URL").click();
  assert.match(await person.page.locator("#url").textContent(), /^\/webhooks\/[0-9a-f]{32}$/);
  await until("a lead of the new route", async () => (await world.leads()).some((it) => it.route === "todos à mão"));
  await person.close();
});

test("a person's data is exported and, after a number was written, erased; they can be let in again", async () => {
  const person = await Person.open(browser, world.page, { language: "en" });
  const done = (await world.leads()).find((it) => it.state === "done");
  const { email } = JSON.parse(await world.command(["explain", String(done.contact), "--json"]));
  await person.go("/person");
  await person.isForEverybody("person");
  await person.page.getByLabel("E-mail or number of the contact").fill(email);
  await person.page.getByRole("button", { name: "Look" }).click();
  await person.page.waitForURL((url) => url.pathname === `/person/${done.contact}`);
  await person.isForEverybody("a person's data");
  await person.picture("person");
  const [download] = await Promise.all([
    person.page.waitForEvent("download"),
    person.page.getByRole("button", { name: "Export as JSON" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), `ponte-contact-${done.contact}.json`);
  await person.page.getByLabel(/to confirm$/).fill("0");
  await person.page.getByRole("button", { name: "Erase" }).click();
  await person.sees("nothing was erased", person.page.getByRole("alert"));
  await person.page.getByLabel(/to confirm$/).fill(String(done.contact));
  await person.page.getByRole("button", { name: "Erase" }).click();
  await person.sees("Everything held of this person is removed.");
  assert.equal((await world.leads()).find((it) => it.lead === done.lead).state, "erased");
  await person.page.getByRole("button", { name: "Lift the mark" }).click();
  await person.sees("The mark is lifted");
  await person.close();
});

test("who signs in is let in, all others are told why not", async () => {
  const hash = (await world.command(["password"], `${PASSWORD}\n`)).trim();
  await world.stop();
  await world.edit((text) => text.replace('language = "pt-BR"', `language = "pt-BR"\npassword_hash = "${hash}"`));
  await world.run();
  for (const language of ["pt-BR", "en"]) {
    const person = await Person.open(browser, world.page, { language });
    await person.go("/leads?show=failed");
    assert.ok(person.path().startsWith("/sign-in?to="));
    await person.isForEverybody("sign-in");
    await person.picture("sign-in");
    const words = { "pt-BR": ["Senha", "Entrar", "Senha incorreta", "Sair"], en: ["Password", "Sign in", "The password is wrong", "Sign out"] };
    const [field, button, wrong, out] = words[language];
    await person.page.getByLabel(field).fill("a wrong one");
    await person.page.getByRole("button", { name: button }).click();
    await person.sees(wrong, person.page.getByRole("alert"));
    await person.isForEverybody("sign-in refused");
    await person.picture("sign-in-refused");
    await person.page.getByLabel(field).fill(PASSWORD);
    await person.page.getByRole("button", { name: button }).click();
    await person.page.waitForURL("**/leads?show=failed");
    const [session] = (await person.context.cookies()).filter((it) => it.name === "ponte-session");
    assert.equal(session.httpOnly, true);
    assert.equal(session.sameSite, "Strict");
    await person.page.getByRole("button", { name: out }).click();
    await person.page.waitForURL("**/sign-in");
    await person.go("/leads");
    assert.ok(person.path().startsWith("/sign-in?to="));
    await person.close();
  }
});

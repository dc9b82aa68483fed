// What is seldom: records that people changed, a write whose answer never came, everything brought
// in at once, a file that cannot be written.

import assert from "node:assert/strict";
import { open, unlink } from "node:fs/promises";
import { createServer, request } from "node:http";
import { after, before, test } from "node:test";

import { launch, Person } from "./support/browser.mjs";
import { until, World } from "./support/world.mjs";

const WORDS = {
  "pt-BR": {
    drift: "Alterados no Ploomes", edited: "editado", doubt: "Em dúvida", unknown: "a resposta a uma escrita nunca chegou",
    mode: "O que faz", all: "traz tudo", start: "Iniciar a conciliação", bring: "Trazer todos", takes: "chamadas ao Ploomes", read: "contatos lidos",
    again: /^Tentar de novo todos/, queue: "na fila", save: "Salvar e usar", closed: "não pode ser escrito daqui", owner: "Responsável",
    within: "O webhook pode chegar em até", span: "se esperava uma duração", stage: "Estágio", none: "não há estágio \"Nada\" no funil \"Vendas\"", nothing: "Nada foi salvo",
    contact: "E-mail ou número de um contato", dry: "Ensaiar", empty: "com falha: field.CPF está vazio", nobody: "o ActiveCampaign não tem o contato 999999",
  },
  en: {
    drift: "Changed in Ploomes", edited: "edited", doubt: "In doubt", unknown: "the answer to a write never came",
    mode: "What it does", all: "brings in everything", start: "Start the reconciliation", bring: "Bring them all in", takes: "calls to Ploomes", read: "contacts read",
    again: /^Try all/, queue: "in the queue", save: "Save and use", closed: "cannot be written from here", owner: "Owner",
    within: "The webhook may come within", span: "expected a duration", stage: "Stage", none: "there is no stage \"Nada\" in the pipeline \"Vendas\"", nothing: "Nothing was saved",
    contact: "E-mail or number of a contact", dry: "Try it", empty: "failed: field.CPF is empty", nobody: "ActiveCampaign has no contact 999999",
  },
};

let world, browser, between;

before(async () => {
  world = await World.start();
  browser = await launch();
  // From now on there is somebody between ponte and Ploomes.
  between = await Between.start(world.ports.ploomes);
  await world.stop();
  await world.edit((text) => text.replace(`127.0.0.1:${world.ports.ploomes}`, `127.0.0.1:${between.port}`));
  await world.run();
  await until("leads that are done, and two that failed", async () => {
    const { leads } = await world.status();
    return leads.done >= 2 && leads.failed >= 2;
  });
});

after(async () => {
  await browser?.close();
  await world?.end();
  between?.server.close();
});

/** Stands between `ponte` and Ploomes; where it hides, a deal is written and nobody hears of it. */
class Between {
  static async start(ploomes) {
    const it = new Between();
    it.hides = false;
    it.hidden = 0;
    it.server = createServer((asked, answer) => {
      const { method, url: path, headers } = asked;
      if (it.hidden > 0 && method === "GET") return answer.destroy();
      const is = it.hides && it.hidden === 0 && method === "POST" && path.startsWith("/Deals");
      asked.pipe(request({ host: "127.0.0.1", port: ploomes, method, path, headers }, (came) => {
        if (!is) return came.pipe(answer.writeHead(came.statusCode, came.headers));
        it.hidden += 1;
        came.resume();
        answer.destroy();
      }));
    });
    await new Promise((done) => it.server.listen(0, "127.0.0.1", done));
    it.port = it.server.address().port;
    return it;
  }
}

async function inBoth(look) {
  for (const [language, words] of Object.entries(WORDS)) {
    const person = await Person.open(browser, world.page, { language });
    await look(person, words);
    await person.close();
  }
}

test("what people changed in Ploomes is shown, and links to it", async () => {
  const { person: id } = (await world.leads()).find((it) => it.state === "done" && it.person);
  const changed = await fetch(`http://127.0.0.1:${world.ports.ploomes}/Contacts(${id})`, {
    method: "PATCH", headers: { "User-Key": "another-invented-key", "Content-Type": "application/json" },
    body: JSON.stringify({ Name: "Somebody Else" }),
  });
  assert.ok(changed.ok, String(changed.status));
  await world.command(["reconcile", "--mode", "report", "--format", "json"]);
  await inBoth(async (person, words) => {
    await person.go("/waiting");
    const table = person.page.getByRole("region", { name: words.drift });
    // A person of two leads is there twice.
    const row = table.getByRole("row", { name: new RegExp(`${id} ${words.edited}`) }).first();
    await row.waitFor();
    assert.equal(await row.getByRole("link").first().getAttribute("href"), `https://app.example.com/contact/${id}`);
    await person.isForEverybody("drift");
    await person.picture("waiting-drift");
  });
});

test("a lead whose write went unanswered is shown as in doubt, and is settled once Ploomes answers", async () => {
  between.hides = true;
  await until("a lead in doubt", async () => (await world.status()).leads.in_doubt >= 1);
  const { lead, contact } = (await world.leads()).find((it) => it.state === "in_doubt");
  await inBoth(async (person, words) => {
    await person.go("/waiting");
    const table = person.page.getByRole("region", { name: words.doubt });
    await table.getByRole("link", { name: lead, exact: true }).waitFor();
    await person.sees(words.unknown, table);
    await person.isForEverybody("in doubt");
    await person.picture("waiting-doubt");
    await person.go(`/contacts/${contact}`);
    await person.isForEverybody("the story of a doubt");
    await person.picture("lead-doubt");
    await person.go("/");
    await person.picture("overview-act");
  });
  between.hides = false;
  between.hidden = 0;
  await until(`${lead} is settled`, async () => (await world.leads()).find((it) => it.lead === lead).state === "done");
});

test("everything is brought in after a count, a forecast and a yes", async () => {
  await world.command(["pause"]);
  // A contact that is looked at may come to nothing; who is found from now on waits.
  const known = new Set((await world.leads()).map((it) => it.lead));
  await until("a lead that waits", async () => (await world.leads()).some((it) => !known.has(it.lead)));
  await inBoth(async (person, words) => {
    await person.go("/runs");
    await person.isForEverybody("start");
    const mode = person.page.getByLabel(words.mode);
    const all = await mode.locator("option").filter({ hasText: words.all }).getAttribute("value");
    await mode.selectOption(all);
    await person.page.getByRole("button", { name: words.start }).click();
    await person.sees(words.takes);
    await person.isForEverybody("counted");
    await person.picture("reconcile-all");
  });
  await world.command(["resume"]);
  const person = await Person.open(browser, world.page, { language: "en" });
  await person.go("/runs");
  await person.page.getByLabel(WORDS.en.mode).selectOption("all");
  await person.page.getByRole("button", { name: WORDS.en.start }).click();
  // What waited may be done by now; then there is nothing to decide.
  const bring = person.page.getByRole("button", { name: WORDS.en.bring });
  await bring.or(person.page.getByText("there is nothing to bring in")).first().waitFor();
  if (await bring.isVisible()) {
    await bring.click();
    await person.sees("The reconciliation has ended.");
  }
  await person.close();
});

test("a wrong step is named in the language of the page", async () => {
  const failed = (await world.leads()).find((it) => it.state === "failed");
  await inBoth(async (person, words) => {
    const { page } = person;
    await person.go("/routes/site/edit");
    await page.getByLabel(words.within).fill("5 x");
    await page.getByRole("button", { name: words.save }).click();
    const alert = page.getByRole("alert");
    await person.sees(words.nothing, alert);
    await person.sees(words.span, alert);
    await person.picture("route-edit-refused");
    // What only the accounts can tell is told by a dry run.
    await page.getByLabel(words.within).fill("1s");
    await page.getByLabel(words.stage, { exact: true }).fill("Nada");
    await page.getByLabel(words.contact).fill(String(failed.contact));
    await page.getByRole("button", { name: words.dry }).click();
    await person.sees(words.none);
    await person.go("/routes/site");
    await page.getByLabel(words.contact).fill(String(failed.contact));
    await page.getByRole("button", { name: words.dry }).click();
    await person.sees(words.empty);
    await person.picture("dry-run");
    await person.go("/routes/site");
    await page.getByLabel(words.contact).fill("999999");
    await page.getByRole("button", { name: words.dry }).click();
    await person.sees(words.nobody);
    await person.isForEverybody("a dry run on nobody");
  });
});

test("all that failed is tried again by the engine", async () => {
  const person = await Person.open(browser, world.page, { language: "pt-BR" });
  await person.go("/waiting");
  await person.page.getByRole("button", { name: WORDS["pt-BR"].again }).first().click();
  await person.sees(/leads? volt(ou|aram) para a fila/);
  await person.isForEverybody("tried again");
  await person.picture("retried");
  await person.close();
});

test("a file that cannot be written is shown as it would have to be", async () => {
  // A file without a name can be read by whoever holds it, and be written by nobody.
  await world.stop();
  const before = await world.text();
  const file = await open(world.config);
  await unlink(world.config);
  const named = world.config;
  world.config = `/proc/${process.pid}/fd/${file.fd}`;
  await world.run();
  await inBoth(async (person, words) => {
    await person.go("/routes/site/edit");
    await person.page.getByLabel(words.owner, { exact: true }).fill("7");
    await person.page.getByRole("button", { name: words.save }).click();
    await person.sees(words.closed, person.page.getByRole("alert"));
    const toml = await person.page.locator("#toml").textContent();
    assert.ok(toml.includes("owner = [7]") && !toml.includes("browser-test-token"), toml);
    await person.isForEverybody("a file that cannot be written");
  });
  assert.equal(await world.text(), before);
  await world.stop();
  await file.close();
  world.config = named;
});

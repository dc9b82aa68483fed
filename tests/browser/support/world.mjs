// The real binary between the two simulated services, in a directory of its own.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = process.env.PONTE_BINARY ?? new URL("../../../target/debug/ponte", import.meta.url).pathname;

/** How long the world may take for anything. */
export const PATIENCE = 60_000;

export const PASSWORD = "abre-te, sésamo";
const TOKEN = "browser-test-token-0001";

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until `look` gives something; what it waits for is said where it never comes. */
export async function until(what, look, within = PATIENCE) {
  const end = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${within / 1000} s in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const CONFIG = `# Made by a test. This comment is kept.
[activecampaign]
url = "http://127.0.0.1:{activecampaign}"
api_key = "an-invented-key"

[ploomes]
url = "http://127.0.0.1:{ploomes}"
user_key = "another-invented-key"
settle = "2s"
app_url = "https://app.example.com"

[receiver]
listen = "127.0.0.1:{receiver}"

[admin]
listen = "127.0.0.1:{admin}"
language = "pt-BR"

[ledger]
path = "{ledger}"

[schedule]
poll = "*/3 * * * * *"

[[route]]
name = "site"
webhook_token = "${TOKEN}"
automation = 12
since = "2020-01-01"
expect_within = "1s"
pipeline = "Vendas"
stage = "Lead novo"
skip_if_open_deal = false # until the sales team is asked

[[route.map]]
from = "full_name"
to = "person.Name"

[[route.map]]
from = "email"
to = "person.Email"

[[route.map]]
# Sales asked for it.
from = "field.CPF"
to = "person.CPF"
required = true

[[route.map]]
from = "company"
to = "company.Name"

[[route.map]]
template = "{{ full_name or email }}"
to = "deal.Title"
`;

export class World {
  /** Two simulated accounts, into which somebody comes every few seconds, and `ponte` between them. */
  static async start() {
    const world = new World();
    world.home = await mkdtemp(join(tmpdir(), "ponte-browser-"));
    world.config = join(world.home, "config.toml");
    world.ports = {};
    for (const name of ["activecampaign", "ploomes", "receiver", "admin"]) world.ports[name] = await freePort();
    let text = CONFIG.replace("{ledger}", join(world.home, "ponte.db"));
    for (const [name, port] of Object.entries(world.ports)) text = text.replace(`{${name}}`, port);
    await writeFile(world.config, text, { mode: 0o600 });
    world.people = await world.#simulate();
    await world.run();
    return world;
  }

  get page() {
    return `http://127.0.0.1:${this.ports.admin}`;
  }

  async text() {
    return readFile(this.config, "utf8");
  }

  async edit(change) {
    await writeFile(this.config, change(await this.text()));
  }

  async #simulate() {
    const { activecampaign, ploomes, receiver } = this.ports;
    const child = spawn(BINARY, [
      "simulate", "--every", "3",
      "--activecampaign", `127.0.0.1:${activecampaign}`, "--ploomes", `127.0.0.1:${ploomes}`,
      "--webhook", `http://127.0.0.1:${receiver}/webhooks/${TOKEN}`,
    ], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((done) => child.stdout.once("data", done));
    return child;
  }

  async run() {
    this.log = "";
    this.service = spawn(BINARY, ["--config", this.config, "run"], { stdio: ["ignore", "ignore", "pipe"] });
    this.service.stderr.on("data", (bytes) => { this.log += bytes; });
    await until("ponte is ready", async () => {
      if (this.service.exitCode !== null) throw new Error(`ponte ended: ${this.log}`);
      return fetch(`${this.page}/healthz`).then((it) => it.ok, () => false);
    });
  }

  async stop() {
    await ended(this.service);
  }

  /** One command of the same binary; returns what it prints. */
  async command(args, input = "") {
    const child = spawn(BINARY, ["--config", this.config, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    // A command that wants no input may be gone before it is there.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    let out = "";
    child.stdout.on("data", (bytes) => { out += bytes; });
    await new Promise((done) => child.once("close", done));
    return out;
  }

  /** A webhook that names nobody: it is quarantined. */
  async nonsense() {
    const url = `http://127.0.0.1:${this.ports.receiver}/webhooks/${TOKEN}`;
    await fetch(url, { method: "POST", body: "nothing=at+all" });
  }

  async status() {
    return JSON.parse(await this.command(["status", "--json"]));
  }

  async leads() {
    return JSON.parse(await this.command(["leads", "--json"]));
  }

  async end() {
    await this.stop();
    await ended(this.people);
    await rm(this.home, { recursive: true, force: true });
  }
}

async function ended(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}

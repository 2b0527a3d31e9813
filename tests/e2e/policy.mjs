// A policy, from its text in one owner's browser to the second owner who confirms it, and to the open case
// that it raises while its reviewer looks on.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { axe } from "./browser.mjs";
import { root, run } from "./host.mjs";
import { dispute, setStage } from "./stage.mjs";

let stage;
let host;
let client;
let ana;
let ben;
let jonas;
let text;
let open;

before(async () => {
  stage = await setStage("policy");
  ({ host, client } = stage);
  text = await readFile(join(root, "src/compile/default.toml"), "utf8");
  ana = await owner("Ana Ruiz");
  ben = await owner("Ben Adeyemi");
  jonas = await stage.signedIn("Jonas");
});

after(() => stage?.close());

/** Somebody who owns the policies of every tenant, signed in. */
async function owner(name) {
  const id = await stage.command("principal", "create", "--tenant", "northwind", "--name", name);
  await stage.command("grant", "add", id, "--role", "policy_owner", "--tenant", "*");
  const printed = await stage.command("sign-in-link", id, "--url", host.address);
  return stage.signedInBy(/http:\S+/.exec(printed)[0]);
}

/** The default policy in another version: a rule more, and a threshold less. */
function next(version, limited) {
  const changed = text
    .replace('version = "1"', `version = "${version}"`)
    .replace("limited_answer = 0.40", `limited_answer = ${limited}`);
  assert.notEqual(changed, text);
  return `${changed}
[[trigger]]
id = "billing_under_watch"
kind = "policy_boundary"
when = 'request.domain == "billing"'
then = "escalate"
risk_level = "critical"
sla = "1 h"
why = "billing is under watch"
`;
}

const inForce = (page) => page.getByRole("article", { name: "In force for every tenant" });
const waiting = (page) => page.getByRole("article", { name: "Release of default for every tenant" });

async function openPolicy(page) {
  // The address may be the same: then nothing would be read again.
  await page.goto(`${host.address}/#/inbox`);
  await inForce(page).waitFor({ state: "detached" });
  await page.goto(`${host.address}/#/policy`);
  await inForce(page).waitFor();
}

async function propose(page, source, why) {
  await page.getByRole("button", { name: "Propose a policy" }).click();
  await page.getByLabel(/^Policy/).fill(source);
  await page.getByLabel(/^Why/).fill(why);
  await page.getByRole("button", { name: "Propose", exact: true }).click();
}

test("an owner sees what is in force; nobody else sees the page's link", async () => {
  open = await stage.escalate(dispute("req_policy_1"));
  await stage.escalate(dispute("req_policy_2"));
  const { page } = ben;
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await inForce(page).waitFor();
  const card = await inForce(page).innerText();
  for (const told of ["default", "version 1", "number 1", "the operator"]) assert.ok(card.includes(told), `${told} in ${card}`);
  await page.getByText("Nothing waits.").waitFor();
  assert.deepEqual(await axe(page), []);
  assert.equal(await jonas.page.getByRole("link", { name: "Policy", exact: true }).count(), 0);
});

test("a mistake in the text is told at its line, and the text stays", async () => {
  const { page } = ana;
  await openPolicy(page);
  await propose(page, next("2", "0.30").replace("request.domain == \"billing\"'\nthen", "request.domian == \"billing\"'\nthen"), "A closer look at billing.");
  await page.getByText(/^policy\.toml:\d+:\d+: the fact/).waitFor();
  assert.match(await page.getByLabel(/^Policy/).inputValue(), /domian/);
  assert.deepEqual(await axe(page), []);
  await page.getByRole("button", { name: "Cancel" }).click();
});

test("who proposed a policy cannot confirm it; another owner does, after its changes were on screen", async () => {
  await propose(ana.page, next("2", "0.30"), "A closer look at billing.");
  const own = waiting(ana.page);
  await own.waitFor();
  await own.getByText("You proposed it. Another owner of policies confirms it.").waitFor();
  assert.equal(await own.getByRole("button", { name: "Confirm" }).getAttribute("aria-disabled"), "true");

  await jonas.page.goto(`${host.address}/#/case/${open}`);
  await jonas.page.getByRole("heading", { level: 1, name: "Billing dispute" }).waitFor();
  assert.equal(await jonas.page.getByText("Raised by a newer policy").count(), 0);

  const { page } = ben;
  await openPolicy(page);
  const card = waiting(page);
  await card.waitFor();
  const shown = await card.innerText();
  for (const told of ["version 2", "A closer look at billing.", "Ana Ruiz", "default, version 1"]) assert.ok(shown.includes(told), `${told} in ${shown}`);
  const confirm = card.getByRole("button", { name: "Confirm" });
  await card.getByText("Look at what it changes first.").waitFor();
  assert.equal(await confirm.getAttribute("aria-disabled"), "true");
  await card.getByRole("button", { name: "Show what it changes" }).click();
  const changes = card.locator(".policy__change");
  await changes.first().waitFor();
  // What loosens is read first.
  assert.match(await changes.first().innerText(), /loosens[\s\S]*tier low: limited_answer was 0\.4, is 0\.3/);
  await changes.filter({ hasText: "trigger billing_under_watch is new" }).waitFor();
  await card.getByRole("button", { name: "Replay recorded traffic" }).click();
  const replay = card.getByRole("list", { name: "Replay" });
  await replay.getByText(/of \d+ recorded decisions? would come out otherwise/).waitFor();
  await replay.getByText(/To people: 100\.0 % before, 100\.0 % after/).waitFor();
  assert.deepEqual(await axe(page), []);
  await confirm.click();
  await inForce(page).getByText("version 2").waitFor();
  assert.match(await inForce(page).innerText(), /number 2[\s\S]*Ana Ruiz, confirmed by Ben Adeyemi/);
  await page.getByText("Nothing waits.").waitFor();
  assert.equal((await client.currentPolicy()).version, "2");
});

test("an open case judged again shows what was raised, without a reload", async () => {
  const { page } = jonas;
  await page.getByText("Raised by a newer policy").waitFor();
  const rail = await page.getByRole("complementary", { name: "About this case" }).innerText();
  for (const told of ["default, version 2, release 2", "Risk level high becomes critical", "billing_under_watch: billing is under watch", "Due at"]) {
    assert.ok(rail.includes(told), `${told} in ${rail}`);
  }
  assert.match(await page.locator(".history").innerText(), /raised it under a newer policy/);
  const { case: raised } = await client.case(open);
  assert.deepEqual([raised.risk_level, raised.rejudgings.length], ["critical", 1]);
  assert.deepEqual(await axe(page), []);
});

test("who proposed a policy takes it back, and the page keeps what came before", async () => {
  const { page } = ana;
  await openPolicy(page);
  await propose(page, next("3", "0.35"), "Not quite.");
  await waiting(page).getByText("version 3").waitFor();
  await waiting(page).getByRole("button", { name: "Withdraw" }).click();
  await page.getByText("Nothing waits.").waitFor();
  const past = await page.getByRole("region", { name: "Before" }).innerText();
  assert.match(past, /version 3[\s\S]*proposed by Ana Ruiz, withdrawn by Ana Ruiz/);
  assert.match(past, /version 2[\s\S]*confirmed by Ben Adeyemi as number 2/);
  assert.equal((await client.currentPolicy()).version, "2");
});

test("the page stands at both widths and in both schemes, and so does a raised case", async () => {
  await propose(ana.page, next("4", "0.20"), "Fewer questions to people about small things, and a closer look at billing.");
  await waiting(ana.page).waitFor();
  await stage.everyScreen(ben, async ({ page, shoot }) => {
    await page.goto(`${host.address}/#/policy`);
    const card = waiting(page);
    await card.waitFor();
    await shoot("policy");
    await card.getByRole("button", { name: "Show what it changes" }).click();
    await card.locator(".policy__change").first().waitFor();
    await card.getByRole("button", { name: "Replay recorded traffic" }).click();
    await card.getByRole("list", { name: "Replay" }).waitFor();
    await shoot("policy-changes");
    await page.getByRole("button", { name: "Propose a policy" }).click();
    await page.getByLabel(/^Policy/).fill(next("5", "0.10"));
    await shoot("policy-proposing");
  });
  await stage.everyScreen(jonas, async ({ page, shoot }) => {
    await page.goto(`${host.address}/#/case/${open}`);
    await page.getByText("Raised by a newer policy").waitFor();
    await shoot("case-raised");
  });
  for (const seen of [ana, ben, jonas]) assert.deepEqual(seen.wrongs, []);
  assert.equal(await host.stop(), 0, "the host ends cleanly");
  const { code, output } = await run("audit", "verify", "--data", host.data);
  assert.equal(code, 0, output);
});

// What reviewers and leads do with a case besides deciding it, each through the dialog "More" of the real
// UI on the real host, and what the case says afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./browser.mjs";
import { until } from "./host.mjs";
import { dispute, setStage } from "./stage.mjs";

const HOUR_MS = 3_600_000;
let stage;
let host;
let client;
let jonas;
let sofia;

before(async () => {
  stage = await setStage("moves");
  ({ host, client } = stage);
  jonas = await stage.signedIn("Jonas");
  sofia = await stage.signedIn("Sofia");
});

after(() => stage?.close());

const casePage = (id) => `${host.address}/#/case/${id}`;
const stored = async (id) => (await client.case(id)).case;

/** A local time of the browser, as its field takes it. */
const localTime = (page, from_now_ms) =>
  page.evaluate((ms) => {
    const at = new Date(Date.now() + ms);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  }, from_now_ms);

let count = 0;

/** A new case of the queue that both serve. */
const newCase = () => {
  count += 1;
  return stage.escalate(dispute(`req_moves_${count}`));
};

async function show(page, id) {
  await page.goto(casePage(id));
  // On a narrow screen it is there, and not shown.
  await page.locator(".case-head__id", { hasText: id }).waitFor({ state: "attached" });
}

async function claimed(page, id) {
  await show(page, id);
  await page.getByRole("button", { name: /^Claim/ }).first().click();
  await page.getByText("Yours", { exact: true }).first().waitFor();
}

/** Opens "More" by its key and chooses a move. */
async function choose(page, label) {
  const more = page.getByRole("button", { name: /^More/ });
  await until(async () => (await more.getAttribute("aria-disabled")) === null, "there is more to do");
  await page.keyboard.press("m");
  const dialog = page.getByRole("dialog", { name: "More" });
  await dialog.getByLabel("What to do").selectOption({ label });
  return dialog;
}

/** The field of that name: a select's label has the words of its choices too. */
const fieldOf = (dialog, name) => dialog.locator("label").filter({ has: dialog.page().locator("span", { hasText: name }) }).last().locator("input, select, textarea");

/** Does a move; the dialog is gone once the host has done it. */
async function move(page, label, fields, doing) {
  const dialog = await choose(page, label);
  for (const [name, value] of Object.entries(fields)) {
    const field = fieldOf(dialog, name);
    if (await field.evaluate((element) => element.tagName === "SELECT")) await field.selectOption({ label: value });
    else await field.fill(value);
  }
  await dialog.getByRole("button", { name: doing, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

/** Reloads nothing: what another did arrives by itself. */
const told = (page, words) => page.getByText(words).filter({ visible: true }).first().waitFor();

test("ask the customer: the clock stands still from delivery to the answer, which has to be read first", async () => {
  const { page } = jonas;
  const id = await newCase();
  await claimed(page, id);
  const dialog = await choose(page, "Ask the customer");
  await dialog.getByRole("button", { name: "Send the question" }).click();
  await dialog.getByText("Write this first: question to the customer.").waitFor();
  assert.deepEqual(await axe(page), []);
  await dialog.getByLabel("Question to the customer").fill("Which of the two charges do you mean?");
  await dialog.getByRole("button", { name: "Send the question" }).click();
  await told(page, "The customer is being asked");
  await told(page, /Which of the two charges do you mean\?.*An answer is waited for until/);
  await client.deliverQuestion(id);
  await told(page, "The customer was asked; the clock stands still");
  assert.ok((await stored(id)).paused_at !== null);
  await client.appendTurn(id, { content: "The one of 2 May." });
  await told(page, "The one of 2 May.");
  await page.getByRole("button", { name: /^Claim/ }).first().click();
  await told(page, "The user wrote again, and the draft does not know it");
  const approve = page.getByRole("button", { name: /Approve and send the draft/ });
  assert.equal(await approve.getAttribute("aria-disabled"), "true");
  await page.getByRole("button", { name: "I have read it" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll("button")].some((one) => /Approve and send/.test(one.textContent) && one.getAttribute("aria-disabled") !== "true"));
  assert.deepEqual(await axe(page), []);
});

test("put off: until before the deadline, and a later time is refused in the dialog", async () => {
  const { page } = jonas;
  const id = await newCase();
  await claimed(page, id);
  await page.keyboard.press("d");
  const dialog = page.getByRole("dialog", { name: "More" });
  assert.equal(await dialog.getByLabel("What to do").inputValue(), "defer", "its key opens it");
  await dialog.getByRole("button", { name: "Put off", exact: true }).click();
  await dialog.getByText("Choose a time.").waitFor();
  const due_in_ms = Date.parse((await stored(id)).due_at) - Date.now();
  await dialog.getByLabel("Until, before it is due").fill(await localTime(page, due_in_ms + HOUR_MS));
  await dialog.getByRole("button", { name: "Put off", exact: true }).click();
  await dialog.getByText(/deadline|due/i).last().waitFor();
  assert.equal((await stored(id)).state, "leased", "what is refused changes nothing");
  await dialog.getByLabel("Until, before it is due").fill(await localTime(page, due_in_ms / 2));
  await dialog.getByLabel(/^Why/).fill("The bank opens at nine.");
  await dialog.getByRole("button", { name: "Put off", exact: true }).click();
  await told(page, /^Put off until/);
  assert.equal((await stored(id)).state, "deferred");
});

test("give to a colleague, who finds it assigned; who cannot take it is named", async () => {
  const { page } = jonas;
  const id = await newCase();
  await claimed(page, id);
  const dialog = await choose(page, "Give to a colleague");
  await dialog.getByLabel(/^To whom/).fill("prin_tariq_haddad");
  await dialog.getByRole("button", { name: "Give away" }).click();
  await dialog.getByText(/There is no principal `prin_tariq_haddad`/).waitFor();
  await dialog.getByLabel(/^To whom/).fill("prin_sofia_lindqvist");
  await dialog.getByLabel(/^What they should know/).fill("You know this customer.");
  await dialog.getByRole("button", { name: "Give away" }).click();
  await told(page, /^Assigned to/);
  assert.equal(await page.getByRole("button", { name: /^Claim/ }).first().getAttribute("aria-disabled"), "true");
  await claimed(sofia.page, id);
  await told(sofia.page, "You know this customer.");
});

test("hand over, escalate, move to another queue", async () => {
  const { page } = jonas;
  const handed = await newCase();
  await claimed(page, handed);
  await move(page, "Hand over at the end of a shift", { "What the next one has to know": "The bank calls back." }, "Hand over");
  await told(page, "The bank calls back.");
  assert.equal((await stored(handed)).state, "ready");

  const higher = await newCase();
  await claimed(page, higher);
  const { authority } = await stored(higher);
  await move(page, "Escalate to a higher authority", { Why: "More money than I may decide." }, "Escalate");
  await until(async () => (await stored(higher)).authority.level === authority.level + 1, "the case needs one level more");
  await told(page, `Level ${authority.level + 1} in billing`);
  await show(sofia.page, higher);
  await told(sofia.page, "More money than I may decide.");

  const moved = await newCase();
  await claimed(page, moved);
  await move(page, "Move to another queue", { Queue: "Triage" }, "Move");
  await page.getByRole("heading", { level: 1, name: "Triage" }).waitFor();
  assert.equal((await stored(moved)).queue, "triage");
});

test("a lead assigns, sets priority and deadline, and ends a duplicate", async () => {
  const { page } = sofia;
  const id = await newCase();
  await show(page, id);
  await move(page, "Assign to somebody", { "To whom": "prin_jonas_weber", "What they should know": "Yours, please." }, "Assign");
  await told(page, /^Assigned to/);
  await move(page, "Set the priority", { Priority: "Most urgent" }, "Set");
  await until(async () => (await stored(id)).priority === 3, "the priority");
  const due = await localTime(page, 2 * HOUR_MS);
  await move(page, "Set another deadline", { Due: due }, "Set");
  await until(async () => (await stored(id)).deadline_version === 2, "the deadline");
  const history = await page.locator(".history").innerText();
  assert.match(history, /Sofia Lindqvist/);
  // Whom it is assigned to sees it, and what they should know.
  await show(jonas.page, id);
  await told(jonas.page, "Yours, please.");
  assert.equal(await jonas.page.getByText(/^Assigned to/).count(), 0, "it is theirs");

  const twin = await newCase();
  await show(page, twin);
  const duplicate = "It repeats another case";
  const dialog = await choose(page, duplicate);
  await dialog.getByRole("button", { name: "End it as a duplicate" }).click();
  await dialog.getByText("Say which case it repeats.").waitFor();
  await dialog.getByLabel(/^Which case/).fill("case_that_is_not_there");
  await dialog.getByRole("button", { name: "End it as a duplicate" }).click();
  await dialog.getByText(/no such case/i).waitFor();
  await dialog.getByLabel(/^Which case/).fill(id);
  await dialog.getByRole("button", { name: "End it as a duplicate" }).click();
  await told(page, "This case was a duplicate");
  assert.deepEqual(await axe(page), []);
  await page.getByRole("link", { name: id }).click();
  await page.waitForFunction((address) => location.hash === `#/case/${address}`, id);
  assert.equal((await stored(twin)).merged_into, id);
});

let resolved;

test("what is resolved is opened again, checked, or said to be wrong: each is a case of its own", async () => {
  const { page } = jonas;
  resolved = await newCase();
  await claimed(page, resolved);
  await page.getByRole("button", { name: /Approve and send the draft/ }).click();
  await client.waitForAnswer(resolved, { timeoutMs: 30_000, pollMs: 200 });
  const rows = [
    [jonas, "The released answer is wrong", { "What is wrong": "It was no hold." }, "Open a case about it"],
    [sofia, "Open it again", { Why: "The customer calls." }, "Open again"],
    [sofia, "Have the decision checked", { "What to look at": "The date." }, "Ask for a check"],
  ];
  for (const [who, label, fields, doing] of rows) {
    await show(who.page, resolved);
    await who.page.getByText("Decision", { exact: true }).first().waitFor();
    await move(who.page, label, fields, doing);
    await who.page.waitForFunction((id) => /^#\/case\//.test(location.hash) && !location.hash.includes(id), resolved);
    const opened = who.page.url().split("/").at(-1);
    const { parent_case_id, state } = await stored(opened);
    assert.deepEqual([parent_case_id, state], [resolved, "ready"], label);
    await told(who.page, Object.values(fields)[0]);
  }
});

test("every move stands at both widths and in both schemes", async () => {
  const held = await newCase();
  await claimed(jonas.page, held);
  const free = await newCase();
  const moves = [
    [jonas, held, ["Ask the customer", "Put off", "Give to a colleague", "Hand over at the end of a shift", "Escalate to a higher authority", "Move to another queue"]],
    [sofia, free, ["Assign to somebody", "Set the priority", "Set another deadline", "It repeats another case"]],
    [sofia, resolved, ["The released answer is wrong", "Open it again", "Have the decision checked"]],
  ];
  for (const [who, id, labels] of moves) {
    await stage.everyScreen(who, async ({ page, shoot }) => {
      await show(page, id);
      await page.getByRole("button", { name: /^More/ }).waitFor();
      for (const label of labels) {
        const dialog = await choose(page, label);
        await shoot(`move-${label.toLowerCase().replace(/[^a-z]+/g, "-").slice(0, 24)}`, {});
        await dialog.getByRole("button", { name: "Close" }).click();
        await dialog.waitFor({ state: "detached" });
      }
    });
  }
  for (const seen of [jonas, sofia]) assert.deepEqual(seen.wrongs, []);
});

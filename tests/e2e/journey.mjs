// One question, from an edge to a reviewer's answer and back: the real host, the real package, a
// real browser. Screenshots of every screen lie under target/screenshots/journey afterwards.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { axe, open } from "./browser.mjs";
import { run, until } from "./host.mjs";
import { dispute, setStage } from "./stage.mjs";

let stage;
let host;
let client;
let shots;
const escalate = (request) => stage.escalate(request);
const signedIn = (name) => stage.signedIn(name);

before(async () => {
  stage = await setStage("journey");
  ({ host, client, shots } = stage);
});

after(() => stage?.close());

let jonas;
let firstCase;

test("a one-time link signs a reviewer in, and the inbox shows what the edge escalated", async () => {
  firstCase = await escalate(dispute("req_journey_1"));
  jonas = await signedIn("Jonas");
  const row = jonas.page.locator(`[data-case="${firstCase}"]`);
  await row.waitFor();
  assert.match(await row.innerText(), /req_journey_1/);
  assert.deepEqual(await axe(jonas.page), []);
});

test("the link does not work a second time", async () => {
  const again = await open(stage.browser);
  await again.page.goto(host.linkOf("Jonas"));
  await again.page.getByText(/has been used, or its time is over/).waitFor();
  assert.deepEqual(await axe(again.page), []);
  await again.context.close();
});

test("by keyboard alone: open, claim, edit, decide; the application polls the answer", async () => {
  const { page } = jonas;
  await page.locator(`[data-case="${firstCase}"]`).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Billing dispute" }).waitFor();
  const screen = await page.locator("body").innerText();
  for (const told of ["policy_7", "ambiguous", "cannot verify", "orders.lookup", "unavailable", "default"]) {
    assert.ok(screen.includes(told), `the screen shows ${told}`);
  }
  await page.keyboard.press("c");
  await page.getByText("Yours", { exact: true }).first().waitFor();
  await page.keyboard.press("e");
  const answer = page.locator("#edited-answer");
  await answer.waitFor();
  await answer.fill("You were charged twice by mistake. We return the second charge within 5 working days.");
  assert.deepEqual(await axe(page), []);
  await page.screenshot({ path: join(shots, "case-editing-1440-light.png"), fullPage: true });
  await page.keyboard.press("Control+Enter");
  const released = await client.waitForAnswer(firstCase, { timeoutMs: 30_000, pollMs: 200 });
  assert.equal(released.text, "You were charged twice by mistake. We return the second charge within 5 working days.");
});

test("approve, take it back within the undo window, reject instead", async () => {
  const { page } = jonas;
  const second = await escalate(dispute("req_journey_2"));
  await page.goto(`${host.address}/#/case/${second}`);
  await page.getByRole("button", { name: /^Claim/ }).click();
  await page.getByText("Yours", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: /Approve and send the draft/ }).click();
  await page.getByRole("button", { name: /^Undo/ }).first().click();
  // The case comes back to who took the decision back.
  await page.getByText("Yours", { exact: true }).first().waitFor();
  await page.keyboard.press("r");
  await page.locator("#rejection-outcome").waitFor();
  await page.getByText("Refuse", { exact: false }).first().click();
  await page.locator("input[name=reason]").first().check({ force: true });
  await page.keyboard.press("Control+Enter");
  const released = await client.waitForAnswer(second, { timeoutMs: 30_000, pollMs: 200 });
  assert.equal(released.outcome, "refuse");
});

test("answer in own words, with what the system should learn from it", async () => {
  const { page } = jonas;
  const subject = await escalate(dispute("req_journey_7"));
  await page.goto(`${host.address}/#/case/${subject}`);
  await page.getByRole("button", { name: /^Claim/ }).click();
  await page.getByText("Yours", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Outdated" }).first().click();
  await page.keyboard.press("w");
  const answer = page.locator("#own-answer");
  await answer.waitFor();
  await answer.fill("I have returned the second charge myself. It is on your card by Friday.");
  await page.keyboard.press("Control+Enter");
  const released = await client.waitForAnswer(subject, { timeoutMs: 30_000, pollMs: 200 });
  assert.equal(released.text, "I have returned the second charge myself. It is on your card by Friday.");
  const { case: closed } = await client.case(subject);
  assert.equal(closed.decision.verdict, "replaced");
  assert.deepEqual(closed.decision.incorrect_evidence, [{ document_id: "policy_7", reason: "outdated" }]);
});

test("another's lease is shown, and a queue that is not theirs is not there for a reviewer", async () => {
  const third = await escalate(dispute("req_journey_3"));
  await jonas.page.goto(`${host.address}/#/case/${third}`);
  await jonas.page.getByRole("button", { name: /^Claim/ }).click();
  await jonas.page.getByText("Yours", { exact: true }).first().waitFor();
  const tariq = await signedIn("Tariq");
  await tariq.page.goto(`${host.address}/#/case/${third}`);
  await tariq.page.getByText(/not found|no such case/i).first().waitFor();
  assert.deepEqual(await axe(tariq.page), []);
  // A case in a queue that both serve: who holds it is shown, and why it cannot be decided now.
  const shared = await escalate({ ...dispute("req_journey_6"), domain: "support" });
  await jonas.page.getByRole("button", { name: /Give back/ }).click();
  await jonas.page.goto(`${host.address}/#/case/${shared}`);
  await jonas.page.getByRole("button", { name: /^Claim/ }).click();
  await jonas.page.getByText("Yours", { exact: true }).first().waitFor();
  await tariq.page.goto(`${host.address}/#/case/${shared}`);
  await tariq.page.getByText(/With Jonas/).first().waitFor();
  assert.equal(await tariq.page.getByRole("button", { name: /^Claim/ }).getAttribute("aria-disabled"), "true");
  await tariq.context.close();
  await jonas.page.getByRole("button", { name: /Give back/ }).click();
});

test("a hostile draft is text: nothing runs, nothing is fetched, what is hidden is shown", async () => {
  const draft =
    '<img src=x onerror="alert(1)"><script>alert(2)</script> [click](javascript:alert(3)) ' +
    "![x](http://evil.example/?q=1) \u202e\u200bApproved by Alice \u2713\u{e0041} p\u0430ypal.com";
  const hostile = await escalate(dispute("req_journey_4", draft));
  const { page } = jonas;
  await page.goto(`${host.address}/#/case/${hostile}`);
  await page.getByText("<script>alert(2)</script>", { exact: false }).first().waitFor();
  const shown = await page.locator("body").innerText();
  assert.ok(shown.includes("U+202E") && shown.includes("U+200B") && shown.includes("U+E0041"), "hidden characters are shown");
  assert.equal(await page.locator("main img[src=x], main a[href^=javascript]").count(), 0);
  assert.deepEqual(await axe(page), []);
});

/** What an agent proposes: a refund, which the default policy gives to people above 50 USD. */
async function proposeRefund(customer_id, amount, more = {}) {
  const { proposal } = await client.propose({
    actions: [{ tool: "issue_refund", arguments: { customer_id, amount, currency: "USD" } }],
    context: { domain: "billing" },
    summary: "The customer was charged twice. \u202ePlease approve.",
    ...more,
  });
  return proposal.proposal_id;
}

/** Opens an action and reads to its end, as an approval needs. */
async function openAction(page, id) {
  await page.goto(`${host.address}/#/actions/${id}`);
  // Before the dry run has answered nobody can decide.
  await page.getByText("Waiting for approval", { exact: true }).waitFor();
  await page.evaluate(async () => {
    for (let top = 0; top < document.body.scrollHeight; top += 200) {
      window.scrollTo({ top });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  });
}

test("an action, from an agent's proposal over an edit and two approvals to its execution", async () => {
  const { page } = jonas;
  await page.goto(`${host.address}/#/actions`);
  await page.getByRole("heading", { name: "Nothing waits for approval" }).waitFor();
  const proposed = await proposeRefund("cust_981", 4_200);
  // Nobody reloads: the list hears of it.
  const row = page.locator(`[data-action="${proposed}"]`);
  await row.waitFor();
  assert.match(await row.innerText(), /4,200\.00 USD/);
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press("j");
  await page.waitForFunction((id) => document.activeElement?.getAttribute("data-action") === id, proposed);
  await page.keyboard.press("Enter");
  await page.getByText("Four thousand two hundred US dollars", { exact: false }).waitFor();
  const shown = await page.locator("body").innerText();
  for (const told of ["issue_refund", "cust_981", "Moves money", "Balance of cust_981", "14200", "0 of 1", "Sample edge of northwind", "U+202E"]) {
    assert.ok(shown.includes(told), `the screen shows ${told}`);
  }
  await page.waitForFunction(() => document.activeElement?.id === "reject-action");
  await page.keyboard.press("Escape");
  assert.deepEqual(await axe(page), []);

  // Edited to an amount that two people must approve: what the policy says follows each key.
  await page.keyboard.press("e");
  const meaning = page.getByRole("group", { name: "What the edit means" });
  const digest = meaning.getByRole("row", { name: /Action digest/ });
  await digest.waitFor();
  const before = await digest.innerText();
  await page.getByLabel("amount", { exact: true }).fill("26000");
  await meaning.getByText("2 people with level 4 in billing").waitFor();
  assert.notEqual(await digest.innerText(), before);
  await meaning.getByText(/another person has to approve it/).waitFor();
  assert.deepEqual(await axe(page), []);
  await page.getByRole("button", { name: "Save the edit as a new proposal" }).click();
  await page.waitForFunction((id) => location.hash.startsWith("#/actions/") && !location.hash.includes(id), proposed);
  const edited = page.url().split("/").at(-1);
  await page.getByRole("region", { name: "Edited from an earlier proposal" }).getByText("26000").waitFor();
  const refused = page.getByRole("button", { name: /^Approve: Refund, 26,000/ });
  await page.waitForFunction(() => /does not approve it/.test(document.querySelector(".bar__words")?.textContent ?? ""));
  assert.equal(await refused.getAttribute("aria-disabled"), "true");
  assert.deepEqual(await axe(page), []);

  const mina = await signedIn("Mina");
  await openAction(mina.page, edited);
  await mina.page.getByRole("button", { name: /^Approve: Refund, 26,000/ }).click();
  await mina.page.getByText("You have approved this", { exact: true }).waitFor();
  assert.equal((await client.proposal(edited)).proposal.state, "pending");

  const elodie = await signedIn("lodie");
  await openAction(elodie.page, edited);
  await elodie.page.getByText("1 of 2").waitFor();
  await elodie.page.getByRole("button", { name: /^Approve: Refund, 26,000/ }).click();
  await elodie.page.getByRole("button", { name: /^Undo/ }).first().waitFor();
  assert.equal(host.ledger.done.size, 0, "nothing is done while it can be undone");
  await elodie.page.keyboard.press("u");
  await elodie.page.getByRole("button", { name: /^Approve: Refund, 26,000/ }).waitFor();
  await elodie.page.keyboard.press("a");
  await elodie.page.getByRole("button", { name: /^Undo/ }).first().waitFor();

  // The application waits for what it proposed, and gets what people made of it.
  const finished = await client.waitForExecution(proposed, { timeoutMs: 40_000, pollMs: 200 });
  assert.equal(finished.proposal.proposal_id, edited);
  const [execution] = finished.executions;
  assert.deepEqual([execution.state, execution.action.arguments.amount, execution.result.refund_id], ["succeeded", 26_000, "re_1"]);
  assert.deepEqual(execution.approved_by.map(({ name }) => name), ["Mina Okafor", "Élodie Martin"]);
  assert.equal(host.ledger.done.size, 1);
  const outcome = elodie.page.getByRole("region", { name: "What came of it" });
  await outcome.getByText("Done", { exact: true }).waitFor();
  assert.match(await outcome.innerText(), /Mina Okafor.*Élodie Martin[\s\S]*re_1/);
  const history = await elodie.page.locator(".history").innerText();
  for (const told of [/Mina Okafor approved it/, /Élodie Martin took the approval back/, /Élodie Martin approved it/, /noted that it was done/]) assert.match(history, told);
  assert.deepEqual(await axe(elodie.page), []);
  await elodie.page.screenshot({ path: join(shots, "action-done-1440-light.png"), fullPage: true });
  for (const seen of [mina, elodie]) {
    assert.deepEqual(seen.wrongs, []);
    await seen.context.close();
  }
});

test("an outcome that nobody knows is explained, and a person finds out", async () => {
  const { page } = jonas;
  const unclear = await proposeRefund("cust_unclear", 75);
  await openAction(page, unclear);
  await page.getByRole("button", { name: /^Approve: Refund, 75/ }).click();
  await page.getByText(/It may have happened, and it may not have/).waitFor({ timeout: 40_000 });
  const record = page.getByRole("button", { name: "Record that it did not happen" });
  await page.getByText("It did not happen", { exact: true }).click();
  await page.getByLabel("How you know").fill("The bank shows no transfer.");
  assert.deepEqual(await axe(page), []);
  await page.screenshot({ path: join(shots, "action-unknown-1440-light.png"), fullPage: true });
  // It counts only once the executor may not act on it any more.
  await until(async () => (await record.getAttribute("aria-disabled")) === null, "the executor's time is over", 120_000);
  await record.click();
  await page.getByText(/Found out by Jonas Weber/).waitFor();
  const finished = await client.waitForExecution(unclear, { timeoutMs: 5_000, pollMs: 100 });
  assert.equal(finished.executions[0].state, "failed");
});

test("every screen stands at both widths and in both schemes", async () => {
  const subject = await escalate(dispute("req_journey_5"));
  const action = await proposeRefund("cust_17", 420, { case_id: subject });
  await stage.everyScreen(jonas, async ({ page, shoot, context }) => {
    await page.goto(`${host.address}/#/inbox`);
    await page.locator("[data-case]").first().waitFor();
    await shoot("inbox");
    await page.goto(`${host.address}/#/case/${subject}`);
    await page.getByRole("heading", { level: 1, name: "Billing dispute" }).waitFor();
    await shoot("case");
    await page.goto(`${host.address}/#/actions`);
    await page.locator(`[data-action="${action}"]`).waitFor();
    await shoot("actions");
    await page.goto(`${host.address}/#/actions/${action}`);
    await page.getByRole("region", { name: "Preview" }).getByText("10420").waitFor();
    await shoot("action");
    await page.keyboard.press("e");
    await page.getByLabel("amount", { exact: true }).fill("42");
    await page.getByRole("group", { name: "What the edit means" }).getByText("42.00 USD").waitFor();
    await shoot("action-editing");
    await page.goto(`${host.address}/#/workflow`);
    await page.locator(".measure").first().waitFor();
    await shoot("workflow");
    await context.clearCookies();
    await page.goto(`${host.address}/#/sign-in`);
    await page.reload();
    await page.getByLabel("Sign-in link").waitFor();
    await shoot("sign-in");
  });
});

test("nothing that may never happen happened, and the audit log folds to the state", async () => {
  assert.deepEqual(jonas.wrongs, []);
  const { case: closed, history } = await client.case(firstCase);
  assert.equal(closed.state, "resolved");
  const events = history.map(({ event }) => event);
  for (const event of ["case_created", "case_claimed", "case_decided", "answer_released"]) {
    assert.ok(events.includes(event), `${event} in ${events}`);
  }
  const decided = history.find(({ event }) => event === "case_decided");
  assert.deepEqual([decided.actor.name, decided.actor.door], ["Jonas Weber", "ui"]);
  const code = await host.stop();
  assert.equal(code, 0, "the host ends cleanly");
  const { code: verified, output } = await run("audit", "verify", "--data", host.data);
  assert.equal(verified, 0, output);
});

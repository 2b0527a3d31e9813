import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ActionFilter, NO_ACTION_FILTER } from "../lib/action-filter";
import { actions, openActions, watchOpenActions } from "../services/actions";
import { now } from "../services/clock";
import { startKeys } from "../services/keys";
import { actionsAddress, parseRoute } from "../services/router";
import { session } from "../services/session";
import type { ProposalSummary } from "../services/wire";
import { actionSummary } from "../test/action-samples";
import { seriousFaults } from "../test/axe";
import { problem, TestHost } from "../test/host";
import { NOW, sampleMe } from "../test/samples";
import { Actions } from "./Actions";

let host: TestHost;
let stop: () => void = () => undefined;
let nonce = 0;

beforeEach(() => {
  now.value = Date.parse(NOW);
  actions.selectedId.value = null;
  session.value = { status: "signed_in", me: sampleMe() };
  host = new TestHost();
  stop = startKeys();
});

afterEach(() => {
  cleanup();
  stop();
});

/** Draws a list that no test has drawn before. */
function show(proposals: ProposalSummary[], change: Partial<ActionFilter> = {}): void {
  nonce += 1;
  host.on("GET /v1/proposals", () => ({ body: { proposals, next_cursor: null, now: NOW } }));
  render(<Actions filter={{ ...NO_ACTION_FILTER, order: nonce % 2 === 0 ? "age" : "expires", ...change }} />);
}

test("a row says until when, how risky, what to what, how much, why, who asks and how many have approved", async () => {
  show([actionSummary()]);
  const row = await screen.findByRole("link", { name: /Refund/ });
  for (const words of ["3 h left", "High", "Refund", "cust_981", "4,200.00 USD", "4200.00 USD is more than 50 USD", "Support bot", "northwind", "1 of 2"]) {
    expect(row.textContent).toContain(words);
  }
  expect(row.getAttribute("href")).toBe("#/actions/prop_1");
  expect(await seriousFaults(document.body)).toEqual([]);
});

test.each<[Partial<ProposalSummary>, string]>([
  [{ state: "approved", effective_at: "2026-11-22T10:00:09.000Z" }, "Approved, can be undone"],
  [{ state: "consumed", execution_states: ["unknown"] }, "Outcome unknown"],
  [{ state: "consumed", execution_states: ["succeeded"] }, "Done"],
  [{ state: "rejected" }, "Rejected"],
])("a row that is decided says what came of it", async (change, words) => {
  show([actionSummary(change)], { view: "closed" });
  await waitFor(() => expect(screen.getByRole("link", { name: /Refund/ }).textContent).toContain(words));
});

test("what is hidden in a target is shown", async () => {
  show([actionSummary({ target: "acct\u202E9", titles: ["<b>Refund</b>"] })]);
  await waitFor(() => expect(screen.getByRole("link", { name: /Refund/ }).textContent).toContain("<b>Refund</b> acct⟨U+202E⟩9"));
});

test("j moves the focus, and / goes to the search", async () => {
  show([actionSummary({ proposal_id: "a", target: "first" }), actionSummary({ proposal_id: "b", target: "second" })]);
  await screen.findByRole("link", { name: /first/ });
  fireEvent.keyDown(document.body, { key: "j" });
  fireEvent.keyDown(document.body, { key: "j" });
  expect(document.activeElement?.textContent).toContain("second");
  fireEvent.keyDown(document.body, { key: "/" });
  expect(document.activeElement?.id).toBe("search");
});

test("the filter is what the host is asked for, and stands in the address", async () => {
  const filter: ActionFilter = { view: "closed", risk_level: "high", tenant_id: "northwind", search: "x y", order: "age" };
  show([], filter);
  await screen.findByRole("heading", { name: "No action matches" });
  const query = new URLSearchParams(host.sentTo("GET /v1/proposals").at(-1)?.path.split("?")[1]);
  expect(Object.fromEntries(query)).toEqual({ view: "closed", risk_level: "high", tenant_id: "northwind", q: "x y", order: "age", limit: "500" });
  expect(parseRoute(actionsAddress(filter))).toEqual({ name: "actions", filter });
  expect(parseRoute("#/actions/prop%2F1")).toEqual({ name: "action", proposal_id: "prop/1" });
});

describe("faces", () => {
  test.each<[Partial<ActionFilter>, string]>([
    [{}, "Nothing waits for approval"],
    [{ view: "mine" }, "You have proposed or approved nothing"],
    [{ view: "approved" }, "Nothing is under way"],
    [{ view: "closed" }, "Nothing has been closed yet"],
  ])("%j", async (change, title) => {
    show([], change);
    expect(await screen.findByRole("heading", { name: title })).toBeTruthy();
  });

  test("a list that cannot be had", async () => {
    host.on("GET /v1/proposals", () => problem(403, "not_permitted", "you have no grant"));
    render(<Actions filter={{ ...NO_ACTION_FILTER, search: `fault ${nonce}` }} />);
    expect(await screen.findByText("You have no grant.")).toBeTruthy();
  });
});

test("the actions to decide are counted, and more than a hundred are not", async () => {
  host.on("GET /v1/proposals", () => ({ body: { proposals: [actionSummary(), actionSummary({ proposal_id: "b" })], next_cursor: "c", now: NOW } }));
  const unwatch = watchOpenActions();
  await expect.poll(() => openActions.value).toEqual({ count: 2, more: true });
  unwatch();
});

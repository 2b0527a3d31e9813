import { cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type InboxFilter, NO_FILTER } from "../lib/inbox-filter";
import { now } from "../services/clock";
import { inbox } from "../services/inbox";
import { refreshQueues } from "../services/queues";
import { startKeys } from "../services/keys";
import { session } from "../services/session";
import type { CaseSummary } from "../services/wire";
import { seriousFaults } from "../test/axe";
import { problem, TestHost } from "../test/host";
import { NOW, sampleMe, sampleSummary } from "../test/samples";
import { Inbox } from "./Inbox";

let host: TestHost;
let stop: () => void = () => undefined;
let nonce = 0;

beforeEach(() => {
  now.value = Date.parse(NOW);
  inbox.selectedId.value = null;
  session.value = { status: "signed_in", me: sampleMe() };
  host = new TestHost().on("GET /v1/queues", () => ({
    body: {
      queues: [
        { queue: "billing_dispute", title: "Billing dispute", sla_ms: 14_400_000, authority: { domain: "billing", level: 2 }, counts: { ready: 3, leased: 1, held: 0, overdue: 2 }, next_due_at: "2026-11-22T09:00:00.000Z", mine: true },
        { queue: "legal", title: "Legal", sla_ms: 14_400_000, authority: { domain: "legal", level: 3 }, counts: { ready: 9, leased: 0, held: 0, overdue: 0 }, next_due_at: null, mine: false },
      ],
      now: NOW,
    },
  }));
  stop = startKeys();
});

afterEach(() => {
  cleanup();
  stop();
});

/** Draws a list that no test has drawn before. */
function show(cases: CaseSummary[], change: Partial<InboxFilter> = {}): void {
  nonce += 1;
  host.on("GET /v1/cases", () => ({ body: { cases, next_cursor: null, now: NOW } }));
  render(<Inbox filter={{ ...NO_FILTER, order: nonce % 2 === 0 ? "age" : "due", ...change }} />);
}

describe("a row", () => {
  test("says by when, how risky, what, why, where, how sure, and who, in words", async () => {
    show([sampleSummary({ due_at: "2026-11-22T07:00:00.000Z", leased_by: "prin_theo", leased_by_name: "Theo Okafor", state: "leased" })]);
    await refreshQueues();
    const row = await screen.findByRole("link", { name: /Was I charged twice/ });
    for (const words of ["overdue by 3 h", "High", "Tool risk", "a tool that the answer needs is unavailable", "Billing dispute", "English", "32 %", "Theo Okafor"]) {
      expect(row.textContent).toContain(words);
    }
    expect(row.getAttribute("href")).toBe("#/case/case_1");
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("shows hidden characters of the question", async () => {
    show([sampleSummary({ user_question: "reset\u202E me\n\nnow" })]);
    expect((await screen.findByRole("link", { name: /reset/ })).textContent).toContain("reset⟨U+202E⟩ me ⏎ now");
  });
});

describe("the views", () => {
  test("name the queues that the reviewer serves, with counts and the nearest deadline", async () => {
    show([sampleSummary()]);
    await refreshQueues();
    const nav = await screen.findByRole("navigation", { name: "My queues" });
    const link = await within(nav).findByRole("link", { name: /Billing dispute/ });
    expect(link.textContent).toContain("4");
    expect(link.textContent).toContain("overdue by 1 h");
    expect(within(nav).queryByRole("link", { name: /Legal/ })).toBeNull();
  });
});

describe("keys", () => {
  test("j and k move the focus, and / goes to the search", async () => {
    show([sampleSummary({ case_id: "a", user_question: "First" }), sampleSummary({ case_id: "b", user_question: "Second" })]);
    await screen.findByRole("link", { name: /First/ });
    fireEvent.keyDown(document.body, { key: "j" });
    fireEvent.keyDown(document.body, { key: "j" });
    expect(document.activeElement?.textContent).toContain("Second");
    fireEvent.keyDown(document.body, { key: "k" });
    expect(document.activeElement?.textContent).toContain("First");
    fireEvent.keyDown(document.body, { key: "/" });
    expect(document.activeElement?.id).toBe("search");
  });
});

describe("faces", () => {
  test.each<[string, Partial<InboxFilter>, string]>([
    ["nothing open", { tenant_id: null }, "Nothing waits for a person"],
    ["nothing mine", { view: "mine" }, "You hold no case"],
    ["nothing overdue", { view: "overdue" }, "Nothing is overdue"],
    ["nothing resolved", { view: "resolved" }, "Nothing has been resolved yet"],
    ["an empty queue", { queue: "billing_dispute" }, "This queue is empty"],
    ["nothing found", { search: "x" }, "No case matches"],
  ])("%s", async (_name, change, title) => {
    show([], change);
    expect(await screen.findByRole("heading", { name: title })).toBeTruthy();
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("a list that cannot be had", async () => {
    host.on("GET /v1/cases", () => problem(403, "not_permitted", "you have no grant"));
    render(<Inbox filter={{ ...NO_FILTER, search: `fault ${nonce}` }} />);
    expect(await screen.findByText("You have no grant.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });
});

test("ten thousand cases are not ten thousand rows", async () => {
  show(Array.from({ length: 10_000 }, (_, index) => sampleSummary({ case_id: `case_${index}`, user_question: `Question ${index}` })));
  await screen.findByRole("link", { name: /Question 0/ });
  const drawn = screen.getAllByRole("listitem").filter((item) => item.getAttribute("aria-setsize") === "10000");
  expect(drawn.length).toBeGreaterThan(5);
  expect(drawn.length).toBeLessThan(200);
});

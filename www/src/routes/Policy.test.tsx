import { cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { details, policies, proposeFault, releaseFault, replays, working } from "../services/policy-releases";
import { session } from "../services/session";
import type { Me, PolicyRelease } from "../services/wire";
import { problem, TestHost } from "../test/host";
import { sampleMe } from "../test/samples";
import { Policy } from "./Policy";

const NOW = "2026-11-22T10:00:00.000Z";
const BEFORE = { id: "default", version: "1", hash: "sha256:0000" };

function release(change: Partial<PolicyRelease> = {}): PolicyRelease {
  return {
    version: 1,
    release_id: "rel_1",
    state: "pending",
    tenant_id: "*",
    policy: { id: "default", version: "2", hash: "sha256:1111" },
    base: null,
    overlays: [{ tenant_id: "northwind", policy: BEFORE, replaces: BEFORE }],
    replaces: BEFORE,
    changes: ["queues", "triggers"],
    changes_hash: "sha256:changes",
    reason: "Fewer mistakes at night.",
    proposed_by: "prin_ben",
    proposed_by_person: null,
    proposed_at: "2026-11-22T09:00:00.000Z",
    expires_at: "2026-12-06T09:00:00.000Z",
    withdrawn_by: null,
    closed_at: null,
    approved_by: null,
    released_at: null,
    sequence: null,
    ...change,
  };
}

let host: TestHost;

function owner(): Me {
  const me = sampleMe();
  const grant = { grant_id: "grant_1", role: "policy_owner", tenants: ["*"], queues: ["*"], domain: "any", level: 1, from: NOW, until: null };
  return { ...me, grants: [grant] as unknown as Me["grants"] };
}

beforeEach(() => {
  session.value = { status: "signed_in", me: owner() };
  policies.value = { name: "loading" };
  details.value = {};
  replays.value = {};
  releaseFault.value = null;
  proposeFault.value = null;
  working.value = null;
  const inForce = { tenant_id: "*", policy: BEFORE, sequence: 3, since: "2026-11-20T09:00:00.000Z", release: null };
  const past = release({ release_id: "rel_0", state: "withdrawn", withdrawn_by: "prin_mara", closed_at: NOW });
  const changes = [
    { section: "queue", item: "triage", field: "sla", from: "4 h", to: "2 h", lean: "tightens", text: "queue `triage`: `sla` was 4 h, is 2 h" },
    { section: "trigger", item: "x", field: null, from: null, to: null, lean: "loosens", text: "trigger `x` is gone" },
  ];
  host = new TestHost()
    .on("GET /v1/queues", () => ({ body: { queues: [], now: NOW } }))
    .on("GET /v1/cases", () => ({ body: { cases: [], next_cursor: null, now: NOW } }))
    .on("GET /v1/policies/in-force", () => ({ body: { policies: [inForce], people: {} } }))
    .on("GET /v1/policies/releases", () => ({ body: { releases: [release(), past], people: { prin_ben: "Ben Adeyemi", prin_mara: "Mara Silva" } } }))
    .on("GET /v1/policies/releases/rel_1", () => ({ body: { release: release(), diff: { old: BEFORE, new: BEFORE, loosening: 1, unclear: 0, changes } } }));
});

afterEach(cleanup);

const card = (): Promise<HTMLElement> => screen.findByRole("article", { name: "Release of default for every tenant" });

test("what is in force stands with its release and who put it there", async () => {
  render(<Policy />);
  const inForce = await screen.findByRole("article", { name: "In force for every tenant" });
  for (const words of ["version 1", "number 3", "the operator"]) expect(inForce.textContent).toContain(words);
  expect(screen.getByText(/withdrawn by Mara Silva/)).toBeTruthy();
});

test("a release is confirmed only after its changes were on screen, with their digest", async () => {
  host.on("POST /v1/policies/releases/rel_1/approve", () => ({ body: { release: release({ state: "released" }) } }));
  render(<Policy />);
  const waiting = await card();
  expect(waiting.textContent).toContain("Fewer mistakes at night.");
  for (const words of ["the overlays of northwind", "Ben Adeyemi"]) expect(waiting.textContent).toContain(words);
  const confirm = within(waiting).getByRole("button", { name: "Confirm" });
  expect(confirm.getAttribute("aria-disabled")).toBe("true");
  expect(waiting.textContent).toContain("Look at what it changes first.");
  fireEvent.click(within(waiting).getByRole("button", { name: "Show what it changes" }));
  const changes = await within(waiting).findAllByText(/^(loosens|tightens)$/);
  expect(changes[0]?.textContent).toBe("loosens");
  fireEvent.click(within(waiting).getByRole("button", { name: "Confirm" }));
  await screen.findByRole("article", { name: "In force for every tenant" });
  const [sent] = host.sentTo("POST /v1/policies/releases/rel_1/approve");
  expect(sent?.body).toEqual({ changes_hash: "sha256:changes" });
  expect(sent?.key).toBeTruthy();
});

test("the author cannot confirm, and the page says why; taking back is theirs", async () => {
  host.on("GET /v1/policies/releases", () => ({ body: { releases: [release({ proposed_by: "prin_mara" })], people: {} } }));
  host.on("POST /v1/policies/releases/rel_1/withdraw", () => ({ body: { release: release({ state: "withdrawn" }) } }));
  render(<Policy />);
  const waiting = await card();
  expect(waiting.textContent).toContain("You proposed it. Another owner of policies confirms it.");
  expect(within(waiting).getByRole("button", { name: "Confirm" }).getAttribute("aria-disabled")).toBe("true");
  fireEvent.click(within(waiting).getByRole("button", { name: "Withdraw" }));
  await expect.poll(() => host.sentTo("POST /v1/policies/releases/rel_1/withdraw")).toHaveLength(1);
});

test("a replay is told in a few lines, and a refusal in the host's words", async () => {
  const share = (value: number) => ({ count: 10, value, interval: null });
  const replay = { judged: 100, unjudged: 2, changed: 7, escalation: { before: share(0.2), after: share(0.27) }, transitions: [{ from: "answer", to: "escalate", count: 7, examples: [] }],
    staffing: { days: 10, cases_per_day_before: 2, cases_per_day_after: 2.74, hours_per_day_before: 0.5, hours_per_day_after: 0.68, queues: [] }, never_fired: ["moon"], changes_nothing: ["idle"] };
  host.on("POST /v1/policies/releases/rel_1/replay", () => ({ body: { records: 102, replay } }));
  render(<Policy />);
  const waiting = await card();
  fireEvent.click(within(waiting).getByRole("button", { name: "Replay recorded traffic" }));
  const told = await within(waiting).findByRole("list", { name: "Replay" });
  for (const words of ["7 of 100 recorded decisions", "20.0 % before, 27.0 % after", "7 go from answer to escalate", "Cases a day: 2 before, 2.7 after; hours of work: 0.5 before, 0.7 after.", "Never fired: moon.", "changed no decision: idle.", "2 records could not"]) {
    expect(told.textContent).toContain(words);
  }
  host.on("POST /v1/policies/releases/rel_1/replay", () => problem(403, "not_permitted", "no right to see the decisions"));
  fireEvent.click(within(waiting).getByRole("button", { name: "Replay recorded traffic" }));
  expect(await screen.findByText(/No right to see the decisions/i)).toBeTruthy();
});

test("a policy is proposed from its text, and what the compiler says stands on the page", async () => {
  host.on("POST /v1/policies/releases", () => problem(422, "policy_rejected", "policy.toml:3:1: there is no section `triger`"));
  render(<Policy />);
  fireEvent.click(await screen.findByRole("button", { name: "Propose a policy" }));
  const propose = screen.getByRole("button", { name: "Propose" });
  expect(propose.getAttribute("aria-disabled")).toBe("true");
  fireEvent.input(screen.getByLabelText(/^Policy/), { target: { value: "[triger]" } });
  fireEvent.click(propose);
  expect(await screen.findByText(/^policy\.toml:3:1: there is no section/)).toBeTruthy();
  host.on("POST /v1/policies/releases", () => ({ status: 201, body: { release: release({ release_id: "rel_2" }) } }));
  fireEvent.input(screen.getByLabelText(/^Why/), { target: { value: "Fewer mistakes." } });
  fireEvent.click(propose);
  await expect.poll(() => screen.queryByRole("button", { name: "Propose" })).toBeNull();
  const sent = host.sentTo("POST /v1/policies/releases");
  expect(sent.at(-1)?.body).toEqual({ tenant_id: "*", source: "[triger]", reason: "Fewer mistakes." });
  expect(sent.at(-1)?.key).toBeTruthy();
});

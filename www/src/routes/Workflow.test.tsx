import { cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type MeasureFilter, NO_MEASURE_FILTER } from "../lib/measure-filter";
import { exportFault, measures } from "../services/measures";
import { parseRoute, workflowAddress } from "../services/router";
import { session } from "../services/session";
import { reviewers, watching } from "../services/watching";
import type { CertificateView, Measure, Monitor, MonitorsReply } from "../services/wire";
import { problem, TestHost } from "../test/host";
import { sampleMe } from "../test/samples";
import { Workflow } from "./Workflow";

const NOW = "2026-11-22T10:00:00.000Z";

const approval: Measure = {
  version: 1,
  metric: "approval_rate",
  unit: "share",
  definition: {
    title: "Approval rate",
    meaning: "How many drafts a person lets through.",
    numerator: "drafts accepted or edited",
    denominator: "final decisions of people",
    counted_by: "decided_at",
    out: "Decisions that can be undone.",
    not_yet: "There is no quorum.",
  },
  figures: {
    numerator: 10,
    denominator: 14,
    value: 10 / 14,
    interval: { low: 0.45, high: 0.88 },
    spread: null,
    parts: [{ name: "undecided", numerator: 1, denominator: 15, value: 1 / 15 }],
  },
  groups: [{ key: "2026-11-22", figures: { numerator: 10, denominator: 14, value: 10 / 14, interval: null, spread: null, parts: [] } }],
};

const monitor: Monitor = {
  version: 1,
  monitor_id: "mon_1",
  tenant_id: "northwind",
  policy_hash: "sha256:1",
  risk_level: "high",
  kind: "wrong_answers",
  tolerated_error: 0.02,
  baseline: null,
  seen: { items: 8, events: 2 },
  unjudged: 0,
  capital: 31,
  alarm_at: 20,
  raised_at: NOW,
  change: "rose",
  ended_certificate: "2026-11-01T00:00:00.000Z",
  since: NOW,
  updated_at: NOW,
};
const quiet: Monitor = { ...monitor, monitor_id: "mon_2", kind: "escalation_rate", risk_level: "low", tolerated_error: null, baseline: { items: 500, events: 60 }, seen: { items: 200, events: 30 }, raised_at: null, change: null, ended_certificate: null };
const certificate: CertificateView = { risk_level: "high", disposition: "answer", demand: { tolerated_error: 0.02, failure_probability: 0.1 }, state: "absent", ended_for: [], threshold: null, answers: null, errors: null, expires_at: null, answers_min: 114, reviewed: 37, reviews_needed: 248, audited: 0, unjudged: 0 };
let monitorsReply: MonitorsReply;

let host: TestHost;

beforeEach(() => {
  watching.value = null;
  reviewers.value = null;
  monitorsReply = { policy_hash: "sha256:1", monitors: [monitor, quiet], certificates: [certificate], audits: [{ tenant_id: "northwind", disposition: "answer", state: "judged", count: 8 }, { tenant_id: "northwind", disposition: "answer", state: "lost", count: 1 }], now: NOW };
  session.value = { status: "signed_in", me: sampleMe() };
  measures.value = { name: "loading" };
  exportFault.value = null;
  const reply = (metric: Measure) => ({ body: { from: "2026-10-24T00:00:00.000Z", until: "2026-11-22T10:00:00.001Z", now: NOW, metrics: [metric] } });
  const keyed = (key: string | null): Measure => ({ ...approval, metric: "escalation_rate", groups: [{ key, figures: approval.figures }] });
  host = new TestHost()
    .on("GET /v1/queues", () => ({ body: { queues: [], now: NOW } }))
    .on("GET /v1/cases", () => ({ body: { cases: [], next_cursor: null, now: NOW } }))
    .on("GET /v1/monitors", () => ({ body: monitorsReply }))
    .on("GET /v1/metrics", () => reply(approval))
    .on("GET /v1/metrics/escalation_rate", ({ path }) => reply(keyed(path.includes("by=domain") ? "billing" : "m1 · p1 · i1")));
});

afterEach(cleanup);

const show = (change: Partial<MeasureFilter> = {}): void => void render(<Workflow filter={{ ...NO_MEASURE_FILTER, ...change }} />);

describe("a measure", () => {
  test("stands with its count, its interval, its trend and its meaning", async () => {
    show();
    const card = await screen.findByRole("article", { name: "Approval rate" });
    for (const words of ["71 %", "10 of 14, a small sample", "between 45 % and 88 %", "How many drafts", "1 of 15, 6.7 %", "There is no quorum."]) {
      expect(card.textContent).toContain(words);
    }
    const trend = within(card).getByRole("img");
    expect(trend.getAttribute("aria-label")).toBe("By day, 1 day with figures: from 71 % to 71 %; last 71 % on 2026-11-22.");
    expect(trend.querySelectorAll("rect")).toHaveLength(1);
  });

  test("is asked for by what the address says", async () => {
    show({ period: "7", queue: "triage", release: "m1 · – · i1" });
    await screen.findByRole("article", { name: "Approval rate" });
    const query = new URLSearchParams(host.sentTo("GET /v1/metrics")[0]?.path.split("?")[1]);
    expect(Object.fromEntries(query)).toMatchObject({ queue: "triage", "release.model": "m1", "release.index": "i1", by: "day" });
    expect(query.has("release.prompt")).toBe(false);
    // A choice that does not occur in the period is still shown as chosen.
    expect(screen.getByRole<HTMLSelectElement>("combobox", { name: "Queue" }).value).toBe("triage");
    expect(screen.getByRole("button", { name: /Clear/ })).toBeTruthy();
  });

  test("offers the subjects and releases that occur", async () => {
    show();
    await screen.findByRole("article", { name: "Approval rate" });
    expect(screen.getByRole("option", { name: "Billing" })).toBeTruthy();
    expect(screen.getByRole("option", { name: "m1 · p1 · i1" })).toBeTruthy();
  });

  test("that may not be seen says so, and can be asked for again", async () => {
    host.on("GET /v1/metrics", () => problem(403, "not_permitted"));
    show();
    await screen.findByText("You may not do this");
    host.on("GET /v1/metrics", () => ({ body: { from: NOW, until: NOW, now: NOW, metrics: [approval] } }));
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("article", { name: "Approval rate" });
  });
});

describe("the export", () => {
  test("collects every page into one file of lines", async () => {
    const saved = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
    vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
    host.on("GET /v1/corrections", ({ path }) => {
      const first = !path.includes("cursor=");
      return { body: { corrections: [{ case_id: first ? "case_1" : "case_2", label: null }], next_cursor: first ? "case_1 northwind" : null } };
    });
    show({ tenant_id: "northwind", queue: "triage" });
    fireEvent.click(await screen.findByRole("button", { name: /Export corrections/ }));
    await vi.waitFor(() => expect(saved).toHaveBeenCalledOnce());
    const file = saved.mock.calls[0]?.[0] as Blob;
    expect(await file.text()).toBe('{"case_id":"case_1","label":null}\n{"case_id":"case_2","label":null}\n');
    for (const { path } of host.sentTo("GET /v1/corrections")) expect(path).toMatch(/tenant_id=northwind.*queue=triage/);
  });

  test("that is refused says why, and no file is saved", async () => {
    const saved = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
    host.on("GET /v1/corrections", () => problem(403, "not_permitted", "this is for reviewers"));
    show();
    fireEvent.click(await screen.findByRole("button", { name: /Export corrections/ }));
    await screen.findByText(/The corrections were not exported/);
    expect(saved).not.toHaveBeenCalled();
  });
});

test("the page has an address of its own", () => {
  const filter: MeasureFilter = { ...NO_MEASURE_FILTER, period: "90", domain: "legal" };
  expect(workflowAddress(filter)).toBe("#/workflow?days=90&domain=legal");
  expect(parseRoute("#/workflow?days=90&domain=legal")).toEqual({ name: "workflow", filter });
});

describe("what watches over confidence", () => {
  test("says what a certificate still needs, and what was seen since the release", async () => {
    show();
    const region = await screen.findByRole("region", { name: "Confidence" });
    for (const words of [
      "High risk: No certificate: a person decides.",
      "At least 114 reviewed answers without an error are needed to show that at most 2 % are wrong. Reviewed so far: 37 drafts, 248 more at least.",
      "Random audits: 8 judged, 1 lost.",
      "Escalation rate, low risk, northwind",
      "30 of 200 decisions to people, 15 %; 12 % before",
    ]) {
      expect(region.textContent).toContain(words);
    }
  });

  test("tells an alarm first, with what it ended", async () => {
    show();
    const region = await screen.findByRole("region", { name: "Alarms" });
    for (const words of ["Too many answers are wrong, or were not judged, at high risk for northwind", "2 of 8 audited answers wrong, 25 %; 2 % are tolerated", "The certificate has ended"]) {
      expect(region.textContent).toContain(words);
    }
  });

  test("shows how reviewers agree to those who may see it alone", async () => {
    show();
    await screen.findByRole("region", { name: "Confidence" });
    expect(host.sentTo("GET /v1/reviewers")).toHaveLength(0);
    cleanup();
    const me = sampleMe();
    session.value = { status: "signed_in", me: { ...me, grants: [...me.grants, { ...me.grants[0]!, role: "auditor" }] } };
    host.on("GET /v1/reviewers", () => ({ body: { agreement: 0.126, judged_by_several: 40, now: NOW, reviewers: [{ principal_id: "p", name: "Mina Okafor", judgements: 12, sees_right: 0.9, sees_wrong: 0.755 }] } }));
    show();
    const card = await screen.findByRole("article", { name: "Reviewers" });
    expect(card.textContent).toContain("Alpha 0.13, over 40 drafts that several people judged");
    expect(card.textContent).toContain("12 judged; calls 90 % of right drafts right, 76 % of wrong ones wrong");
  });
});

import { cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type MeasureFilter, NO_MEASURE_FILTER } from "../lib/measure-filter";
import { exportFault, measures } from "../services/measures";
import { parseRoute, workflowAddress } from "../services/router";
import { session } from "../services/session";
import type { Measure } from "../services/wire";
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

let host: TestHost;

beforeEach(() => {
  session.value = { status: "signed_in", me: sampleMe() };
  measures.value = { name: "loading" };
  exportFault.value = null;
  const reply = (metric: Measure) => ({ body: { from: "2026-10-24T00:00:00.000Z", until: "2026-11-22T10:00:00.001Z", now: NOW, metrics: [metric] } });
  const keyed = (key: string | null): Measure => ({ ...approval, metric: "escalation_rate", groups: [{ key, figures: approval.figures }] });
  host = new TestHost()
    .on("GET /v1/queues", () => ({ body: { queues: [], now: NOW } }))
    .on("GET /v1/cases", () => ({ body: { cases: [], next_cursor: null, now: NOW } }))
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

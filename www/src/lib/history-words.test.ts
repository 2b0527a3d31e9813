import { describe, expect, test } from "vitest";
import type { HistoryEntry } from "../services/wire";
import { historyLines } from "./history-words";

let count = 0;

function entry(event: string, data: Record<string, unknown> = {}, name = "Mara", door = "ui"): HistoryEntry {
  count += 1;
  const at = new Date(Date.UTC(2026, 10, 22, 10, 0, count)).toISOString();
  return { entry_id: `evt_${count}`, event, at, actor: { principal_id: "prin_1", name, kind: "person", door } as HistoryEntry["actor"], data };
}

describe("an entry as a sentence", () => {
  test.each<[HistoryEntry, string]>([
    [entry("case_claimed"), "claimed it"],
    [entry("case_decided", { decision: { verdict: "edited", outcome: "send" } }), "decided: edited, the answer is sent"],
    [entry("case_decided", {}), "decided"],
    [entry("case_released", { reason: "timeout", note: null }), "ended the claim: its time ran out"],
    [entry("case_released", { reason: "skipped", note: "not my language" }), "ended the claim: skipped, not my language"],
    [entry("case_withdrawn", { reason: "the customer solved it" }), "withdrew it: the customer solved it"],
    [entry("approval_requested", { proposal: { supersedes: null } }), "proposed it"],
    [entry("approval_requested", { proposal: { supersedes: "prop_0" } }), "proposed it: in the place of an earlier one"],
    [entry("approval_recorded", { vote: { note: "as agreed" } }), "approved it: as agreed"],
    [entry("approval_resolved", { state: "rejected", closing: { reason: "Wrong target" } }), "settled it: rejected, Wrong target"],
    [entry("proposal_voided", { closing: { reason: "the policy asks for more" } }), "made it void: the policy asks for more"],
    [entry("execution_unknown", { detail: "HTTP 502" }), "noted that the outcome is unknown: HTTP 502"],
    [entry("execution_reconciled", { happened: false, note: "no transfer" }), "found out what happened: it did not happen, no transfer"],
    [entry("something_new"), "something new"],
  ])("%#: %o", (line, words) => {
    expect(historyLines([line])[0]?.what).toBe(words);
  });
});

test("the newest first, and equal entries in a row folded", () => {
  const lines = historyLines([entry("case_created", {}, "Edge", "api"), entry("case_claimed"), entry("lease_extended"), entry("lease_extended"), entry("work_saved")]);
  expect(lines.map(({ what, count: times }) => `${what} ×${times}`)).toEqual([
    "saved their work ×1",
    "kept the claim alive ×2",
    "claimed it ×1",
    "sent the case ×1",
  ]);
  expect(lines.at(-1)).toMatchObject({ who: "Edge", door: "API" });
});

test("an actor without a name is named by its id, an unknown door by its word", () => {
  expect(historyLines([entry("case_claimed", {}, "", "side_door")])[0]).toMatchObject({ who: "prin_1", door: "Side door" });
});

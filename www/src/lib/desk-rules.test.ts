import { describe, expect, test } from "vitest";
import { heldCase, NOW, sampleCase, sampleReply } from "../test/samples";
import { type DeskFacts, whyNotClaim, whyNotDecide } from "./desk-rules";

function facts(change: Partial<DeskFacts> = {}): DeskFacts {
  return {
    reply: sampleReply(heldCase()),
    principal_id: "prin_mara",
    now_ms: Date.parse(NOW),
    reachable: true,
    claim_lost: false,
    seen_revision: 0,
    busy: false,
    ...change,
  };
}

const foreign = sampleReply(sampleCase({ state: "leased", leased_by: "prin_theo", lease_until: "2026-11-22T10:10:00.000Z" }), {
  claim: false,
  why_not: "Theo holds this case",
});

describe("why a case cannot be decided", () => {
  test.each<[string, Partial<DeskFacts>, string | null]>([
    ["held by the reviewer", {}, null],
    ["no connection", { reachable: false }, "No connection. Your text is kept; you can decide as soon as the host answers."],
    ["a command is under way", { busy: true }, "One moment."],
    ["not claimed", { reply: sampleReply(sampleCase()) }, "Claim the case to decide."],
    ["the lease is over", { now_ms: Date.parse("2026-11-22T10:10:00.000Z"), reply: sampleReply(heldCase(), { claim: true }) }, "Claim the case to decide."],
    ["the claim was lost", { claim_lost: true }, "Your claim has ended. Claim the case again to decide."],
    ["held by somebody else", { reply: foreign }, "Theo holds this case."],
    ["one's own request", { reply: sampleReply(heldCase(), { decide: false, why_not: "nobody decides what they asked for" }) }, "Nobody decides what they asked for."],
    ["decided", { reply: sampleReply(heldCase({ state: "held" })) }, "Already decided."],
    ["withdrawn, which is said before a lost claim", { claim_lost: true, reply: sampleReply(heldCase({ state: "withdrawn" })) }, "The case was withdrawn."],
  ])("%s", (_name, change, expected) => {
    expect(whyNotDecide(facts(change))).toBe(expected);
  });
});

describe("why a case cannot be claimed", () => {
  test.each<[string, Partial<DeskFacts>, string | null]>([
    ["free", { reply: sampleReply(sampleCase()) }, null],
    ["already held", {}, "You already hold it."],
    ["lost, so the host shall say", { claim_lost: true, now_ms: Date.parse("2026-11-22T11:00:00.000Z") }, null],
    ["no right", { reply: sampleReply(sampleCase(), { claim: false, why_not: "this case needs authority level 3" }) }, "This case needs authority level 3."],
    ["no right, and no reason given", { reply: sampleReply(sampleCase(), { claim: false }) }, "You may not claim this case."],
    ["resolved", { reply: sampleReply(sampleCase({ state: "resolved" })) }, "The case is resolved."],
  ])("%s", (_name, change, expected) => {
    expect(whyNotClaim(facts(change))).toBe(expected);
  });
});

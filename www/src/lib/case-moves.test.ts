import { describe, expect, test } from "vitest";
import { heldCase, sampleCase, sampleReply } from "../test/samples";
import { EMPTY_MOVE, movesOf, whyNotMove } from "./case-moves";

const names = (...[reply, holding]: Parameters<typeof movesOf>): string[] => movesOf(reply, holding).map(({ name }) => name);

describe("what can be done with a case", () => {
  test("its holder may ask, put off, give away, escalate and move it", () => {
    expect(names(sampleReply(heldCase()), true)).toEqual(["ask_customer", "defer", "delegate", "handover", "escalate", "transfer"]);
  });
  test("a colleague may escalate what nobody holds, and nothing else", () => {
    expect(names(sampleReply(sampleCase()), false)).toEqual(["escalate"]);
    expect(names(sampleReply(heldCase({ leased_by: "prin_theo" })), false)).toEqual([]);
  });
  test("a lead directs it, whoever holds it", () => {
    const reply = sampleReply(heldCase({ leased_by: "prin_theo" }), { direct: true });
    expect(names(reply, false)).toEqual(["transfer", "assign", "set_priority", "set_due", "merge"]);
  });
  test("a resolved case is opened again, one that was withdrawn is not", () => {
    expect(names(sampleReply(sampleCase({ state: "resolved" }), { direct: true }), false)).toEqual(["correct_released", "reopen", "quality_review"]);
    expect(names(sampleReply(sampleCase({ state: "withdrawn" }), { direct: true }), false)).toEqual([]);
  });
});

test("what is missing is said", () => {
  const [ask, defer, delegate] = movesOf(sampleReply(heldCase()), true);
  if (ask === undefined || defer === undefined || delegate === undefined) throw new Error("the holder's moves are gone");
  expect(whyNotMove(ask, EMPTY_MOVE)).toBe("Write this first: question to the customer.");
  expect(whyNotMove(defer, EMPTY_MOVE)).toBe("Choose a time.");
  const merge = movesOf(sampleReply(sampleCase(), { direct: true }), false).at(-1);
  if (merge === undefined) throw new Error("the lead's moves are gone");
  expect(whyNotMove(merge, EMPTY_MOVE)).toBe("Say which case it repeats.");
  expect(whyNotMove(merge, { ...EMPTY_MOVE, into: "case_2" })).toBeNull();
  expect(whyNotMove(delegate, { ...EMPTY_MOVE, to: "prin_theo" })).toBeNull();
});

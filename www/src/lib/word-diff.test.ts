import { describe, expect, test } from "vitest";
import { wordDiff } from "./word-diff";

/** The difference in one line: [-removed-] and {+added+}. */
function shown(before: string, after: string): string {
  return wordDiff(before, after)
    .parts.map(({ kind, text }) => (kind === "added" ? `{+${text}+}` : kind === "removed" ? `[-${text}-]` : text))
    .join("");
}

describe("a difference by words", () => {
  test.each([
    ["nothing changed", "same text", "same text", "same text"],
    ["one word", "a real charge", "a pending charge", "a [-real-]{+pending+} charge"],
    ["a phrase stays together", "It is an old one here.", "It has been new here.", "It [-is an old one-]{+has been new+} here."],
    ["spaces count", "a b", "a  b", "a {+ +}b"],
    ["line breaks count", "a\nb", "a\n\nb", "a\n{+\n+}b"],
    ["from nothing", "", "new", "{+new+}"],
    ["to nothing", "old", "", "[-old-]"],
    ["scripts without spaces", "返金は七日以内です", "返金は十日以内です", "返金は[-七-]{+十+}日以内です"],
  ])("%s", (_name, before, after, expected) => {
    expect(shown(before, after)).toBe(expected);
  });

  test("gives both texts back exactly", () => {
    const before = "Dear customer,\n\nthe second charge is a hold\u200B.";
    const after = "Dear Ms Lee,\nthe second charge is settled.";
    const { parts } = wordDiff(before, after);
    const side = (without: string): string => parts.filter(({ kind }) => kind !== without).map(({ text }) => text).join("");
    expect(side("added")).toBe(before);
    expect(side("removed")).toBe(after);
  });

  test("counts words, not spaces", () => {
    expect(wordDiff("one two, three", "one four five three")).toMatchObject({ words_added: 2, words_removed: 1, aligned: true });
  });

  test("ends in time on texts that have nothing in common", () => {
    const long = (word: string): string => Array.from({ length: 9_000 }, (_, index) => `${word}${index}`).join(" ");
    const started = performance.now();
    wordDiff(long("a"), long("b"));
    expect(performance.now() - started).toBeLessThan(1_500);
  });
});

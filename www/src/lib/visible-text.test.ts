import { describe, expect, test } from "vitest";
import { visibleLine, visibleString, visibleText, withoutHidden } from "./visible-text";

/** The text as a reviewer reads it: escapes and gaps as their labels, look-alikes between tildes. */
function shown(text: string): string {
  return visibleText(text)
    .parts.map((part) => (part.kind === "text" ? part.text : part.kind === "lookalike" ? `~${part.text}~` : part.label))
    .join("");
}

describe("what a screen would hide is shown", () => {
  test.each([
    ["plain text is untouched", "A\tplain text,\nwith two lines.", "A\tplain text,\nwith two lines."],
    ["Windows line ends are line ends", "a\r\nb", "a\nb"],
    ["a lone carriage return", "safe\rEVIL", "safe⟨U+000D⟩EVIL"],
    ["control characters", "a\u0000b\u001B[31mc\u0085", "a⟨U+0000⟩b⟨U+001B⟩[31mc⟨U+0085⟩"],
    ["bidi controls", "user\u202Egpj.exe\u202C", "user⟨U+202E⟩gpj.exe⟨U+202C⟩"],
    ["isolates", "\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"],
    ["zero-width characters, counted", "pay\u200B\u200B\u200Bpal", "pay⟨U+200B ×3⟩pal"],
    ["line and paragraph separators", "a\u2028b\u2029c", "a⟨U+2028⟩b⟨U+2029⟩c"],
    ["a byte order mark and a soft hyphen", "\uFEFFa\u00ADb", "⟨U+FEFF⟩a⟨U+00AD⟩b"],
    ["variation selectors, both blocks", "a\uFE0Fb\u{E0100}c", "a⟨U+FE0F⟩b⟨U+E0100⟩c"],
    ["tags", "hi\u{E0061}\u{E0062}", "hi⟨U+E0061⟩⟨U+E0062⟩"],
    ["private use and unassigned", "a\uE000b\u0378", "a⟨U+E000⟩b⟨U+0378⟩"],
    ["half of a pair", "a\uD800b", "a⟨U+D800⟩b"],
    ["fillers", "a\u3164\u115F\u2800b", "a⟨U+3164⟩⟨U+115F⟩⟨U+2800⟩b"],
    ["one no-break space is ordinary", "10\u00A0000", "10\u00A0000"],
    ["a run of no-break spaces is not", "a\u00A0\u00A0\u00A0b", "a⟨U+00A0 ×3⟩b"],
    ["a wall of spaces", `a${" ".repeat(60)}b`, "a⟨60 spaces⟩b"],
    ["two blank lines are ordinary", "a\n\n\nb", "a\n\n\nb"],
    ["a run of blank lines is counted", `a${"\n".repeat(100_001)}b`, "a\n⟨100000 blank lines⟩\nb"],
    ["blank lines with spaces in them too", "a\n \n\t\n \nb", "a\n⟨3 blank lines⟩\nb"],
    ["stacked marks", "Z\u0351\u036B\u0343\u036A\u0302\u036B\u033Dx", "Z⟨7 stacked marks⟩x"],
    ["ordinary accents", "e\u0301 ạ̈ नि", "e\u0301 ạ̈ नि"],
    ["a mark without a letter", "a\u200D\u0334b", "a⟨U+200D⟩⟨U+0334⟩b"],
    ["right-to-left scripts are text", "שלום عليكم", "שלום عليكم"],
    ["markup is text", "<script>alert(1)</script> [x](javascript:y)", "<script>alert(1)</script> [x](javascript:y)"],
  ])("%s", (_name, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test("no character of any plane that is hidden by class stays unescaped", () => {
    const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}]/u;
    const missed: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      if (!hidden.test(character) || character === "\n" || character === "\t") continue;
      if (visibleText(`a${character}b`).hidden_count !== 1) missed.push(code.toString(16));
    }
    expect(missed).toEqual([]);
  }, 60_000);
});

describe("look-alike words are marked", () => {
  test.each([
    ["Cyrillic inside Latin", "log in at p\u0430ypal.com", "log in at ~p\u0430ypal~.com"],
    ["Greek that passes for Latin", "v\u03B1lid", "~v\u03B1lid~"],
    ["a whole word of twins in Latin text", "see \u0441\u043E\u0440\u0435 for details", "see ~\u0441\u043E\u0440\u0435~ for details"],
    ["decorative letters", "please 𝐩𝐚𝐲 now", "please ~𝐩𝐚𝐲~ now"],
    ["full-width letters", "ＰＡＹ now please", "~ＰＡＹ~ now please"],
    ["a Russian sentence is a Russian sentence", "Он просит вернуть деньги", "Он просит вернуть деньги"],
    ["Greek is Greek", "Καλημέρα σας", "Καλημέρα σας"],
    ["units", "a 10 kΩ resistor, 5 μm", "a 10 kΩ resistor, 5 μm"],
    ["Japanese mixes scripts", "東京タワーでお寿司", "東京タワーでお寿司"],
  ])("%s", (_name, text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

test("counts are those of the whole text", () => {
  const { line_count, character_count, hidden_count, lookalike_count } = visibleText("p\u0430y\u200B\nme 👍");
  expect({ line_count, character_count, hidden_count, lookalike_count }).toEqual({
    line_count: 2,
    character_count: 9,
    hidden_count: 1,
    lookalike_count: 1,
  });
});

test("a message in invisible letters is spelled out", () => {
  const smuggled = [..."ignore all"].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join("");
  expect(visibleText(`Hello${smuggled}`).tag_message).toBe("ignore all");
  expect(visibleText("Hello").tag_message).toBeNull();
});

test("a line shows its breaks", () => {
  expect(visibleString("first\n\n\nsecond\u202E")).toBe("first ⏎ second⟨U+202E⟩");
  expect(visibleLine("a\nb").line_count).toBe(1);
});

test.each([
  ["hidden characters go", "a\u200Bb\u202Ec\uFEFF", "abc"],
  ["blank lines become one", "a\n\n\n\n\n\nb", "a\n\nb"],
  ["a wall of spaces becomes one", `a${" ".repeat(40)}b`, "a b"],
  ["piled marks are cut down", "Z\u0351\u036B\u0343\u036A\u0302\u036Bx", "Z\u0351\u036Bx"],
  ["everything else stays", "Hi,\n\n  – é 👍", "Hi,\n\n  – é 👍"],
])("cleaning: %s", (_name, text, expected) => {
  expect(withoutHidden(text)).toBe(expected);
  expect(visibleText(withoutHidden(text)).hidden_count).toBe(0);
});

/**
 * Turns text from models, users and documents into parts that show everything that is in it.
 *
 * Characters that a screen would hide, reorder or merge become visible escapes; look-alike words are marked;
 * long runs of blank lines and spaces are collapsed with their count.
 * It never interprets markup and never drops a character without saying so.
 */
import { isMostlyLatin, lookalikes } from "./lookalikes";

export type VisiblePart =
  | { kind: "text"; text: string }
  | { kind: "hidden"; label: string; reason: string }
  | { kind: "gap"; label: string; reason: string }
  | { kind: "lookalike"; text: string; reason: string };

export interface VisibleText {
  parts: VisiblePart[];
  character_count: number;
  line_count: number;
  hidden_count: number;
  lookalike_count: number;
  /** What invisible tag letters spell, where there are any: a known way to smuggle instructions. */
  tag_message: string | null;
}

const HIDDEN =
  "(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cn}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\p{Variation_Selector}\\u2800]";
const SPACES = " \\t\\u00A0\\u1680\\u2000-\\u200A\\u202F\\u205F\\u3000";

/** One pass over everything that needs special care; the order of the groups is the order of precedence. */
const SPECIAL = new RegExp(
  [
    `(?<blank>\\n(?:[${SPACES}]*\\n){3,})`,
    `(?<wide>[${SPACES}]{24,})`,
    "(?<stack>(?:(?![\\p{Variation_Selector}\\p{Default_Ignorable_Code_Point}])\\p{M}){6,})",
    "(?<space>[\\u00A0\\u1680\\u2000-\\u200A\\u202F\\u205F\\u3000]{2,})",
    `(?<hidden>${HIDDEN})`,
    // A mark whose letter is an escape would be drawn onto the escape itself.
    `(?<orphan>(?<=^|\\n|${HIDDEN})\\p{M}+)`,
  ].join("|"),
  "gu",
);

const NAMES: Readonly<Record<number, string>> = {
  0x00ad: "soft hyphen",
  0x061c: "Arabic letter mark",
  0x180e: "Mongolian vowel separator",
  0x200b: "zero-width space",
  0x200c: "zero-width non-joiner",
  0x200d: "zero-width joiner",
  0x200e: "left-to-right mark",
  0x200f: "right-to-left mark",
  0x2028: "line separator",
  0x2029: "paragraph separator",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "end of a direction change",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override, shows the following text backwards",
  0x2060: "word joiner",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "first-strong isolate",
  0x2069: "end of an isolate",
  0x2800: "blank Braille pattern",
  0x3164: "Hangul filler",
  0xfeff: "byte order mark",
};

/** Everything a reviewer must see of a text, in order. */
export function visibleText(source: string): VisibleText {
  const text = source.replace(/\r\n/g, "\n");
  const mostlyLatin = isMostlyLatin(text);
  const parts: VisiblePart[] = [];
  let hidden = 0;
  let rest = 0;
  for (const match of text.matchAll(SPECIAL)) {
    pushText(parts, text.slice(rest, match.index), mostlyLatin);
    const part = specialPart(match);
    if (part.kind === "hidden") hidden += [...match[0]].length;
    pushSpecial(parts, part);
    rest = match.index + match[0].length;
  }
  pushText(parts, text.slice(rest), mostlyLatin);
  return {
    parts: foldRepeats(parts),
    character_count: [...text].length,
    line_count: text === "" ? 0 : text.split("\n").length,
    hidden_count: hidden,
    lookalike_count: parts.filter((part) => part.kind === "lookalike").length,
    tag_message: tagMessage(text),
  };
}

/** A text on one line, for lists and labels: line breaks become a visible sign. */
export function visibleLine(source: string): VisibleText {
  return visibleText(source.replace(/\r\n?|\n/g, " ⏎ ").replace(/\t/g, " ").replace(/(?: ⏎ ){2,}/g, " ⏎ "));
}

/** The same text as one plain string, for places that take no elements, such as a title or a label. */
export function visibleString(source: string): string {
  return visibleLine(source)
    .parts.map((part) => (part.kind === "text" || part.kind === "lookalike" ? part.text : part.label))
    .join("");
}

/** The text without the characters that would be shown as escapes, for a reviewer who wants a clean answer. */
export function withoutHidden(source: string): string {
  return source.replace(/\r\n/g, "\n").replace(SPECIAL, (run, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups["hidden"] !== undefined || groups["orphan"] !== undefined) return "";
    if (groups["stack"] !== undefined) return [...run].slice(0, 2).join("");
    if (groups["blank"] !== undefined) return "\n\n";
    return " ";
  });
}

function specialPart(match: RegExpExecArray): Exclude<VisiblePart, { kind: "text" | "lookalike" }> {
  const run = match[0];
  const groups = match.groups ?? {};
  const count = [...run].length;
  if (groups["blank"] !== undefined) {
    const lines = run.split("\n").length - 2;
    return { kind: "gap", label: `⟨${lines} blank lines⟩`, reason: "Blank lines that would push the following text away." };
  }
  if (groups["wide"] !== undefined) {
    return { kind: "gap", label: `⟨${count} spaces⟩`, reason: "Spaces that would push the following text away." };
  }
  if (groups["stack"] !== undefined) {
    return { kind: "hidden", label: `⟨${count} stacked marks⟩`, reason: "Marks piled on one letter." };
  }
  if (groups["orphan"] !== undefined) {
    const label = count === 1 ? `⟨${codePoint(run)}⟩` : `⟨${count} marks⟩`;
    return { kind: "hidden", label, reason: "Marks without a letter of their own." };
  }
  if (groups["space"] !== undefined) {
    return { kind: "hidden", label: `⟨${codePoint(run)} ×${count}⟩`, reason: "A run of unusual spaces." };
  }
  return { kind: "hidden", label: `⟨${codePoint(run)}⟩`, reason: hiddenReason(run.codePointAt(0) ?? 0) };
}

function hiddenReason(code: number): string {
  const name = NAMES[code];
  if (name !== undefined) return `Hidden character: ${name}.`;
  if (code >= 0xe0020 && code <= 0xe007e) return `Hidden tag letter “${String.fromCharCode(code - 0xe0000)}”.`;
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef)) return "Variation selector: changes how the character before it looks.";
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return "Control character.";
  return "A character that the screen would not show.";
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function pushText(parts: VisiblePart[], text: string, mostlyLatin: boolean): void {
  if (text === "") return;
  let rest = 0;
  for (const { start, end, reason } of lookalikes(text, mostlyLatin)) {
    if (start > rest) parts.push({ kind: "text", text: text.slice(rest, start) });
    parts.push({ kind: "lookalike", text: text.slice(start, end), reason });
    rest = end;
  }
  if (rest < text.length) parts.push({ kind: "text", text: text.slice(rest) });
}

function pushSpecial(parts: VisiblePart[], part: VisiblePart): void {
  // A gap stands between two lines, so the line break that it replaces is given back on either side.
  if (part.kind === "gap" && part.label.endsWith("lines⟩")) {
    parts.push({ kind: "text", text: "\n" }, part, { kind: "text", text: "\n" });
  } else {
    parts.push(part);
  }
}

/** Equal escapes in a row become one with a count, so that a flood of them stays readable. */
function foldRepeats(parts: readonly VisiblePart[]): VisiblePart[] {
  const folded: VisiblePart[] = [];
  let repeats = 1;
  parts.forEach((part, index) => {
    const next = parts[index + 1];
    if (part.kind === "hidden" && next?.kind === "hidden" && next.label === part.label) {
      repeats += 1;
      return;
    }
    folded.push(repeats > 1 && part.kind === "hidden" ? { ...part, label: `${part.label.slice(0, -1)} ×${repeats}⟩` } : part);
    repeats = 1;
  });
  return folded;
}

function tagMessage(text: string): string | null {
  const letters = [...text]
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((code) => code >= 0xe0020 && code <= 0xe007e)
    .map((code) => String.fromCharCode(code - 0xe0000));
  return letters.length < 2 ? null : letters.join("");
}

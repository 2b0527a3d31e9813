/**
 * Finds words that could be read as something they are not: letters of several scripts in one word,
 * a word of foreign letters that all look Latin, and letters borrowed from mathematics or full-width forms.
 */

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const LATIN = /\p{Script=Latin}/u;
const STYLED_LATIN = /[\u{1D400}-\u{1D7FF}\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\u24B6-\u24E9]/u;

const FOREIGN: readonly { name: string; pattern: RegExp }[] = [
  { name: "Cyrillic", pattern: /\p{Script=Cyrillic}/u },
  { name: "Greek", pattern: /\p{Script=Greek}/u },
  { name: "Armenian", pattern: /\p{Script=Armenian}/u },
  { name: "Cherokee", pattern: /\p{Script=Cherokee}/u },
  { name: "Coptic", pattern: /\p{Script=Coptic}/u },
  { name: "Lisu", pattern: /\p{Script=Lisu}/u },
  { name: "Hebrew", pattern: /\p{Script=Hebrew}/u },
  { name: "Arabic", pattern: /\p{Script=Arabic}/u },
];

/** Letters of other scripts that most fonts draw like a Latin one. */
const LATIN_TWINS = new Set(
  "аеорсухіјѕһԁԛԝӏьѵгпқӄАВЕКМНОРСТУХІЈЅԌҮαορνυικτχΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոհցքյզ",
);

export interface Lookalike {
  start: number;
  end: number;
  /** Why the word is marked, as a sentence for the reviewer. */
  reason: string;
}

/** The suspicious words of a text, in order, as offsets in UTF-16 units; `mostlyLatin` speaks of the whole document. */
export function lookalikes(text: string, mostlyLatin = isMostlyLatin(text)): Lookalike[] {
  const found: Lookalike[] = [];
  for (const match of text.matchAll(WORD)) {
    const reason = reasonFor(match[0], mostlyLatin);
    if (reason !== null) found.push({ start: match.index, end: match.index + match[0].length, reason });
  }
  return found;
}

/** Whether more than half of the letters of a text are Latin. */
export function isMostlyLatin(text: string): boolean {
  let latin = 0;
  let other = 0;
  for (const character of text) {
    if (!/\p{L}/u.test(character)) continue;
    if (LATIN.test(character)) latin += 1;
    else other += 1;
  }
  return latin > other;
}

function reasonFor(word: string, mostlyLatin: boolean): string | null {
  if (STYLED_LATIN.test(word)) return "Written with decorative letters that imitate ordinary ones.";
  const scripts = FOREIGN.filter(({ pattern }) => pattern.test(word)).map(({ name }) => name);
  if (scripts.length === 0) return null;
  if (LATIN.test(word)) {
    // Units such as kΩ and µm are honest; a Greek letter that passes for a Latin one is not.
    const onlyGreek = scripts.length === 1 && scripts[0] === "Greek";
    if (onlyGreek && ![...word].some((letter) => LATIN_TWINS.has(letter))) return null;
    return `Mixes Latin and ${scripts.join(" and ")} letters in one word.`;
  }
  if (scripts.length > 1) return `Mixes ${scripts.join(" and ")} letters in one word.`;
  const letters = [...word].filter((character) => /\p{L}/u.test(character));
  const allTwins = letters.length > 1 && letters.every((letter) => LATIN_TWINS.has(letter));
  if (mostlyLatin && allTwins) return `Written in ${scripts.join("")} letters that look like Latin ones.`;
  return null;
}

/** Compares two texts word by word, in any script, so that a reviewer sees exactly what an edit changes. */
import { diffArrays } from "diff";

export interface DiffPart {
  kind: "same" | "added" | "removed";
  text: string;
}

export interface WordDiff {
  parts: DiffPart[];
  words_added: number;
  words_removed: number;
  /** False where the texts were too far apart to align in time; the parts are then the two whole texts. */
  aligned: boolean;
}

/** Aligning is quadratic in the worst case; past this the answer would come too late to be of use. */
const ALIGNMENT_MAX_MS = 200;

export function wordDiff(before: string, after: string): WordDiff {
  const changes = diffArrays(words(before), words(after), { timeout: ALIGNMENT_MAX_MS });
  if (changes === undefined) return measured(wholeTexts(before, after), false);
  const parts = changes.map((change): DiffPart => ({
    kind: change.added ? "added" : change.removed ? "removed" : "same",
    text: change.value.join(""),
  }));
  return measured(joinNeighbours(parts), true);
}

/** Changes that only spaces and signs part are one change: a phrase replaced reads better than its words in turns. */
function joinNeighbours(parts: readonly DiffPart[]): DiffPart[] {
  const joined: DiffPart[] = [];
  let removed = "";
  let added = "";
  const flush = (): void => {
    const shared = sharedSpace(removed, added);
    const before = removed.slice(0, removed.length - shared.length);
    const after = added.slice(0, added.length - shared.length);
    if (before !== "") joined.push({ kind: "removed", text: before });
    if (after !== "") joined.push({ kind: "added", text: after });
    if (shared !== "") joined.push({ kind: "same", text: shared });
    removed = "";
    added = "";
  };
  parts.forEach((part, index) => {
    const next = parts[index + 1];
    const onlySigns = part.kind === "same" && /^[^\p{L}\p{N}\n]+$/u.test(part.text);
    if (part.kind === "removed") removed += part.text;
    else if (part.kind === "added") added += part.text;
    else if (onlySigns && removed !== "" && added !== "" && next !== undefined) {
      removed += part.text;
      added += part.text;
    } else {
      flush();
      joined.push(part);
    }
  });
  flush();
  return joined;
}

/** The space that both ends have in common; it was not changed. */
function sharedSpace(removed: string, added: string): string {
  const space = /\s*$/.exec(removed)?.[0] ?? "";
  return added.endsWith(space) && removed !== space && added !== space ? space : "";
}

function wholeTexts(before: string, after: string): DiffPart[] {
  return [{ kind: "removed", text: before }, { kind: "added", text: after }];
}

function measured(parts: DiffPart[], aligned: boolean): WordDiff {
  const count = (kind: DiffPart["kind"]): number =>
    parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + wordCount(part.text), 0);
  return { parts, words_added: count("added"), words_removed: count("removed"), aligned };
}

/** Words, spaces and punctuation, each on its own, so that nothing is lost when they are joined again. */
function words(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

function wordCount(text: string): number {
  return words(text).filter((token) => /[\p{L}\p{N}]/u.test(token)).length;
}

/** Scripts that put no spaces between words; there a letter with its marks is the unit. */
const UNSPACED =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]";

/** A pattern, because the browser's own segmenter needs seconds for the longest texts that are admitted. */
const TOKEN = new RegExp(`${UNSPACED}\\p{M}*|(?:(?!${UNSPACED})[\\p{L}\\p{M}\\p{N}’'])+|\\s|[^]`, "gu");

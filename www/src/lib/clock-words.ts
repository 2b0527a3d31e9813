/** What the clocks of a case do next, in words; from values only. */
import type { Case, CaseReply } from "../services/wire";
import { momentWords } from "./duration";

type Clocked = Pick<Case, "marks" | "paused_at" | "first_touched_at">;

const ACTION_WORDS: Readonly<Record<string, string>> = {
  warn: "a warning goes out",
  escalate: "it goes to a higher authority",
  reassign: "it is offered to everybody",
  raise_authority: "it needs a higher authority",
  expire: "it ends unanswered",
};

export function clockStands({ paused_at }: Pick<Case, "paused_at">): boolean {
  return paused_at !== null;
}

/** The next thing that the deadline does by itself; null where nothing is left to be done. */
export function nextMarkWords(subject: Clocked, now_ms: number): string | null {
  if (clockStands(subject)) return null;
  const waits = subject.marks.filter(
    ({ fired_at, clock }) => fired_at === null && !(clock === "first_touch" && subject.first_touched_at !== null),
  );
  const [first] = waits.sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
  if (first === undefined) return null;
  const whose = first.clock === "first_touch" ? "the time until somebody takes it" : "its time";
  return `Next, at ${first.percent} % of ${whose}: ${ACTION_WORDS[first.then] ?? first.then} ${momentWords(Date.parse(first.at), now_ms)}.`;
}

/** How far several reviewers are; null where one decides. */
export function reviewWords({ needed, cast, adjudicating }: CaseReply["review"]): string | null {
  if (needed < 2) return null;
  if (adjudicating) return "The reviewers did not agree: one more decides alone";
  return `${cast} of ${needed} reviewers have voted; nobody sees another's vote before`;
}

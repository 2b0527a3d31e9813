/** What an execution's state means for the people who wait for it. */
import type { Execution } from "../services/wire";
import { clockWords } from "./duration";

export const GUARANTEE_WORDS: Readonly<Record<Execution["guarantee"], string>> = {
  none: "The executor promises nothing for a request that comes twice, so it is never sent again.",
  queryable: "The executor can be asked what happened; it is sent again only once the executor says that nothing did.",
  idempotent: "The executor does a request with one key once, so it is sent again with the same key.",
};

/** What happens next to an execution whose outcome is not known. */
export function unknownWords(execution: Pick<Execution, "guarantee" | "next_attempt_at" | "resend_until">, now_ms: number): string {
  const { guarantee, next_attempt_at, resend_until } = execution;
  const first = "It may have happened, and it may not have.";
  if (next_attempt_at === null) return `${first} ${GUARANTEE_WORDS[guarantee]} Nothing more happens by itself: somebody has to find out, and say so here.`;
  const until = resend_until === null ? "" : ` This goes on until ${clockWords(Date.parse(resend_until), now_ms)} at most.`;
  return `${first} ${GUARANTEE_WORDS[guarantee]} The next look is at ${clockWords(Date.parse(next_attempt_at), now_ms)}.${until}`;
}

/** From when on what a person finds out counts: after the last moment at which the executor may still act. */
export function reconcilableFrom({ attempts }: Pick<Execution, "attempts">): number {
  return Math.max(0, ...attempts.map(({ not_after }) => Date.parse(not_after)));
}

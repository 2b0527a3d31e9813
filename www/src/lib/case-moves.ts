/** What can be done with a case besides deciding it, and what each of it asks for; from values only. */
import type { CaseReply } from "../services/wire";
import { isOpen } from "./desk-rules";

export type MoveName =
  | "ask_customer"
  | "defer"
  | "delegate"
  | "handover"
  | "escalate"
  | "transfer"
  | "assign"
  | "set_priority"
  | "set_due"
  | "merge"
  | "reopen"
  | "correct_released"
  | "quality_review";

export type MoveField = "until" | "queue" | "to" | "priority" | "into";

export interface Move {
  name: MoveName;
  label: string;
  /** What the button that does it says. */
  doing: string;
  fields: readonly MoveField[];
  /** What the text is for, and whether it may be left out; null where none is sent. */
  text: string | null;
  textOptional?: true;
}

const OF_HOLDER: readonly Move[] = [
  { name: "ask_customer", label: "Ask the customer", doing: "Send the question", fields: [], text: "Question to the customer" },
  { name: "defer", label: "Put off", doing: "Put off", fields: ["until"], text: "Why", textOptional: true },
  { name: "delegate", label: "Give to a colleague", doing: "Give away", fields: ["to"], text: "What they should know", textOptional: true },
  { name: "handover", label: "Hand over at the end of a shift", doing: "Hand over", fields: [], text: "What the next one has to know" },
];
const ESCALATE: Move = { name: "escalate", label: "Escalate to a higher authority", doing: "Escalate", fields: [], text: "Why" };
const TRANSFER: Move = { name: "transfer", label: "Move to another queue", doing: "Move", fields: ["queue"], text: "Why", textOptional: true };
const OF_LEAD: readonly Move[] = [
  { name: "assign", label: "Assign to somebody", doing: "Assign", fields: ["to"], text: "What they should know", textOptional: true },
  { name: "set_priority", label: "Set the priority", doing: "Set", fields: ["priority"], text: "Why", textOptional: true },
  { name: "set_due", label: "Set another deadline", doing: "Set", fields: ["until"], text: "Why", textOptional: true },
];
const MERGE: Move = { name: "merge", label: "It repeats another case", doing: "End it as a duplicate", fields: ["into"], text: null };
const CORRECT: Move = { name: "correct_released", label: "The released answer is wrong", doing: "Open a case about it", fields: [], text: "What is wrong" };
const AFTER: readonly Move[] = [
  { name: "reopen", label: "Open it again", doing: "Open again", fields: [], text: "Why" },
  { name: "quality_review", label: "Have the decision checked", doing: "Ask for a check", fields: [], text: "What to look at" },
];

/** Everything that this reviewer may do with the case now. */
export function movesOf({ case: subject, may }: CaseReply, holding: boolean): Move[] {
  if (subject.state === "resolved") return [CORRECT, ...(may.direct ? AFTER : [])];
  if (!isOpen(subject)) return [];
  const free = subject.state !== "leased";
  return [
    ...(holding ? OF_HOLDER : []),
    ...(holding || (may.escalate && free) ? [ESCALATE] : []),
    ...(holding || may.direct ? [TRANSFER] : []),
    ...(may.direct ? [...OF_LEAD, MERGE] : []),
  ];
}

export interface MoveForm {
  text: string;
  until: string;
  queue: string;
  to: string;
  priority: string;
  /** The case that this one repeats. */
  into: string;
}

export const EMPTY_MOVE: MoveForm = { text: "", until: "", queue: "", to: "", priority: "2", into: "" };

/** Why the move cannot be sent yet; null where it can. */
export function whyNotMove(move: Move, form: MoveForm): string | null {
  if (move.fields.includes("until") && Number.isNaN(Date.parse(form.until))) return "Choose a time.";
  if (move.fields.includes("queue") && form.queue === "") return "Choose a queue.";
  if (move.fields.includes("to") && form.to.trim() === "") return "Say to whom.";
  if (move.fields.includes("into") && form.into.trim() === "") return "Say which case it repeats.";
  if (move.text !== null && move.textOptional !== true && form.text.trim() === "") return `Write this first: ${move.text.toLowerCase()}.`;
  return null;
}

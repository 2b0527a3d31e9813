import type { JSX } from "preact";
import { useDesk } from "./desk-context";

const WORDS = {
  none: "",
  unsaved: "Saving soon…",
  saving: "Saving…",
  saved: "Saved",
  failed: "Not saved; kept in this tab",
} as const;

/** Whether the reviewer's work is safe, without asking for attention. */
export function SaveWords(): JSX.Element | null {
  const state = useDesk().saver.state.value;
  if (state === "none") return null;
  return <span class={state === "failed" ? "save-words save-words--failed" : "save-words"}>{WORDS[state]}</span>;
}

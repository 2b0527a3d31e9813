/**
 * Single keys for people who decide all day.
 *
 * Never while typing, never while a dialog is open, never while the next case is loading;
 * the screen that is shown last registers its keys, and they go away with it.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import { keysEnabled } from "./preferences";

export type KeyMap = Readonly<Record<string, () => void>>;

/** Ctrl+Enter, and ⌘+Enter on a Mac. */
export const DECIDE = "decide";
const CHORD_MS = 1_200;
const CHORD_START = "g";

const maps: (() => KeyMap)[] = [];
let chordUntil_ms = 0;
let loading = false;

/** Registers keys for as long as a component is shown; the newest map is asked first. */
export function useKeys(map: KeyMap): void {
  const latest = useRef(map);
  latest.current = map;
  // Not a plain effect: those end a frame later, and a key must not reach a screen that is gone.
  useLayoutEffect(() => {
    const read = (): KeyMap => latest.current;
    maps.push(read);
    return () => {
      maps.splice(maps.indexOf(read), 1);
    };
  }, []);
}

/** While a case loads, a key meant for the last one must not reach the next one. */
export function holdKeysWhileLoading(isLoading: boolean): void {
  loading = isLoading;
}

export function startKeys(): () => void {
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  const name = nameOf(event);
  if (name === null || event.defaultPrevented || event.repeat && name !== "j" && name !== "k") return;
  if (document.querySelector("dialog[open]") !== null) return;
  const chorded = event.timeStamp < chordUntil_ms;
  chordUntil_ms = 0;
  if (name === CHORD_START) {
    chordUntil_ms = event.timeStamp + CHORD_MS;
    return;
  }
  const wanted = chorded ? `${CHORD_START} ${name}` : name;
  if (loading && wanted !== "?" && !chorded) return;
  for (const read of [...maps].reverse()) {
    const action = read()[wanted];
    if (action !== undefined) {
      event.preventDefault();
      action();
      return;
    }
  }
}

function nameOf(event: KeyboardEvent): string | null {
  if (event.isComposing || event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return event.key === "Enter" ? DECIDE : null;
  if (event.key === "Escape") return "Escape";
  if (!keysEnabled.value || isTyping(event.target)) return null;
  // Enter and Space belong to whatever has the focus.
  return event.key.length === 1 && event.key !== " " ? event.key.toLowerCase() : null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["radio", "checkbox", "button", "submit"].includes(target.type);
}

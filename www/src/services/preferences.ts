/** What a reviewer chose for this browser. */
import { effect, signal } from "@preact/signals";

const KEYS_NAME = "countersign.keys";

/** Whether single keys do anything (WCAG 2.1.4); Ctrl or ⌘ with Enter works either way. */
export const keysEnabled = signal(read(KEYS_NAME) !== "off");

effect(() => write(KEYS_NAME, keysEnabled.value ? "on" : "off"));

/** Storage may be refused by the browser; the choice then lasts as long as the page. */
function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    return;
  }
}

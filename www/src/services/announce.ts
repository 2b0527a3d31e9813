/** One sentence at a time for people who do not see the screen; shown nowhere else. */
import { signal } from "@preact/signals";

export const announcement = signal("");

export function announce(sentence: string): void {
  // The same sentence twice must be read twice, so a space that is not heard makes it new.
  announcement.value = announcement.value === sentence ? `${sentence}\u00A0` : sentence;
}

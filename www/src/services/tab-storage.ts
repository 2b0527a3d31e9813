/**
 * What a reviewer is writing, kept in this tab: it outlives a reload, a lost claim and a lost connection.
 *
 * Kept for the tab only, because cases and actions hold other people's words and must not stay on a shared machine.
 */

export function keep(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Storage is full or refused: the text is still on screen.
    return;
  }
}

export function kept<T>(name: string): T | null {
  try {
    const stored = sessionStorage.getItem(name);
    return stored === null ? null : (JSON.parse(stored) as T);
  } catch {
    return null;
  }
}

export function drop(name: string): void {
  try {
    sessionStorage.removeItem(name);
  } catch {
    return;
  }
}

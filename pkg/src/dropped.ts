/** Counts of decision records that an edge had no room for: the host counts these decisions all the same. */
import type { DecisionRecord, DroppedGroup } from "./wire.js";

/** More groups than these are put together by disposition alone. */
const GROUPS_MAX = 256;

export class DroppedCounts {
  readonly #groups = new Map<string, DroppedGroup>();

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  add(record: DecisionRecord): void {
    const fact = (name: string): string | null => {
      const value = record.facts[name];
      return typeof value === "string" ? value : null;
    };
    this.addGroup({
      hour: `${record.evaluated_at.slice(0, 13)}:00:00.000Z`,
      disposition: record.disposition,
      domain: fact("request.domain"),
      release: { model: fact("release.model"), prompt: fact("release.prompt"), index: fact("release.index") },
      count: 1,
    });
  }

  addGroup(group: DroppedGroup): void {
    const { hour, disposition, domain, release, count } = group;
    const key = JSON.stringify([hour, disposition, domain, release.model, release.prompt, release.index]);
    const rest = this.#groups.size < GROUPS_MAX || this.#groups.has(key) ? undefined : disposition;
    const alike = this.#groups.get(rest ?? key);
    if (alike !== undefined) alike.count += count;
    else if (rest === undefined) this.#groups.set(key, { ...group });
    else this.#groups.set(rest, { ...group, domain: null, release: { model: null, prompt: null, index: null } });
  }

  /** The groups, in the order in which they began; copies. */
  groups(): DroppedGroup[] {
    return [...this.#groups.values()].map((group) => ({ ...group }));
  }

  take(): DroppedGroup[] {
    const groups = this.groups();
    this.#groups.clear();
    return groups;
  }
}

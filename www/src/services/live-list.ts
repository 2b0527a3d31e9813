/** A list that somebody reads: fetched for a filter, kept fresh, and never moved under the reader. */
import { batch, computed, signal } from "@preact/signals";
import { freshRows, growRows, type IdOf, type InboxRow, neighbour, reconcileRows } from "../lib/inbox-rows";
import { plural } from "../lib/words";
import { announce } from "./announce";
import { learnHostTime } from "./clock";
import { type Fault, faultOf, type Subject } from "./fault";
import { pollLive } from "./live";
import type { Poll } from "./poll";
import { noteReachability } from "./session";
import type { HostEvent } from "./wire";

const POLL_MS = 5_000;

export type ListStatus = { name: "loading" } | { name: "ready" } | { name: "fault"; fault: Fault };

export interface Page<T> {
  summaries: T[];
  next_cursor: string | null;
  now: string;
}

export interface ListSource<T, F> {
  /** What one row is called: "case". */
  noun: Subject;
  filter: F;
  idOf: IdOf<T>;
  fetch: (filter: F, cursor: string | null) => Promise<Page<T>>;
  /** Whether an event may change a row. */
  concerns: (event: HostEvent) => boolean;
  /** Leaves out what the host could not: of a list in order, the rows up to the first that does not belong. */
  keep?: (filter: F, summary: T) => boolean;
}

/** What to do with rows that are on screen: keep them in place, add below them, or start afresh. */
type RefreshMode = "keep" | "grow" | "replace";

export class LiveList<T, F> {
  readonly rows = signal<InboxRow<T>[]>([]);
  readonly waiting = signal<T[]>([]);
  readonly status = signal<ListStatus>({ name: "loading" });
  /** The shown list belongs to another filter and is about to be replaced. */
  readonly stale = signal(false);
  readonly hasMore = signal(false);
  readonly selectedId = signal<string | null>(null);
  readonly filter;
  readonly presentCount = computed(() => this.rows.value.filter(({ gone }) => !gone).length);
  readonly idOf: IdOf<T>;
  /** Where the list was scrolled to when a row was opened, so that coming back finds the same place. */
  readonly scroll = { top_px: 0 };

  private pageCount = 1;
  private growing = false;
  private poller: Poll | null = null;
  /** Replies to an older filter are dropped. */
  private generation = 0;

  constructor(private readonly source: ListSource<T, F>) {
    this.filter = signal(source.filter);
    this.idOf = source.idOf;
  }

  /** Shows a filter and keeps it fresh until the returned function is called. */
  watch(wanted: F): () => void {
    const same = JSON.stringify(wanted) === JSON.stringify(this.filter.value) && this.status.value.name === "ready";
    this.generation += 1;
    const mine = this.generation;
    batch(() => {
      this.filter.value = wanted;
      if (same) return;
      this.pageCount = 1;
      this.stale.value = true;
      this.scroll.top_px = 0;
      if (this.status.value.name === "fault") this.status.value = { name: "loading" };
    });
    const refresh = (): Promise<boolean> => this.refresh(mine, this.stale.peek() ? "replace" : "keep");
    const watching = pollLive(refresh, () => POLL_MS * this.pageCount, this.source.concerns);
    this.poller = watching;
    return () => {
      watching.stop();
      if (this.poller === watching) this.poller = null;
    };
  }

  /** Puts what waits into its place and takes out what left. */
  async showWaiting(): Promise<void> {
    await this.fill();
    announce(`${plural(this.presentCount.value, this.source.noun)} shown.`);
  }

  /** Fetches the list afresh. */
  async fill(): Promise<void> {
    await this.refresh(this.generation, "replace");
  }

  /** Adds the next page below; asking again while it is under way does nothing. */
  async showMore(): Promise<void> {
    if (this.growing || !this.hasMore.value) return;
    this.growing = true;
    this.pageCount += 1;
    if (!(await this.refresh(this.generation, "grow"))) this.pageCount -= 1;
    this.growing = false;
  }

  retry(): void {
    if (this.rows.value.length === 0) this.status.value = { name: "loading" };
    this.poller?.now();
  }

  /** Moves the selection by one row; the first move selects the first row. */
  moveSelection(step: 1 | -1): string | null {
    const next = neighbour(this.rows.value, this.selectedId.value, step, this.idOf);
    if (next !== null) this.selectedId.value = next;
    return next;
  }

  /** The first row after `id` that fits; wraps around once. */
  async nextAfter(id: string, fits: (summary: T) => boolean): Promise<string | null> {
    if (this.rows.value.length === 0) await this.fill();
    const all = this.rows.value;
    const at = all.findIndex(({ summary }) => this.idOf(summary) === id);
    const ahead = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))];
    const next = ahead.find(({ summary, gone }) => !gone && fits(summary));
    return next === undefined ? null : this.idOf(next.summary);
  }

  private async refresh(mine: number, mode: RefreshMode): Promise<boolean> {
    const { idOf } = this;
    try {
      const { summaries, more } = await this.fetchPages();
      if (mine !== this.generation) return true;
      const before = this.waiting.value.length;
      const shown = this.rows.value;
      const next =
        mode === "replace" ? freshRows(summaries) : mode === "grow" ? growRows(shown, summaries, idOf) : reconcileRows(shown, summaries, idOf);
      batch(() => {
        this.rows.value = next.rows;
        this.waiting.value = next.waiting;
        this.hasMore.value = more;
        this.stale.value = false;
        this.status.value = { name: "ready" };
      });
      noteReachability(null);
      if (next.waiting.length > before) announce(`${plural(next.waiting.length, `new ${this.source.noun}`)} waiting to be shown.`);
      return true;
    } catch (error) {
      if (mine !== this.generation) return true;
      const fault = faultOf(error, this.source.noun);
      noteReachability(fault);
      // A list that is already there is worth more than a full-page excuse; the banner says that it is old.
      if (this.rows.value.length === 0 || this.stale.value) this.status.value = { name: "fault", fault };
      return false;
    }
  }

  private async fetchPages(): Promise<{ summaries: T[]; more: boolean }> {
    const wanted = this.filter.value;
    const all: T[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < this.pageCount; page += 1) {
      const reply: Page<T> = await this.source.fetch(wanted, cursor);
      learnHostTime(reply.now);
      all.push(...reply.summaries);
      cursor = reply.next_cursor;
      if (cursor === null) break;
    }
    const { keep } = this.source;
    const summaries = keep === undefined ? all : all.filter((summary) => keep(wanted, summary));
    return { summaries, more: cursor !== null && summaries.length === all.length };
  }
}

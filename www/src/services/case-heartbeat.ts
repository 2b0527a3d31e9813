/** Keeps a claim alive while the reviewer is looking: a heartbeat at each third of the lease. */
import { hostNow } from "./clock";

const BEAT_MIN_MS = 2_000;
const RETRY_MS = 5_000;

export interface HeartbeatHooks {
  /** Sends one; resolves to when the lease now ends, "lost", or "unanswered". */
  beat(): Promise<number | "lost" | "unanswered">;
  lost(): void;
}

export class CaseHeartbeat {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lease_until_ms = 0;
  private due_at_ms = 0;
  private running = false;

  constructor(private readonly hooks: HeartbeatHooks) {}

  /** Starts, or goes on with a lease that ends at another time. */
  start(lease_until_ms: number): void {
    if (!this.running) document.addEventListener("visibilitychange", this.onVisibility);
    this.running = true;
    if (lease_until_ms === this.lease_until_ms) return;
    this.lease_until_ms = lease_until_ms;
    this.plan(Math.max(BEAT_MIN_MS, (lease_until_ms - hostNow()) / 3));
  }

  stop(): void {
    this.running = false;
    this.lease_until_ms = 0;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  private plan(wait_ms: number): void {
    clearTimeout(this.timer);
    this.due_at_ms = hostNow() + wait_ms;
    this.timer = setTimeout(() => void this.beatNow(), wait_ms);
  }

  private async beatNow(): Promise<void> {
    if (!this.running) return;
    // A page that nobody sees must not keep a case from others.
    if (document.visibilityState !== "visible") {
      this.loseIfOver();
      if (this.running) this.plan(RETRY_MS);
      return;
    }
    const result = await this.hooks.beat();
    if (!this.running) return;
    if (result === "lost") return this.lose();
    if (result === "unanswered") {
      this.loseIfOver();
      if (this.running) this.plan(RETRY_MS);
      return;
    }
    this.start(result);
  }

  private loseIfOver(): void {
    if (hostNow() >= this.lease_until_ms) this.lose();
  }

  private lose(): void {
    this.stop();
    this.hooks.lost();
  }

  private readonly onVisibility = (): void => {
    if (document.visibilityState === "visible" && hostNow() >= this.due_at_ms) void this.beatNow();
  };
}

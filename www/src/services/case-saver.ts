/** Saves a reviewer's work with the host shortly after they pause, one save at a time. */
import { signal } from "@preact/signals";

const PAUSE_MS = 1_000;

export type SaveState = "none" | "unsaved" | "saving" | "saved" | "failed";

export class CaseSaver {
  readonly state = signal<SaveState>("none");
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `save` resolves to whether the host took it. */
  constructor(private readonly save: () => Promise<boolean>) {}

  schedule(): void {
    this.state.value = "unsaved";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), PAUSE_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (this.state.value !== "unsaved" && this.state.value !== "failed") return;
    this.state.value = "saving";
    const saved = await this.save();
    // Something typed while the save was under way has set the state back to unsaved and will follow.
    if (this.state.peek() === "saving") this.state.value = saved ? "saved" : "failed";
  }

  /** Forgets what is not saved yet: the decision that was just sent contains it. */
  cancel(): void {
    clearTimeout(this.timer);
    this.state.value = "none";
  }
}

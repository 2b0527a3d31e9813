/**
 * One case on one reviewer's desk: what the host says of it, what the reviewer is writing, and every command between.
 *
 * Commands go one after the other, so that the epoch and revision they carry are current.
 * The reviewer's text is never thrown away by anything that happens elsewhere.
 */
import { batch, computed, signal } from "@preact/signals";
import { decisionOf, type DecisionForm } from "../lib/decision-form";
import { decidedWords, type DeskFacts, isHolding, isOpen, takesVotes, whyNotClaim, whyNotDecide } from "../lib/desk-rules";
import type { MoveForm, MoveName } from "../lib/case-moves";
import { workOf } from "../lib/work-form";
import { type ActivityCounter, countActivity } from "./activity";
import { announce } from "./announce";
import { api } from "./api";
import { CaseHeartbeat } from "./case-heartbeat";
import { sendMove } from "./case-moves";
import { CaseSaver } from "./case-saver";
import { CaseText } from "./case-text";
import { hostNow, learnHostTime, now } from "./clock";
import { type Fault, faultOf } from "./fault";
import { dropWork } from "./kept-work";
import { isOfCase, pollLive } from "./live";
import type { Poll } from "./poll";
import { randomKey } from "./random-key";
import { currentMe, noteReachability, reachable } from "./session";
import { rememberUndoable, undo, undoFault, undone } from "./undoables";
import type { Case, CaseReply, HostEvent } from "./wire";

const POLL_MS = 8_000;
/** The host takes no more; nobody is active on one case for longer. */
const ACTIVE_MAX_MS = 24 * 60 * 60 * 1_000;

export type DeskStatus = { name: "loading" } | { name: "ready" } | { name: "fault"; fault: Fault };
export type DeskCommand = "claim" | "decide" | "undo" | "release" | "move";

export class CaseDesk {
  readonly status = signal<DeskStatus>({ name: "loading" });
  readonly reply = signal<CaseReply | null>(null);
  readonly busy = signal<DeskCommand | null>(null);
  /** What went wrong with the last command; stays until the next one. */
  readonly problem = signal<Fault | null>(null);
  readonly claimLost = signal(false);
  /** Up to which change of the case the reviewer says they have read what the user wrote. */
  readonly seenRevision = signal(0);
  /** What else is being done with the case: the dialog that is open for it. */
  readonly moving = signal<MoveName | "any" | null>(null);
  readonly text: CaseText;

  readonly subject = computed(() => this.reply.value?.case ?? null);
  readonly holding = computed(() => {
    const subject = this.subject.value;
    return subject !== null && !this.claimLost.value && isHolding(subject, this.principal_id, now.value);
  });
  readonly whyNotDecide = computed(() => this.judge(whyNotDecide));
  readonly whyNotClaim = computed(() => this.judge(whyNotClaim));
  readonly decision = computed(() => decisionOf(this.text.form.value, this.subject.value?.model_draft ?? null));

  readonly saver = new CaseSaver(() => this.save());
  private readonly heartbeat = new CaseHeartbeat({ beat: () => this.beat(), lost: () => this.loseClaim() });
  private readonly activity: ActivityCounter;
  private readonly poller: Poll;
  private commands: Promise<unknown> = Promise.resolve();
  /** A decision whose reply never came: the same bytes under the same key make trying again safe. */
  private unanswered: { fingerprint: string; key: string; active_ms: number } | null = null;
  private closed = false;

  constructor(readonly case_id: string) {
    this.text = new CaseText(case_id);
    this.activity = countActivity(this.text.carriedActiveMs());
    this.poller = pollLive(() => this.load(), () => POLL_MS, (event) => this.isNews(event));
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  close(): void {
    void this.saver.flush();
    this.closed = true;
    this.poller.stop();
    this.heartbeat.stop();
    this.activity.stop();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  retry(): void {
    if (this.reply.value === null) this.status.value = { name: "loading" };
    this.poller.now();
  }

  /** Changes what the reviewer is writing, and keeps it. */
  update(change: Partial<DecisionForm>): void {
    this.text.change(change);
    this.keep();
    if (this.holding.value) this.saver.schedule();
  }

  dismissProblem(): void {
    this.problem.value = null;
    undoFault.value = null;
  }

  /** The reviewer has read what the user wrote since the draft was made. */
  markTurnsSeen(): void {
    this.seenRevision.value = this.subject.value?.revision ?? 0;
    announce("Noted. You can decide now.");
  }

  takeOffered(): void {
    if (this.subject.value !== null && this.text.takeOffered(this.subject.value)) this.update({});
  }

  async claim(): Promise<boolean> {
    const claimed = await this.command("claim", () => api.claim(this.case_id));
    if (claimed === null) return false;
    batch(() => {
      this.claimLost.value = false;
      this.receiveCase(claimed, this.mayNow({ decide: !takesVotes(claimed), vote: takesVotes(claimed) }));
    });
    announce("Claimed. The case is yours.");
    this.poller.now();
    return true;
  }

  async release(): Promise<boolean> {
    await this.saver.flush();
    const released = await this.command("release", () => api.release(this.case_id, { epoch: this.epoch }));
    if (released === null) return false;
    this.heartbeat.stop();
    this.receiveCase(released, this.mayNow({ claim: true }), true);
    announce("Given back. Others can claim it now.");
    this.poller.now();
    return true;
  }

  /** Does one of the other things; resolves to the case that it led to, or null where it was refused. */
  async move(name: MoveName, form: MoveForm): Promise<Case | null> {
    await this.saver.flush();
    const before = this.subject.value;
    if (before === null) return null;
    const moved = await this.command("move", () => sendMove(before, this.holding.value, name, form));
    if (moved === null) return null;
    if (moved.case_id === this.case_id) {
      this.receiveCase(moved, this.mayNow({}), true);
      announce("Done.");
    } else {
      announce("Another case was opened.");
    }
    this.poller.now();
    return moved;
  }

  async decide(): Promise<boolean> {
    // A save that is under way raises the revision; what is decided must be the case as it is on screen.
    this.saver.cancel();
    await this.commands;
    const decision = this.decision.value;
    const before = this.subject.value;
    if (before === null || this.whyNotDecide.value !== null || !decision.complete) return false;
    const { epoch, revision } = before;
    const fingerprint = JSON.stringify([epoch, revision, decision.body]);
    if (this.unanswered?.fingerprint !== fingerprint) {
      this.unanswered = { fingerprint, key: randomKey(), active_ms: Math.min(this.activity.active_ms(), ACTIVE_MAX_MS) };
    }
    const { key, active_ms } = this.unanswered;
    const body = { epoch, revision, ...decision.body, active_ms };
    const options = { idempotencyKey: key };
    const decided = await this.command("decide", () =>
      takesVotes(before) ? api.vote(this.case_id, body, options) : api.decide(this.case_id, body, options),
    );
    if (this.problem.value?.kind !== "offline") this.unanswered = null;
    if (decided === null) return false;
    this.heartbeat.stop();
    this.receiveCase(decided, this.mayNow({ undo: decided.state === "held" }), true);
    if (decided.state === "held") rememberUndoable(decided);
    announce(decidedWords(decision.name, decided));
    this.poller.now();
    return true;
  }

  /** Takes the decision back and claims the case again, because the reviewer wants to decide otherwise. */
  async undo(): Promise<void> {
    if (this.busy.value !== null) return;
    this.busy.value = "undo";
    const reopened = await undo(this.case_id);
    this.busy.value = null;
    if (reopened === null) {
      this.poller.now();
      return;
    }
    this.receiveCase(reopened, this.mayNow({ claim: true }));
    await this.claim();
    // It is on this very screen, so nobody has to be told where it went.
    undone.value = null;
  }

  private get principal_id(): string {
    return currentMe()?.principal.principal_id ?? "";
  }

  private get epoch(): number {
    return this.subject.value?.epoch ?? 0;
  }

  private judge(rule: (facts: DeskFacts) => string | null): string | null {
    const reply = this.reply.value;
    if (reply === null) return "The case is loading.";
    return rule({
      reply,
      principal_id: this.principal_id,
      now_ms: now.value,
      reachable: reachable.value,
      claim_lost: this.claimLost.value,
      seen_revision: this.seenRevision.value,
      busy: this.busy.value !== null,
    });
  }

  /** What this desk did itself is on screen already. */
  private isNews(event: HostEvent): boolean {
    return isOfCase(event) && event.data.case_id === this.case_id && event.data.revision > (this.subject.peek()?.revision ?? 0);
  }

  private async load(): Promise<boolean> {
    try {
      const reply = await this.inOrder(() => api.case(this.case_id));
      learnHostTime(reply.now);
      noteReachability(null);
      if (!this.closed) this.receive(reply);
      return true;
    } catch (error) {
      const fault = faultOf(error);
      noteReachability(fault);
      // What is on screen stays: only a case that was never seen is replaced by an excuse.
      if (this.reply.value === null) this.status.value = { name: "fault", fault };
      return false;
    }
  }

  /** `given` where this reviewer's own command took the case out of their hands: nothing was lost then. */
  private receive(reply: CaseReply, given = false): void {
    const before = this.subject.value;
    if (before !== null && reply.case.revision < before.revision) return;
    const held = before !== null && this.holding.value;
    batch(() => {
      this.reply.value = reply;
      this.status.value = { name: "ready" };
      if (before === null) this.text.open(reply.case, this.principal_id);
      else this.text.follow(before, reply.case);
      if (isHolding(reply.case, this.principal_id, hostNow()) && !this.claimLost.value) {
        this.heartbeat.start(Date.parse(reply.case.lease_until ?? ""));
      } else if (held && isOpen(reply.case) && !given) {
        this.loseClaim();
      } else {
        this.heartbeat.stop();
      }
    });
    if (!isOpen(reply.case) && reply.case.state !== "held") dropWork(this.case_id);
  }

  private receiveCase(subject: Case, may: CaseReply["may"], given = false): void {
    const current = this.reply.value;
    if (current !== null) this.receive({ ...current, case: subject, may }, given);
  }

  /** What the host will most likely say next; its own word follows at once. */
  private mayNow(change: Partial<CaseReply["may"]>): CaseReply["may"] {
    const { escalate = false, direct = false } = this.reply.value?.may ?? {};
    return { claim: false, decide: false, vote: false, undo: false, escalate, direct, why_not: null, ...change };
  }

  private keep(): void {
    this.text.keep(this.activity.active_ms(), this.subject.value?.model_draft ?? null);
  }

  private async save(): Promise<boolean> {
    if (!this.holding.value) return false;
    const work = workOf(this.text.form.value, this.subject.value?.model_draft ?? null);
    return (await this.quietCommand(() => api.save(this.case_id, { epoch: this.epoch, work }))) === "done";
  }

  private async beat(): Promise<number | "lost" | "unanswered"> {
    const result = await this.quietCommand(() => api.heartbeat(this.case_id, { epoch: this.epoch }));
    if (result !== "done") return result;
    const until = Date.parse(this.subject.value?.lease_until ?? "");
    return Number.isNaN(until) ? "lost" : until;
  }

  /** A command that the reviewer did not ask for: its faults show as states, not as messages. */
  private async quietCommand(send: () => Promise<{ case: Case }>): Promise<"done" | "lost" | "unanswered"> {
    try {
      const reply = await this.inOrder(send);
      noteReachability(null);
      if (!this.closed) this.receiveCase(reply.case, this.reply.value?.may ?? this.mayNow({ decide: true }));
      return "done";
    } catch (error) {
      const fault = faultOf(error);
      noteReachability(fault);
      if (fault.kind !== "lease_lost" && fault.kind !== "decided" && fault.kind !== "withdrawn") return "unanswered";
      if (!this.closed) this.loseClaim();
      return "lost";
    }
  }

  private async command(name: DeskCommand, send: () => Promise<{ case: Case }>): Promise<Case | null> {
    if (this.busy.value !== null) return null;
    this.busy.value = name;
    this.problem.value = null;
    try {
      const reply = await this.inOrder(send);
      noteReachability(null);
      return reply.case;
    } catch (error) {
      const fault = faultOf(error);
      noteReachability(fault);
      this.problem.value = fault;
      if (fault.kind === "lease_lost") this.loseClaim();
      announce(`${fault.title}. ${fault.detail}`);
      this.poller.now();
      return null;
    } finally {
      this.busy.value = null;
    }
  }

  private loseClaim(): void {
    this.heartbeat.stop();
    this.saver.cancel();
    this.keep();
    if (this.claimLost.value) return;
    this.claimLost.value = true;
    announce("Your claim on this case has ended. Your text is kept.");
    this.poller.now();
  }

  private inOrder<T>(task: () => Promise<T>): Promise<T> {
    const next = this.commands.then(task, task);
    this.commands = next.catch(() => undefined);
    return next;
  }

  private readonly onVisibility = (): void => {
    if (document.visibilityState === "hidden") void this.saver.flush();
  };
}

/**
 * One proposed action on one reviewer's desk: what the host says of it, what the reviewer is writing, and every command between.
 *
 * An approval names the digest of what is on screen; nothing that happens elsewhere throws away what was written.
 */
import { batch, computed, signal } from "@preact/signals";
import { type ActionBody, type ActionForm, actionDecision, editedActions, EMPTY_ACTION_FORM } from "../lib/action-form";
import { type ActionCommand, isLive, whyNot } from "../lib/action-rules";
import { actionName } from "../lib/action-words";
import { missingCount, missingWords } from "../lib/approvals";
import { fieldsOf } from "../lib/argument-rows";
import { announce } from "./announce";
import { api } from "./api";
import { hostNow, learnHostTime, now } from "./clock";
import { type Fault, faultOf } from "./fault";
import { isOfProposal, pollLive } from "./live";
import type { Poll } from "./poll";
import { judge, loadPolicyEngine, toolsOf } from "./policy-engine";
import { randomKey } from "./random-key";
import { noteReachability, reachable } from "./session";
import { drop, keep, kept } from "./tab-storage";
import { rememberApproval, undoApproval, undoFault, undone } from "./undoables";
import type { HostEvent, Proposal, ProposalCommandReply, ProposalReply } from "./wire";

const POLL_MS = 8_000;
const KEPT_PREFIX = "countersign.action.";
/** After a command, until the host has said what may be done next. */
const NO_RIGHTS: ProposalReply["may"] = {
  approve: false,
  reject: false,
  edit: false,
  undo: false,
  revoke: false,
  withdraw: false,
  reconcile: false,
  why_not: "One moment.",
};

export type ActionStatus = { name: "loading" } | { name: "ready" } | { name: "fault"; fault: Fault };

export class ActionDesk {
  readonly status = signal<ActionStatus>({ name: "loading" });
  readonly reply = signal<ProposalReply | null>(null);
  readonly busy = signal(false);
  /** What went wrong with the last command; stays until the next one. */
  readonly problem = signal<Fault | null>(null);
  readonly form;
  /** The reviewer tried to decide before the form was complete: what is missing is now marked. */
  readonly asked = signal(false);
  /** The share of the facts that has been on screen, in [0, 1]. */
  readonly seen = signal(0);
  readonly askedToRead = signal(false);
  /** What stood in the place of this one before it was edited; null until it is known, or where nothing did. */
  readonly earlier = signal<ProposalReply | null>(null);

  readonly subject = computed(() => this.reply.value?.proposal ?? null);
  readonly decision = computed(() => {
    const subject = this.subject.value;
    return subject === null ? null : actionDecision(this.form.value, subject);
  });
  /** The actions as edited; null where a field is wrong. */
  readonly edited = computed(() => {
    const subject = this.subject.value;
    return subject === null ? null : editedActions(this.form.value, subject);
  });
  /** What the policy says of the edit; null while that cannot be known. */
  readonly judged = computed(() => {
    const subject = this.subject.value;
    const edited = this.edited.value;
    if (subject === null || edited === null || this.form.value.mode !== "edit") return null;
    return judge(edited, subject, hostNow());
  });

  private readonly poller: Poll;
  /** A command whose reply never came: the same bytes under the same key make trying again safe. */
  private unanswered: { fingerprint: string; key: string } | null = null;
  private closed = false;

  constructor(readonly proposal_id: string) {
    this.form = signal<ActionForm>({ ...EMPTY_ACTION_FORM, ...kept<ActionForm>(KEPT_PREFIX + proposal_id) });
    if (this.form.value.mode === "edit") void loadPolicyEngine();
    this.poller = pollLive(() => this.load(), () => POLL_MS, (event) => this.concerns(event));
  }

  close(): void {
    this.closed = true;
    this.poller.stop();
  }

  retry(): void {
    if (this.reply.value === null) this.status.value = { name: "loading" };
    this.poller.now();
  }

  whyNot(command: ActionCommand): string | null {
    const reply = this.reply.value;
    if (reply === null) return "The action is loading.";
    return whyNot(command, { reply, now_ms: now.value, reachable: reachable.value, busy: this.busy.value });
  }

  /** Changes what the reviewer is writing, and keeps it. */
  update(change: Partial<ActionForm>): void {
    this.form.value = { ...this.form.value, ...change };
    this.asked.value = false;
    keep(KEPT_PREFIX + this.proposal_id, this.form.value);
  }

  /** Turns the arguments into fields; what was edited before is taken up again. */
  async startEdit(): Promise<void> {
    this.update({ mode: "edit" });
    await loadPolicyEngine();
    if (this.form.value.fields === null) this.resetFields();
  }

  /** The fields as the proposal has them. */
  resetFields(): void {
    const subject = this.subject.value;
    if (subject === null) return;
    const tools = toolsOf(subject);
    this.update({ fields: subject.actions.map((action, position) => fieldsOf(action, tools[position] ?? null)) });
  }

  dismissProblem(): void {
    this.problem.value = null;
    undoFault.value = null;
  }

  /** Does what the form stands for; resolves to the proposal that came of it, or null where nothing did. */
  async decide(): Promise<Proposal | null> {
    const decision = this.decision.value;
    const before = this.subject.value;
    if (decision === null || before === null || !decision.complete) return null;
    const { send, name } = decision;
    const reply = await this.keyed([before.proposal_id, send], (idempotencyKey) => this.sendBody(send, idempotencyKey));
    if (reply === null) return null;
    this.forget();
    if (send.command === "approve") this.afterApproval(reply.proposal);
    else announce(`${name}: done.`);
    // What comes of an edit is another proposal, on a screen of its own.
    if (reply.proposal.proposal_id === this.proposal_id) this.receiveCommand(reply);
    this.poller.now();
    return reply.proposal;
  }

  async reconcile(execution_id: string, happened: boolean, note: string): Promise<boolean> {
    const body = { happened, note: note.trim() };
    const reply = await this.keyed([execution_id, body], (idempotencyKey) => api.reconcile(execution_id, body, { idempotencyKey }));
    if (reply === null) return false;
    this.receiveCommand(reply);
    announce(happened ? "Recorded: it happened." : "Recorded: it did not happen.");
    this.poller.now();
    return true;
  }

  async undo(): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    const reply = await undoApproval(this.proposal_id);
    this.busy.value = false;
    // It is on this very screen, so nobody has to be told where it went.
    if (reply !== null) {
      this.receiveCommand(reply);
      undone.value = null;
    }
    this.poller.now();
  }

  private sendBody(send: ActionBody, idempotencyKey: string): Promise<ProposalCommandReply> {
    const id = this.proposal_id;
    switch (send.command) {
      case "approve":
        return api.approve(id, send.body, { idempotencyKey });
      case "reject":
        return api.reject(id, send.body, { idempotencyKey });
      case "respond":
        return api.respond(id, send.body, { idempotencyKey });
      case "edit":
        return api.edit(id, send.body, { idempotencyKey });
      case "revoke":
        return api.revoke(id, send.body);
      case "withdraw":
        return api.withdrawProposal(id, send.body);
    }
  }

  private afterApproval(proposal: Proposal): void {
    if (proposal.state === "approved") {
      rememberApproval(proposal, `Approved: ${actionName(proposal)}`);
      announce("Approved. It can still be undone.");
    } else if (missingCount(proposal) > 0) {
      announce(`Your approval is recorded. ${missingWords(proposal)}`);
    } else {
      announce("Approved.");
    }
  }

  private async keyed(what: unknown, send: (key: string) => Promise<ProposalCommandReply>): Promise<ProposalCommandReply | null> {
    const fingerprint = JSON.stringify(what);
    if (this.unanswered?.fingerprint !== fingerprint) this.unanswered = { fingerprint, key: randomKey() };
    const { key } = this.unanswered;
    if (this.busy.value) return null;
    this.busy.value = true;
    this.problem.value = null;
    try {
      const reply = await send(key);
      this.unanswered = null;
      noteReachability(null);
      return reply;
    } catch (error) {
      const fault = faultOf(error, "action");
      if (fault.kind !== "offline") this.unanswered = null;
      noteReachability(fault);
      this.problem.value = fault;
      announce(`${fault.title}. ${fault.detail}`);
      this.poller.now();
      return null;
    } finally {
      this.busy.value = false;
    }
  }

  private concerns(event: HostEvent): boolean {
    return isOfProposal(event) && event.data.proposal_id === this.proposal_id;
  }

  private async load(): Promise<boolean> {
    try {
      const reply = await api.proposal(this.proposal_id);
      learnHostTime(reply.now);
      noteReachability(null);
      if (!this.closed) this.receive(reply);
      return true;
    } catch (error) {
      const fault = faultOf(error, "action");
      noteReachability(fault);
      // What is on screen stays: only an action that was never seen is replaced by an excuse.
      if (this.reply.value === null) this.status.value = { name: "fault", fault };
      return false;
    }
  }

  private receive(reply: ProposalReply): void {
    const before = this.subject.value;
    if (before !== null && reply.proposal.revision < before.revision) return;
    batch(() => {
      this.reply.value = reply;
      this.status.value = { name: "ready" };
      // Another digest stands for something else to read.
      if (before !== null && before.binding_digest !== reply.proposal.binding_digest) this.seen.value = 0;
      if (!isLive(reply.proposal) && this.form.value.mode !== "revoke") this.form.value = { ...this.form.value, mode: "approve" };
    });
    if (before === null) void this.loadEarlier(reply.proposal);
  }

  private receiveCommand(reply: ProposalCommandReply): void {
    const current = this.reply.value;
    if (current !== null) this.receive({ ...current, ...reply, may: NO_RIGHTS });
  }

  /** What an edit started from, to show what it changed; without it the screen only says that there was one. */
  private async loadEarlier({ supersedes }: Proposal): Promise<void> {
    if (supersedes === null) return;
    try {
      const earlier = await api.proposal(supersedes);
      if (!this.closed) this.earlier.value = earlier;
    } catch (error) {
      noteReachability(faultOf(error, "action"));
    }
  }

  private forget(): void {
    this.form.value = EMPTY_ACTION_FORM;
    drop(KEPT_PREFIX + this.proposal_id);
  }
}

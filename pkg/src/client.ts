/**
 * A typed client of the host, for edges, applications and the review UI. It does not need the module.
 *
 * In Node it names itself by a token. In a browser, on a page of the host's own origin, it uses the
 * session's cookie: `signIn` or `me` comes first, since writes need the token that these answer.
 */
import { CountersignError } from "./error.js";
import { type EventsOptions, type StreamedEvent, streamEvents } from "./events.js";
import { type CallOptions, type ClientOptions, Http, type KeyedCallOptions } from "./http.js";
import { newId } from "./ids.js";
import type {
  AbsenceInput,
  AbsenceReply,
  ActionInput,
  AuditQuery,
  AuditReceipt,
  AuditReply,
  CaseInput,
  CaseReply,
  CasesQuery,
  CasesReply,
  CommandReply,
  CorrectionsQuery,
  CorrectionsReply,
  DecisionBatch,
  DecisionInput,
  DecisionReceipt,
  Me,
  MetricsQuery,
  MetricsReply,
  MonitorsReply,
  ObservationInput,
  ObservationReply,
  PolicyCheck,
  PolicyDiff,
  PolicyReplayReply,
  ProposalCommandReply,
  ProposalInput,
  ProposalReply,
  ProposalsQuery,
  ProposalsReply,
  QueuesReply,
  PoliciesInForceReply,
  ReleaseDetails,
  ReleaseInput,
  ReleaseReply,
  ReleasesReply,
  RequestInput,
  ReviewersReply,
  WebhookCreated,
  WebhookDeliveriesQuery,
  WebhookDeliveriesReply,
  WebhookInput,
  WebhooksReply,
  WorkInput,
} from "./records.js";
import { isFinished, successorOf, waitFor, type WaitOptions } from "./wait.js";
import type { Answer, Bundle, Metric, PolicyImage, SignedManifest } from "./wire.js";

export { CountersignError, type CountersignCode, type CountersignErrorDetails } from "./error.js";
export type { EventsOptions, HostEvent, StreamedEvent } from "./events.js";
export type { CallOptions, ClientOptions, Fetch, KeyedCallOptions } from "./http.js";
export type * from "./records.js";
export type { WaitOptions } from "./wait.js";
export type * from "./wire.js";

export class Client {
  readonly #http: Http;

  constructor(options: ClientOptions) {
    this.#http = new Http(options);
  }

  /** Exchanges a one-time token for a session, whose cookie the browser keeps. */
  async signIn(token: string, options?: CallOptions): Promise<Me> {
    return this.#remember(await this.#post("/v1/session", { token }, options));
  }

  async signOut(options?: CallOptions): Promise<void> {
    await this.#http.send({ method: "DELETE", path: "/v1/session", signal: options?.signal });
    this.#http.csrfToken = undefined;
  }

  async me(options?: CallOptions): Promise<Me> {
    return this.#remember(await this.#get("/v1/me", options));
  }

  /** Says that the caller is away: nothing falls to them meanwhile. */
  async sayAbsence(absence: AbsenceInput, options?: CallOptions): Promise<AbsenceReply> {
    return this.#post("/v1/me/absence", absence, options);
  }

  /** Says that the caller is back, or does not go. */
  async endAbsence(options?: CallOptions): Promise<AbsenceReply> {
    return (await this.#http.send({ method: "DELETE", path: "/v1/me/absence", signal: options?.signal })) as AbsenceReply;
  }

  queues(options?: CallOptions): Promise<QueuesReply> {
    return this.#get("/v1/queues", options);
  }

  cases(query: CasesQuery = {}, options?: CallOptions): Promise<CasesReply> {
    return this.#get(`/v1/cases${search(query)}`, options);
  }

  async case(caseId: string, options?: CallOptions): Promise<CaseReply> {
    return this.#get(`/v1/cases/${segment(caseId)}`, options);
  }

  /** Gives a request to the people behind the host. */
  createCase(body: CaseInput, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#post("/v1/cases", body, keyed(options));
  }

  claim(caseId: string, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "claim", {}, options);
  }

  /** Claims the case of a queue that is next; `not_found` where nothing waits. */
  async claimNext(queue: string, options?: CallOptions): Promise<CommandReply> {
    return this.#post(`/v1/queues/${segment(queue)}/claim`, {}, options);
  }

  heartbeat(caseId: string, body: { epoch: number }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "heartbeat", body, options);
  }

  save(caseId: string, body: { epoch: number; work: WorkInput }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "save", body, options);
  }

  release(caseId: string, body: { epoch: number }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "release", body, options);
  }

  skip(caseId: string, body: { epoch: number; reason: string }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "skip", body, options);
  }

  decide(caseId: string, body: DecisionInput, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "decide", body, keyed(options));
  }

  /** Says what one would decide, where several reviewers are asked; the last who agrees decides. */
  vote(caseId: string, body: DecisionInput, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "vote", body, keyed(options));
  }

  /** Offers a case to one reviewer alone; for leads. */
  assign(caseId: string, body: { to: string; note?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "assign", body, options);
  }

  /** Moves a case to another queue: with the epoch of one's claim, or as a lead. */
  transfer(caseId: string, body: { queue: string; epoch?: number | undefined; note?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "transfer", body, options);
  }

  /** Gives what one holds to a colleague. */
  delegate(caseId: string, body: { epoch: number; to: string; note?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "delegate", body, options);
  }

  /** Asks for a higher authority, or for another queue that has it. */
  escalate(caseId: string, body: { note: string; queue?: string | undefined; epoch?: number | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "escalate", body, options);
  }

  /** Gives back what one holds with the work done so far, at the end of a shift. */
  handOver(caseId: string, body: { epoch: number; note: string; to?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "handover", body, options);
  }

  /** Asks the customer, and waits; the clocks stand still once the question is delivered. */
  askCustomer(caseId: string, body: { epoch: number; question: string }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "ask_customer", body, options);
  }

  /** Says that the question reached the customer; for the application that sent the case. */
  deliverQuestion(caseId: string, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "deliver", {}, options);
  }

  /** Adds what the user wrote since; for the application that sent the case. */
  appendTurn(caseId: string, body: { content: string; at?: string | undefined }, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "append_turn", body, keyed(options));
  }

  /** Puts off what one holds until a time before its deadline. */
  defer(caseId: string, body: { epoch: number; until: string; reason?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "defer", body, options);
  }

  /** Makes a case more or less urgent, from 0 to 3; for leads. */
  setPriority(caseId: string, body: { priority: number; reason?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "set_priority", body, options);
  }

  /** Gives a case another deadline; for leads. */
  setDue(caseId: string, body: { due_at: string; reason?: string | undefined }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "set_due", body, options);
  }

  /** Ends a case that is the same as another; for leads. */
  merge(caseId: string, body: { into: string }, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "merge", body, options);
  }

  /** Opens a case about one that turned out not to be finished, and gives the new one; for leads. */
  reopen(caseId: string, body: { reason: string }, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "reopen", body, keyed(options));
  }

  /** Opens a case about a decision that the user does not accept: others decide it. */
  appeal(caseId: string, body: { reason: string }, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "appeal", body, keyed(options));
  }

  /** Opens a case about a released answer that is wrong. */
  correctReleased(caseId: string, body: { reason: string }, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "correct_released", body, keyed(options));
  }

  /** Opens a case in which others look at how it was decided; for leads. */
  reviewQuality(caseId: string, body: { reason: string }, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#command(caseId, "quality_review", body, keyed(options));
  }

  /** Takes back one's own decision, while it is held. */
  undo(caseId: string, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "undo", {}, options);
  }

  /** Takes back a case that one sent. */
  withdraw(caseId: string, body: { reason?: string | undefined } = {}, options?: CallOptions): Promise<CommandReply> {
    return this.#command(caseId, "withdraw", body, options);
  }

  /** Asks whether actions may be done: by the policy at once, or by people. */
  propose(body: ProposalInput, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#post("/v1/proposals", body, keyed(options));
  }

  proposals(query: ProposalsQuery = {}, options?: CallOptions): Promise<ProposalsReply> {
    return this.#get(`/v1/proposals${search(query)}`, options);
  }

  async proposal(proposalId: string, options?: CallOptions): Promise<ProposalReply> {
    return this.#get(`/v1/proposals/${segment(proposalId)}`, options);
  }

  /** Approves exactly what the digest covers. */
  approve(proposalId: string, body: { binding_digest: string; note?: string | undefined }, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "approve", body, keyed(options));
  }

  reject(proposalId: string, body: { reason: string }, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "reject", body, keyed(options));
  }

  /** Says no, and tells the agent what to do instead. */
  respond(proposalId: string, body: { message: string }, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "respond", body, keyed(options));
  }

  /** Puts other actions in the place of these; the answer's proposal is the new one, without votes. */
  edit(proposalId: string, body: { revision: number; actions: readonly ActionInput[] }, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "edit", body, keyed(options));
  }

  /** Takes back what one proposed. */
  withdrawProposal(proposalId: string, body: { reason?: string | undefined } = {}, options?: CallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "withdraw", body, options);
  }

  /** Takes an approval back before it is used, or asks to stop what was started. */
  revoke(proposalId: string, body: { reason: string }, options?: CallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "revoke", body, options);
  }

  /** Takes one's own approval back before it takes effect. */
  undoApproval(proposalId: string, options?: CallOptions): Promise<ProposalCommandReply> {
    return this.#onProposal(proposalId, "undo", {}, options);
  }

  /** Says what happened where the executor did not. */
  async reconcile(executionId: string, body: { happened: boolean; note: string }, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#post(`/v1/executions/${segment(executionId)}/reconcile`, body, keyed(options));
  }

  reportDecisions(batch: DecisionBatch, options?: KeyedCallOptions): Promise<DecisionReceipt> {
    return this.#post("/v1/decisions", batch, keyed(options));
  }

  /** Delivers a request that the host picked for a random audit; a person judges it like any other. */
  deliverAudit(auditId: string, request: RequestInput, options?: KeyedCallOptions): Promise<AuditReceipt> {
    return this.#post(`/v1/audits/${segment(auditId)}`, request, keyed(options));
  }

  /** Says that a request that the host picked is not kept any more. */
  loseAudit(auditId: string, options?: KeyedCallOptions): Promise<AuditReceipt> {
    return this.#post(`/v1/audits/${segment(auditId)}/lose`, {}, keyed(options));
  }

  /** Tells what became of the answer to a request: a rating, or a judge's late score. */
  async observe(requestId: string, observation: ObservationInput, options?: KeyedCallOptions): Promise<ObservationReply> {
    return this.#post(`/v1/requests/${segment(requestId)}/observations`, observation, keyed(options));
  }

  /** What watches over the decisions of the policy in force, and what certificates still need. */
  monitors(options?: CallOptions): Promise<MonitorsReply> {
    return this.#get("/v1/monitors", options);
  }

  /** How far reviewers agree; for auditors, owners of policies and administrators. */
  reviewers(options?: CallOptions): Promise<ReviewersReply> {
    return this.#get("/v1/reviewers", options);
  }

  /** All nine measures, each with its definition. */
  metrics(query: MetricsQuery = {}, options?: CallOptions): Promise<MetricsReply> {
    return this.#get(`/v1/metrics${search(query)}`, options);
  }

  /** One measure. */
  async metric(name: Metric, query: MetricsQuery = {}, options?: CallOptions): Promise<MetricsReply> {
    return this.#get(`/v1/metrics/${segment(name)}${search(query)}`, options);
  }

  /** A page of what decided cases teach. */
  corrections(query: CorrectionsQuery = {}, options?: CallOptions): Promise<CorrectionsReply> {
    return this.#get(`/v1/corrections${search(query)}`, options);
  }

  /** The bundle that is in force. */
  currentPolicy(options?: CallOptions): Promise<Bundle> {
    return this.#get("/v1/policies/current", options);
  }

  /** A bundle by its hash. */
  async policy(hash: string, options?: CallOptions): Promise<Bundle> {
    return this.#get(`/v1/policies/${segment(hash)}`, options);
  }

  /** The image of the bundle in force: `Engine.load` takes it as it is, and needs no reader of bundles. */
  currentPolicyImage(options?: CallOptions): Promise<PolicyImage> {
    return this.#get("/v1/policies/current/image", options);
  }

  /** What is in force, signed by the host: for `PolicyTrust`. */
  policyManifest(options?: CallOptions): Promise<SignedManifest> {
    return this.#get("/v1/policies/current/manifest", options);
  }

  /** The newest releases, and what waits for a second person; for owners of policies. */
  releases(options?: CallOptions): Promise<ReleasesReply> {
    return this.#get("/v1/policies/releases", options);
  }

  /** One release, with what it changes in words. */
  policyRelease(releaseId: string, options?: CallOptions): Promise<ReleaseDetails> {
    return this.#get(`/v1/policies/releases/${segment(releaseId)}`, options);
  }

  /** What is in force for every tenant and for those with their own policy; for owners of policies. */
  policiesInForce(options?: CallOptions): Promise<PoliciesInForceReply> {
    return this.#get("/v1/policies/in-force", options);
  }

  /** Judges recorded decisions by a release that waits and by what it replaces. */
  replayRelease(releaseId: string, options?: CallOptions): Promise<PolicyReplayReply> {
    return this.#post(`/v1/policies/releases/${segment(releaseId)}/replay`, {}, options);
  }

  /** Takes a release back that waits. */
  withdrawRelease(releaseId: string, options?: KeyedCallOptions): Promise<ReleaseReply> {
    return this.#post(`/v1/policies/releases/${segment(releaseId)}/withdraw`, {}, keyed(options));
  }

  /** Proposes a policy's text; another person puts it into force. */
  proposeRelease(body: ReleaseInput, options?: KeyedCallOptions): Promise<ReleaseReply> {
    return this.#post("/v1/policies/releases", body, keyed(options));
  }

  /** Puts a policy into force that somebody else proposed; `changes_hash` says what was looked at. */
  async approveRelease(releaseId: string, body: { changes_hash: string }, options?: KeyedCallOptions): Promise<ReleaseReply> {
    return this.#post(`/v1/policies/releases/${segment(releaseId)}/approve`, body, keyed(options));
  }

  /** Compiles a policy's text on the host, without putting it in force. */
  checkPolicy(source: string, options?: CallOptions): Promise<PolicyCheck> {
    return this.#post("/v1/policies/check", { source }, options);
  }

  /** Says in words what differs between the policy in force and this text. */
  comparePolicy(source: string, options?: CallOptions): Promise<PolicyDiff> {
    return this.#post("/v1/policies/diff", { source }, options);
  }

  /** Says what this text would have made of the tenant's decision records. */
  replayPolicy(source: string, options?: CallOptions): Promise<PolicyReplayReply> {
    return this.#post("/v1/policies/replay", { source }, options);
  }

  auditEntries(query: AuditQuery = {}, options?: CallOptions): Promise<AuditReply> {
    return this.#get(`/v1/audit/entries${search(query)}`, options);
  }

  /**
   * What happens to the cases and proposals that one may read, as it happens: `for await (const { cursor, event } of client.events())`.
   *
   * Breaks are bridged without loss or repetition, also while the host is away; it ends by leaving
   * the loop, by the signal, or with the error of a refusal.
   */
  events(options: EventsOptions = {}): AsyncGenerator<StreamedEvent, void, undefined> {
    return streamEvents(this.#http, options);
  }

  /** Makes an endpoint that is told of one's own cases. Its secret is in this answer alone. */
  createWebhook(body: WebhookInput, options?: KeyedCallOptions): Promise<WebhookCreated> {
    return this.#post("/v1/webhooks", body, keyed(options));
  }

  webhooks(options?: CallOptions): Promise<WebhooksReply> {
    return this.#get("/v1/webhooks", options);
  }

  async removeWebhook(webhookId: string, options?: CallOptions): Promise<void> {
    await this.#http.send({ method: "DELETE", path: `/v1/webhooks/${segment(webhookId)}`, signal: options?.signal });
  }

  /** What an endpoint was not told yet, and what was given up. */
  async webhookDeliveries(webhookId: string, query: WebhookDeliveriesQuery = {}, options?: CallOptions): Promise<WebhookDeliveriesReply> {
    return this.#get(`/v1/webhooks/${segment(webhookId)}/deliveries${search(query)}`, options);
  }

  /** Tries again now what was given up or waits: all of it, or one event. */
  async replayWebhook(webhookId: string, body: { event_id?: string | undefined } = {}, options?: CallOptions): Promise<{ replayed: number }> {
    return this.#post(`/v1/webhooks/${segment(webhookId)}/replay`, body, options);
  }

  /**
   * Waits until people have answered; `null` where they have not in time.
   *
   * Goes on while the host is away. Throws `withdrawn` or `expired` where no answer will come.
   */
  async waitForAnswer(caseId: string, options: WaitOptions = {}): Promise<Answer | null> {
    return waitFor(async () => {
      const { case: found } = await this.case(caseId, options);
      if (found.answer !== null) return found.answer;
      if (found.state === "withdrawn" || found.state === "expired") {
        throw new CountersignError(found.state, `the case \`${caseId}\` is ${found.state}: no answer will come`, {
          help: "tell the user, or send the request again as another case",
        });
      }
      return null;
    }, options);
  }

  /**
   * Waits until a proposal is finished, one way or the other; `null` where it is not in time.
   *
   * What people edited is waited for in its new form. Read the outcome from the proposal's state and
   * from its executions; an outcome that is unknown is waited for until somebody finds out.
   */
  async waitForExecution(proposalId: string, options: WaitOptions = {}): Promise<ProposalCommandReply | null> {
    let id = proposalId;
    return waitFor(async () => {
      for (;;) {
        const reply = await this.proposal(id, options);
        const successor = successorOf(reply.proposal);
        if (successor === null) {
          return isFinished(reply) ? { proposal: reply.proposal, executions: reply.executions } : null;
        }
        id = successor;
      }
    }, options);
  }

  #remember(me: Me): Me {
    this.#http.csrfToken = me.csrf_token;
    return me;
  }

  async #command(caseId: string, command: string, body: unknown, options?: KeyedCallOptions): Promise<CommandReply> {
    return this.#post(`/v1/cases/${segment(caseId)}/${command}`, body, options);
  }

  async #onProposal(proposalId: string, command: string, body: unknown, options?: KeyedCallOptions): Promise<ProposalCommandReply> {
    return this.#post(`/v1/proposals/${segment(proposalId)}/${command}`, body, options);
  }

  async #get<Reply>(path: string, options?: CallOptions): Promise<Reply> {
    return (await this.#http.send({ method: "GET", path, signal: options?.signal })) as Reply;
  }

  async #post<Reply>(path: string, body: unknown, options?: KeyedCallOptions): Promise<Reply> {
    const { idempotencyKey, signal } = options ?? {};
    return (await this.#http.send({ method: "POST", path, body, idempotencyKey, signal })) as Reply;
  }
}

function keyed(options: KeyedCallOptions = {}): KeyedCallOptions {
  return { ...options, idempotencyKey: options.idempotencyKey ?? newId("idem", Date.now()) };
}

/** An id as one segment of a path: a URL parser would resolve `..`, and take an empty one away. */
function segment(id: string): string {
  if (id === "" || id === "." || id === "..") {
    throw new CountersignError("invalid_field", `\`${id}\` is not an id`, { help: "pass the id that the host gave" });
  }
  return encodeURIComponent(id);
}

function search(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}

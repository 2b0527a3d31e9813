/** Records as they may be sent, and the replies of the host that are not records of the core. */
import type {
  Action,
  ActorReference,
  Attachment,
  AuditEntry,
  Authority,
  Away,
  Breakdown,
  Bundle,
  Case,
  CaseState,
  CertificateDemand,
  CertificateState,
  Claimed,
  Correction,
  Decision,
  DecisionRecord,
  DroppedGroup,
  Diagnostic,
  Disposition,
  Evidence,
  Execution,
  ExecutionState,
  Grant,
  Mark,
  Measure,
  Message,
  Money,
  Monitor,
  Observation,
  PolicyImage,
  PolicyReference,
  PolicyRelease,
  Principal,
  Proposal,
  ProposalState,
  Purpose,
  Release,
  Request,
  ReviewVerdict,
  RiskLevel,
  Signal,
  ToolResult,
  TriggerKind,
  Work,
} from "./wire.js";

/** Keys of the fields that may be `null`. */
type NullableKey<T> = { [Key in keyof T]: null extends T[Key] ? Key : never }[keyof T];

/** A record as it may be sent: what may be `null` may be left out too. */
type Sendable<T> = Omit<T, NullableKey<T>> & { [Key in NullableKey<T>]?: T[Key] | undefined };

/** Fields of which all may be left out. */
type Optional<T> = { [Key in keyof T]?: T[Key] | undefined };

/** An action as `{tool, arguments}`, or flat: `{proposed_action, amount, …}`, whose other fields are the arguments. */
export type ActionInput =
  | {
      tool: string;
      arguments?: Action["arguments"] | undefined;
      /** May only raise: anything but `false` asks for approval. */
      requires_approval?: unknown;
      /** May only raise: an exception is decided one level up. */
      policy_basis?: unknown;
    }
  | { proposed_action: string; [argument: string]: unknown };

/** What is known around an action: the tenant, and what of a request its rules may read. */
export type ContextInput = Pick<Request, "tenant_id"> &
  Pick<RequestInput, "domain" | "intent" | "language" | "risk_level" | "asks_for_person" | "facts">;

type RequiredOfRequest = "tenant_id" | "user_question";

type ListsOfRequest = Optional<{
  messages: readonly Sendable<Message>[];
  evidence: readonly Sendable<Evidence>[];
  tool_results: readonly Sendable<ToolResult>[];
  proposed_actions: readonly ActionInput[];
  /** A signal that is absent or `null` is missing; `"unavailable"` says that reading it failed. */
  signals: Readonly<Record<string, Signal | null | undefined>>;
  facts: Readonly<Record<string, unknown>>;
  release: Sendable<Release> | null;
}>;

/** A request as an edge may ask it: the tenant, the question, and whatever else is known. */
export type RequestInput = Pick<Request, RequiredOfRequest> &
  ListsOfRequest &
  Optional<Omit<Request, RequiredOfRequest | "unknown_fields" | keyof ListsOfRequest>>;

/** A request that a person shall handle. The host takes the tenant from the credential where none is named. */
export type CaseInput = Omit<RequestInput, "tenant_id"> &
  Optional<{
    tenant_id: string;
    /** The caller's own id of the case. */
    case_id: string;
    reason_for_escalation: string;
    /** RFC 3339; it may only shorten the policy's deadline. */
    sla_deadline: string;
    attachments: readonly Sendable<Attachment>[];
    dedupe_key: string;
    claimed: Claimed;
  }>;

/** What a holder saves before deciding. */
export type WorkInput = Optional<Omit<Work, "by" | "saved_at">>;

/** A decision as it is sent: by the holder, with the epoch of their claim. */
export type DecisionInput = Pick<Decision, "verdict" | "outcome"> &
  Optional<Omit<Decision, "verdict" | "outcome" | "decided_by" | "decided_at">> & {
    epoch: number;
    /** Refused with `stale_version` where the case changed since this revision was read. */
    revision?: number | undefined;
  };

/** When somebody is away, from now where no beginning is named, and who stands in for them. */
export interface AbsenceInput {
  from?: string | null | undefined;
  until: string;
  delegate?: string | null | undefined;
}

export interface AbsenceReply {
  away: Away | null;
}

/** Who is signed in. */
export interface Me {
  principal: Pick<Principal, "principal_id" | "kind" | "name" | "tenant_id" | "languages" | "skills"> & { away: Away | null };
  tenants: string[];
  grants: Omit<Grant, "principal_id" | "granted_by">[];
  csrf_token: string;
  policy: PolicyReference;
  now: string;
}

export interface QueueSummary {
  queue: string;
  title: string;
  sla_ms: number;
  authority: Authority;
  counts: { ready: number; leased: number; held: number; overdue: number };
  next_due_at: string | null;
  /** Whether the caller may claim from it. */
  mine: boolean;
}

export interface QueuesReply {
  queues: QueueSummary[];
  now: string;
}

export interface CasesQuery {
  view?: "mine" | "open" | "resolved" | "all" | undefined;
  queue?: string | undefined;
  state?: CaseState | undefined;
  risk_level?: RiskLevel | undefined;
  language?: string | undefined;
  tenant_id?: string | undefined;
  q?: string | undefined;
  order?: "due" | "age" | "priority" | undefined;
  /** 1 to 500; 100 where none is given. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface CaseSummary {
  case_id: string;
  tenant_id: string;
  revision: number;
  state: CaseState;
  epoch: number;
  queue: string;
  priority: number;
  risk_level: RiskLevel;
  language: string | null;
  domain: string | null;
  /** At most 280 characters of it. */
  user_question: string;
  reason_for_escalation: string;
  /** To whom alone it is offered. */
  assigned_to: string | null;
  /** Since when its clocks stand still. */
  paused_at: string | null;
  deferred_until: string | null;
  /** Since which revision the draft does not know what the user wrote. */
  stale_since: number | null;
  /** What is done on the way to its deadlines and after them. */
  marks: Mark[];
  trigger_kinds: TriggerKind[];
  created_at: string;
  due_at: string;
  leased_by: string | null;
  leased_by_name: string | null;
  lease_until: string | null;
  /** The probability. */
  confidence: number | null;
  purpose: Purpose;
}

export interface CasesReply {
  cases: CaseSummary[];
  next_cursor: string | null;
  now: string;
}

/** One thing that happened to a case, to a proposal or to an execution. */
export interface HistoryEntry {
  entry_id: string;
  event: string;
  at: string;
  actor: Pick<ActorReference, "principal_id" | "name" | "kind" | "door">;
  data: Record<string, unknown>;
}

export type CaseHistoryEntry = HistoryEntry;

export interface CaseReply {
  case: Case;
  history: HistoryEntry[];
  /** How far several reviewers are, where several are asked. */
  review: { needed: number; cast: number; adjudicating: boolean };
  /** Whether this risk level may answer by itself by now, where that takes certificates. */
  certificates: CaseCertificate[];
  may: {
    claim: boolean;
    decide: boolean;
    /** Say what one would decide, where several reviewers are asked. */
    vote: boolean;
    undo: boolean;
    /** Ask for a higher authority. */
    escalate: boolean;
    /** Assign, move, retime, merge, open again. */
    direct: boolean;
    why_not: string | null;
  };
  now: string;
}

/** What every command on a case answers. */
export interface CommandReply {
  case: Case;
}

/** What a proposal may say around its actions; the host takes the tenant from the credential. */
export type ProposalContextInput = Omit<ContextInput, "tenant_id">;

/** Actions that are approved as one chain. */
export interface ActionsInput {
  actions: readonly ActionInput[];
  context?: ProposalContextInput | undefined;
  /** The agent's own words; shown to people as such, and never decided by. */
  summary?: string | undefined;
  /** The caller's own id of the proposal. */
  proposal_id?: string | undefined;
  case_id?: string | undefined;
  request_id?: string | undefined;
  conversation_id?: string | undefined;
}

/** What is proposed: a chain of actions, or one action in its flat form. */
export type ProposalInput = ActionsInput | Extract<ActionInput, { proposed_action: string }>;

export interface ProposalsQuery {
  view?: "open" | "mine" | "approved" | "closed" | "all" | undefined;
  state?: ProposalState | undefined;
  tenant_id?: string | undefined;
  case_id?: string | undefined;
  risk_level?: RiskLevel | undefined;
  q?: string | undefined;
  order?: "expires" | "age" | undefined;
  /** 1 to 500; 100 where none is given. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface ProposalSummary {
  proposal_id: string;
  tenant_id: string;
  revision: number;
  state: ProposalState;
  risk_level: RiskLevel;
  /** The tool of each action. */
  tools: string[];
  /** Their names for people. */
  titles: string[];
  /** How much money moves, in the policy's base currency. */
  magnitude: Money | null;
  target: string | null;
  /** Why people approve it. */
  reason: string;
  requested_by: string;
  requested_by_name: string | null;
  case_id: string | null;
  /** How many people have approved. */
  votes: number;
  quorum: number;
  authorities: Authority[];
  created_at: string;
  expires_at: string;
  effective_at: string | null;
  execution_states: ExecutionState[];
}

export interface ProposalsReply {
  proposals: ProposalSummary[];
  next_cursor: string | null;
  now: string;
}

/** What the caller may do to a proposal now. */
export interface ProposalRights {
  approve: boolean;
  reject: boolean;
  edit: boolean;
  undo: boolean;
  revoke: boolean;
  withdraw: boolean;
  reconcile: boolean;
  /** Why they may not decide; `null` where they may. */
  why_not: string | null;
}

/** What every command on a proposal answers; executions are in the order of its actions. */
export interface ProposalCommandReply {
  proposal: Proposal;
  executions: Execution[];
}

export interface ProposalReply extends ProposalCommandReply {
  history: HistoryEntry[];
  may: ProposalRights;
  now: string;
}

/** Decision records of one run of one edge, in order. */
export interface DecisionBatch {
  version: 1;
  /** The edge's name. */
  edge: string;
  /** The run: sequences count from 0 in each. */
  boot: string;
  /** Sequence of the first record. */
  sequence: number;
  /** Counts of what was dropped right before the first record; it has sequences too. At most 300. */
  dropped?: DroppedGroup[] | undefined;
  /** At most 1,000. */
  records: DecisionRecord[];
}

export interface DecisionReceipt {
  accepted: number;
  next_sequence: number;
  /** Sequences that never arrived, ends included. */
  gap: { from: number; to: number } | null;
  /** Of the gap's, how many the batch brought a count of. */
  counted: number;
  /** Decisions of this run whose requests the host wants to see, picked at random. */
  wanted: { audit_id: string; sequence: number; request_id: string | null }[];
}

/** What became of a random audit. */
export interface AuditReceipt {
  audit_id: string;
  state: "wanted" | "open" | "judged" | "lost";
  /** The case in which a person judges it. */
  case_id: string | null;
  /** Why nobody will. */
  lost: string | null;
}

export interface AuditQuery {
  entity_id?: string | undefined;
  after?: string | undefined;
  limit?: number | undefined;
}

export interface AuditReply {
  entries: AuditEntry[];
}

type GivenOfObservation = "version" | "kind";
type KnownOfObservation = "observation_id" | "tenant_id" | "request_id" | "received_at";

/** What is observed of an answer: a rating (`rating` or `thumb`), or a judge's late score. */
export type ObservationInput = Pick<Observation, GivenOfObservation> &
  Optional<Omit<Observation, GivenOfObservation | KnownOfObservation>>;

export interface ObservationReply {
  observation: Observation;
}

/** What measures are asked for: the last 30 days of every tenant that one may see, where nothing is given. */
export interface MetricsQuery {
  tenant_id?: string | undefined;
  queue?: string | undefined;
  domain?: string | undefined;
  "release.model"?: string | undefined;
  "release.prompt"?: string | undefined;
  "release.index"?: string | undefined;
  /** RFC 3339; the first instant. */
  from?: string | undefined;
  /** RFC 3339; the first instant after the period, at most 366 days later. */
  until?: string | undefined;
  /** Gives `groups` too. */
  by?: Breakdown | undefined;
}

export interface MetricsReply {
  from: string;
  until: string;
  now: string;
  metrics: Measure[];
}

export interface CorrectionsQuery {
  /** RFC 3339; decided at this instant or later. */
  from?: string | undefined;
  /** RFC 3339; decided before this instant. */
  until?: string | undefined;
  verdict?: ReviewVerdict | undefined;
  tenant_id?: string | undefined;
  queue?: string | undefined;
  /** 1 to 1,000; 200 where none is given. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** Resolved cases as corrections; a row whose `label` is `null` is no training data. */
export interface CorrectionsReply {
  corrections: Correction[];
  next_cursor: string | null;
}

export interface WebhookInput {
  /** `https://`, with a public host name. */
  url: string;
  /** Names such as `answer_released`; every event where none is given. */
  events?: readonly string[] | undefined;
}

/** What last went wrong with a delivery: a word, and the receiver's status where there was one. */
export interface WebhookFault {
  at: string;
  failure: string;
  status: number | null;
}

export interface Webhook {
  webhook_id: string;
  tenant_id: string;
  principal_id: string;
  url: string;
  /** Empty for every event. */
  events: string[];
  created_at: string;
  delivered: number;
  waiting: number;
  /** Deliveries that were given up, and can be replayed. */
  dead: number;
  last_delivered_at: string | null;
  last_fault: WebhookFault | null;
}

export interface WebhookCreated {
  webhook: Webhook;
  /** `whsec_…`, for checking signatures; `null` where the webhook is gone by now. */
  secret: string | null;
}

export interface WebhooksReply {
  webhooks: Webhook[];
  now: string;
}

export interface WebhookDeliveriesQuery {
  state?: "waiting" | "dead" | undefined;
  /** 1 to 500; 100 where none is given. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface WebhookDelivery {
  event_id: string;
  event: string;
  sequence: number;
  state: "waiting" | "dead";
  attempts: number;
  /** `null` where it was given up. */
  next_attempt_at: string | null;
  last_fault: WebhookFault | null;
}

export interface WebhookDeliveriesReply {
  deliveries: WebhookDelivery[];
  next_cursor: string | null;
  now: string;
}

/** One difference between two policies. */
export interface PolicyChange {
  section: string;
  /** What in the section, by name; `null` where the section is one thing. */
  item: string | null;
  /** Which field of it; `null` where all of it came or went. */
  field: string | null;
  /** What stood there, in words. */
  from: string | null;
  /** What stands there, in words. */
  to: string | null;
  /** Which way it leans. */
  lean: "neutral" | "tightens" | "unclear" | "loosens";
  /** The same in a sentence. */
  text: string;
}

/** What differs between the policy in force and another one. */
export interface PolicyDiff {
  old: PolicyReference;
  new: PolicyReference;
  /** How many of the changes lower caution. */
  loosening: number;
  /** How many may lower it; a replay tells. */
  unclear: number;
  changes: PolicyChange[];
}

/** A share of the judged decisions, with its interval of 95 %. */
export interface ReplayShare {
  count: number;
  value: number | null;
  interval: { low: number; high: number } | null;
}

/** What another policy would have made of the tenant's decision records. */
export interface PolicyReplay {
  old: PolicyReference;
  new: PolicyReference;
  decisions: number;
  judged: number;
  unjudged: number;
  unjudged_for: { path: string; count: number }[];
  /** Judged records that the old policy made itself, and how many come out exactly as recorded. */
  of_old: number;
  reproduced: number;
  changed: number;
  transitions: { from: Disposition; to: Disposition; count: number; examples: string[] }[];
  other_risk_level: number;
  other_queue: number;
  escalation: { before: ReplayShare; after: ReplayShare; difference: number | null; difference_interval: { low: number; high: number } | null };
  queues: { queue: string; before: number; after: number }[];
  triggers: { trigger: string; before: number | null; after: number | null }[];
  never_fired: string[];
  changes_nothing: string[];
  from: string | null;
  until: string | null;
  /** What people would need; `null` where the records cover no time. */
  staffing: {
    days: number;
    cases_per_day_before: number;
    cases_per_day_after: number;
    hours_per_day_before: number;
    hours_per_day_after: number;
    queues: { queue: string; minutes_per_case: number; measured_cases: number; hours_per_day_before: number; hours_per_day_after: number }[];
  } | null;
}

export interface PolicyReplayReply {
  /** Decision records that the tenant has; the newest 20,000 of them are replayed. */
  records: number;
  replay: PolicyReplay;
}

export interface PolicyCheck {
  /** `null` where the policy does not compile. */
  bundle_hash: string | null;
  diagnostics: (Diagnostic & { severity: string })[];
}

export interface ReleaseInput {
  /** The tenant whose overlay it is; without it, or `*`, a policy for every tenant. */
  tenant_id?: string | undefined;
  /** The policy's TOML text; a tenant without one goes back to the base. */
  source?: string | undefined;
  /** Why, for whoever confirms it. */
  reason?: string | undefined;
}

export interface ReleaseReply {
  release: PolicyRelease;
}

export interface ReleasesReply {
  /** Newest first. */
  releases: PolicyRelease[];
  /** The names of those who proposed, confirmed or withdrew them, by id. */
  people: Record<string, string>;
}

export interface ReleaseDetails {
  release: PolicyRelease;
  /** What it changes, in words. */
  diff: PolicyDiff;
}

export interface PolicyInForce {
  /** `*` for all tenants without a policy of their own. */
  tenant_id: string;
  policy: PolicyReference;
  sequence: number;
  since: string;
  /** The release that two people made; `null` where the operator put it into force. */
  release: PolicyRelease | null;
}

export interface PoliciesInForceReply {
  policies: PolicyInForce[];
  /** The names of those who proposed and confirmed them, by id. */
  people: Record<string, string>;
}

/**
 * A compiled policy: its image, as bytes or as the host gives it, which loads fastest; or its bundle, as an object
 * of any provenance, as JSON text, or as that text's bytes.
 */
export type BundleInput = PolicyImage | Bundle | { readonly bundle_version: number } | string | Uint8Array | ArrayBuffer;

/** One certificate that a policy demands, as it stands now. */
export interface CaseCertificate {
  risk_level: RiskLevel;
  /** What takes it: an answer, or a limited one. */
  disposition: Disposition;
  demand: CertificateDemand;
  state: CertificateState;
  threshold: number | null;
  answers: number | null;
  errors: number | null;
  expires_at: string | null;
  /** Reviewed answers without one error that a certificate needs at least. */
  answers_min: number;
}

/** Whether a risk level may answer by itself, and what is missing where it may not. */
export interface CertificateView extends CaseCertificate {
  /** Tenants for which an alarm ended it. */
  ended_for: string[];
  /** Drafts of this risk level that people judged under this policy, and that may count. */
  reviewed: number;
  /** Drafts that are still to be reviewed at least, if none of them is wrong; 0 while it is in force. */
  reviews_needed: number;
  /** Random audits that watch over it and were judged. */
  audited: number;
  /** Random audits that nobody judged, or not in time. */
  unjudged: number;
}

export interface AuditTally {
  tenant_id: string;
  disposition: Disposition;
  state: AuditReceipt["state"];
  count: number;
}

export interface MonitorsReply {
  policy_hash: string;
  monitors: Monitor[];
  certificates: CertificateView[];
  audits: AuditTally[];
  now: string;
}

export interface ReviewerView {
  principal_id: string;
  name: string;
  judgements: number;
  /** Share of right drafts that they call right; `null` without a second opinion on any. */
  sees_right: number | null;
  sees_wrong: number | null;
}

export interface ReviewersReply {
  /** Krippendorff's alpha; `null` where nobody could disagree. */
  agreement: number | null;
  judged_by_several: number;
  reviewers: ReviewerView[];
  now: string;
}

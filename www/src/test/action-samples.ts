/** A proposal and its executions as the host sends them, with whatever a test is about. */
import type { Execution, Gate, Proposal, ProposalReply, ProposalSummary } from "../services/wire";
import { NOW } from "./samples";

const POLICY = { id: "default", version: "1", hash: "sha256:5d9e96e6622e942a" };
const USD_4200 = { amount: "4200.00", amount_minor: 420_000, currency: "USD" };

export function sampleGate(change: Partial<Gate> = {}): Gate {
  const impact: Gate["impact"] = { effects: ["money"], reversibility: "externally_reversible", magnitude: USD_4200, target: "cust_981", tier: "high" };
  return {
    version: 1,
    verdict: "require_approval",
    impact,
    authority: { domain: "billing", level: 3 },
    further_authorities: [],
    quorum: 1,
    expires_at: "2026-11-23T09:00:00.000Z",
    preview_required: false,
    enforcement: "host",
    provisional: false,
    reason: "4200.00 USD is more than 50 USD",
    reasons: [
      { rule: "money_above_50", reason: "4200.00 USD is more than 50 USD", path: null },
      { rule: "arguments", reason: "the argument `memo` is not known", path: "/0/arguments/memo" },
    ],
    unjudged: ["context.facts.customer_tier"],
    amount_is_known: true,
    actions: [
      { tool: "issue_refund", title: "Refund", entry: "billing.refund", verdict: "require_approval", impact, amount: USD_4200, enforcement: "host", action_digest: "sha256:f7d792f546a5f0c2", high_score: null, seen: [], unseen: [] },
    ],
    policy: POLICY,
    action_digest: "sha256:f7d792f546a5f0c2",
    evaluated_at: "2026-11-22T09:00:00.000Z",
    ...change,
  };
}

export function sampleProposal(change: Partial<Proposal> = {}): Proposal {
  const gate = change.gate ?? sampleGate();
  return {
    version: 1,
    proposal_id: "prop_1",
    tenant_id: "northwind",
    revision: 2,
    state: "pending",
    root_proposal_id: "prop_1",
    supersedes: null,
    superseded_by: null,
    case_id: "case_1",
    request_id: "req_1",
    conversation_id: null,
    requested_by: "prin_edge",
    requested_by_person: null,
    authors: [],
    summary: "The customer was charged twice.",
    actions: [{ tool: "issue_refund", arguments: { customer_id: "cust_981", amount: 4200, currency: "USD", memo: "goodwill" } }],
    context: { tenant_id: "northwind", domain: "billing", intent: null, language: null, risk_level: null, asks_for_person: null, facts: {} },
    required: {
      verdict: gate.verdict,
      tier: gate.impact.tier,
      authorities: gate.authority === null ? [] : [gate.authority],
      quorum: gate.quorum,
      preview_required: gate.preview_required,
      enforcement: gate.enforcement,
      action_digest: gate.action_digest,
      policy: POLICY,
    },
    gate,
    tools_digest: "sha256:2",
    executors: ["ledger"],
    preview: null,
    nonce: "n",
    binding_digest: "sha256:0123456789abcdef0123",
    votes: [],
    created_at: "2026-11-22T09:00:00.000Z",
    expires_at: "2026-11-23T09:00:00.000Z",
    undo_window_ms: 10_000,
    authorization_id: null,
    effective_at: null,
    stop_requested_at: null,
    closing: null,
    ...change,
  };
}

export function sampleExecution(change: Partial<Execution> = {}): Execution {
  return {
    version: 1,
    execution_id: "exec_1",
    tenant_id: "northwind",
    revision: 2,
    state: "succeeded",
    proposal_id: "prop_1",
    authorization_id: "auth_1",
    position: 0,
    action: sampleProposal().actions[0] ?? { tool: "", arguments: {} },
    binding_digest: "sha256:0123456789abcdef0123",
    approved_by: [{ principal_id: "prin_theo", person_id: "person_theo", name: "Theo Okafor", approved_at: "2026-11-22T09:30:00.000Z" }],
    executor: "ledger",
    guarantee: "idempotent",
    idempotency_key: "key",
    precondition: null,
    attempts: [{ attempt_id: "att_1", started_at: "2026-11-22T09:31:00.000Z", not_after: "2026-11-22T09:32:00.000Z", ended_at: "2026-11-22T09:31:01.000Z", outcome: "succeeded", detail: null }],
    resend_until: null,
    next_attempt_at: null,
    result: { refund_id: "re_7" },
    reason: null,
    reconciled_by: null,
    stop_requested_at: null,
    created_at: "2026-11-22T09:30:00.000Z",
    closed_at: "2026-11-22T09:31:01.000Z",
    ...change,
  };
}

export function actionReply(proposal: Proposal, may: Partial<ProposalReply["may"]> = {}, executions: Execution[] = []): ProposalReply {
  const decides = proposal.state === "pending";
  return {
    proposal,
    executions,
    history: [
      {
        entry_id: "evt_1",
        event: "approval_requested",
        at: proposal.created_at,
        actor: { principal_id: "prin_edge", name: "Edge", kind: "service", door: "api" },
        data: {},
      },
    ],
    may: { approve: decides, reject: decides, edit: decides, undo: false, revoke: false, withdraw: false, reconcile: false, why_not: null, ...may },
    now: NOW,
  };
}

export function actionSummary(change: Partial<ProposalSummary> = {}): ProposalSummary {
  return {
    proposal_id: "prop_1",
    tenant_id: "northwind",
    revision: 2,
    state: "pending",
    risk_level: "high",
    tools: ["issue_refund"],
    titles: ["Refund"],
    magnitude: USD_4200,
    target: "cust_981",
    reason: "4200.00 USD is more than 50 USD",
    requested_by: "prin_edge",
    requested_by_name: "Support bot",
    case_id: "case_1",
    votes: 1,
    quorum: 2,
    authorities: [{ domain: "billing", level: 3 }],
    created_at: "2026-11-22T09:00:00.000Z",
    expires_at: "2026-11-22T13:00:00.000Z",
    effective_at: null,
    execution_states: [],
    ...change,
  };
}

/** A case as the host sends it, with whatever a test is about. */
import type { Case, CaseReply, CaseSummary, Me } from "../services/wire";

export const NOW = "2026-11-22T10:00:00.000Z";

export function sampleMe(): Me {
  return {
    principal: { principal_id: "prin_mara", kind: "person", name: "Mara Lindqvist", tenant_id: "northwind", languages: ["en"], skills: [], away: null },
    tenants: ["northwind"],
    grants: [],
    csrf_token: "csrf",
    policy: { id: "default", version: "1", hash: "sha256:abcdef0123456789" },
    now: NOW,
  };
}

export function sampleCase(change: Partial<Case> = {}): Case {
  return {
    version: 1,
    case_id: "case_1",
    tenant_id: "northwind",
    revision: 1,
    state: "ready",
    epoch: 0,
    leased_by: null,
    lease_until: null,
    purpose: "primary",
    parent_case_id: null,
    dedupe_key: null,
    request_id: "req_1",
    conversation_id: null,
    requested_by: "prin_edge",
    requested_by_person: null,
    user_question: "Was I charged twice?",
    model_draft: "The second charge is a hold.",
    messages: [],
    evidence: [{ document_id: "doc_holds", title: "Holds", url: null, quote: "Holds are released within 7 days.", score: 0.83 }],
    tool_results: [],
    attachments: [],
    proposed_actions: [],
    proposal_ids: [],
    trace_url: null,
    domain: "billing",
    language: "en",
    intent: "advisory",
    release: null,
    facts: {},
    signals: {},
    risk_level: "high",
    reason_for_escalation: "a tool that the answer needs is unavailable",
    triggers: [
      { id: "tool_down", kind: "tool_risk", disposition: "escalate", risk_level: "high", reason: "a tool that the answer needs is unavailable", unjudged: [] },
    ],
    confidence: {
      probability: 0.32,
      logit: -0.77,
      base: 0.85,
      contributions: [
        { signal: "retrieval_score", label: "Retrieval score", state: "present", value: 0.83, contribution: 0.36, word: "good" },
        { signal: "tool_success", label: "Tools", state: "unavailable", value: null, contribution: -1.98, word: "cannot verify" },
      ],
      model_version: "expert-prior-1",
    },
    unjudged: ["request.judge_score"],
    verdict_digest: "sha256:1",
    policy: { id: "default", version: "1", hash: "sha256:abcdef0123456789" },
    claimed: null,
    differences: [],
    queue: "billing_dispute",
    assigned_to: null,
    excluded: [],
    priority: 2,
    authority: { domain: "billing", level: 2 },
    skills: [],
    created_at: "2026-11-22T09:00:00.000Z",
    due_at: "2026-11-22T13:00:00.000Z",
    sla_deadline: "2026-11-22T13:00:00.000Z",
    deadline_version: 1,
    original_due_at: "2026-11-22T13:00:00.000Z",
    first_touch_due_at: null,
    first_touched_at: null,
    marks: [],
    paused_at: null,
    notices: [],
    undo_window_ms: 10_000,
    waiting: null,
    deferred_until: null,
    stale_since: null,
    work: null,
    reviewers_needed: 1,
    votes: [],
    adjudicating: false,
    decision: null,
    decided_by_person: null,
    effective_at: null,
    answer: null,
    closed_at: null,
    merged_into: null,
    reopened_as: [],
    claimed_risk_level: null,
    asks_for_person: null,
    judge_score: null,
    feedback_rating: null,
    unknown_fields: [],
    rejudgings: [],
    ...change,
  };
}

/** The same case in the hands of the reviewer that `sampleMe` is. */
export function heldCase(change: Partial<Case> = {}): Case {
  return sampleCase({ state: "leased", epoch: 1, revision: 2, leased_by: "prin_mara", lease_until: "2026-11-22T10:10:00.000Z", ...change });
}

export function sampleReply(subject: Case, may: Partial<CaseReply["may"]> = {}): CaseReply {
  const holding = subject.state === "leased" && subject.leased_by === "prin_mara";
  return {
    case: subject,
    history: [
      {
        entry_id: "evt_1",
        event: "case_created",
        at: subject.created_at,
        actor: { principal_id: "prin_edge", name: "Edge", kind: "service", door: "api" },
        data: {},
      },
    ],
    review: { needed: subject.reviewers_needed, cast: subject.votes.length, adjudicating: subject.adjudicating },
    certificates: [],
    may: {
      claim: subject.state === "ready",
      decide: holding,
      vote: false,
      undo: subject.state === "held",
      escalate: true,
      direct: false,
      why_not: null,
      ...may,
    },
    now: NOW,
  };
}

export function sampleSummary(change: Partial<CaseSummary> = {}): CaseSummary {
  return {
    case_id: "case_1",
    tenant_id: "northwind",
    revision: 1,
    state: "ready",
    epoch: 0,
    queue: "billing_dispute",
    priority: 2,
    risk_level: "high",
    language: "en",
    domain: "billing",
    user_question: "Was I charged twice?",
    reason_for_escalation: "a tool that the answer needs is unavailable",
    trigger_kinds: ["tool_risk"],
    created_at: "2026-11-22T09:00:00.000Z",
    due_at: "2026-11-22T13:00:00.000Z",
    leased_by: null,
    leased_by_name: null,
    lease_until: null,
    assigned_to: null,
    paused_at: null,
    deferred_until: null,
    stale_since: null,
    marks: [],
    confidence: 0.32,
    purpose: "primary",
    ...change,
  };
}

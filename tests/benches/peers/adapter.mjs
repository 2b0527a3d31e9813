/**
 * The comparison's decision by this package's public API alone: `evaluate` for the draft, `classify` for the tool
 * call. The path of the policy's image, as an edge loads it, is in COUNTERSIGN_PEERS_POLICY.
 */
import { readFileSync } from "node:fs";
import { Engine } from "../../../pkg/dist/node.js";

/** Who decides, in the comparison's words, by queue and by rule. */
const REVIEWERS = { safety: "safety_lead", support: "agent", domain_review: "agent", quality: "reviewer", specialist: "licensed_specialist" };
const APPROVERS = { A1: "team_lead", A2: "finance_director", A3: "security_admin", A4: "", A5: "data_owner", A6: "agent" };
const ROUTES = { answer: "answer", limited_answer: "limited", escalate: "escalate" };
const VERDICTS = { allow: "allow", require_approval: "approval", deny: "deny" };

function requestOf(context) {
  const { confidence, feedback, judge } = context;
  return {
    tenant_id: context.tenant,
    request_id: context.requestId,
    conversation_id: context.conversationId,
    user_question: context.question,
    model_draft: context.answerDraft,
    language: context.locale,
    domain: context.domain,
    asks_for_person: feedback.humanRequested,
    judge_score: judge.score,
    feedback_rating: feedback.rating,
    facts: {
      model: confidence.model,
      retrieval: confidence.retrieval,
      verifier: confidence.verifier,
      agreement: confidence.agreement,
      calibration: confidence.calibration,
      self_report: confidence.selfReport,
      flags: context.user.flags,
      judge_verdict: judge.verdict,
      negative_count: feedback.negativeCount,
    },
  };
}

function actionOf({ tool }) {
  const { paymentId, reason, role, recipientDomain } = tool.arguments;
  const { amount, currency, rows } = tool;
  return { tool: tool.name, arguments: { paymentId, reason, role, recipientDomain, amount, currency, rows } };
}

function contextOf({ tenant, domain, tool }) {
  const { role, recipientDomain } = tool.arguments;
  return { tenant_id: tenant, domain, facts: { reversible: tool.reversible, role, recipient_domain: recipientDomain } };
}

export async function init() {
  const engine = await Engine.load(readFileSync(process.env.COUNTERSIGN_PEERS_POLICY));
  // One instant for all: it enters digests and deadlines, and no rule.
  const now = Date.UTC(2026, 10, 22, 10, 15);
  const decide = (context) => {
    const { disposition, routing, triggers } = engine.evaluate(requestOf(context), { now });
    const gate = engine.classify(actionOf(context), { context: contextOf(context), now });
    const fired = gate.reasons.map(({ rule }) => rule).filter((rule) => rule in APPROVERS);
    return {
      route: ROUTES[disposition],
      queue: routing === null ? "" : routing.queue,
      slaMinutes: routing === null ? 0 : routing.sla_ms / 60_000,
      authority: routing === null ? "" : REVIEWERS[routing.queue],
      reasons: triggers.map(({ id }) => id),
      action: { verdict: VERDICTS[gate.verdict], authority: fired.length === 0 ? "" : APPROVERS[fired.at(-1)], reasons: fired },
    };
  };
  return { sync: true, decide };
}

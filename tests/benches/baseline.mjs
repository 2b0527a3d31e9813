/**
 * The default policy's decision as somebody would write it by hand: the measure for the engine's speed.
 *
 * It gives the disposition and the reasons, and no more: no deadline, queue, explanation, digest or validation.
 */
const CURVES = [
  ["retrieval_score", [0.3, 0.6, 0.9], [0.6, 0.8], 0.7, -0.3, -0.8],
  ["rerank_margin", [0, 0.05, 0.15, 0.4], [0.4, 0.5, 0.3], 0.12, -0.1, -0.5],
  ["answer_groundedness", [0.3, 0.6, 0.8, 0.95], [0.9, 0.8, 0.5], 0.8, -0.4, -0.8],
  ["tool_success", [0, 1], [1.2], 1, 0, -1.5],
  ["policy_classifier_score", [0.2, 0.6, 0.9], [0.6, 0.3], 0.85, 0, -0.5],
  ["route_quality", [0.5, 0.8, 0.95], [0.6, 0.4], 0.85, -0.1, -0.2],
  ["self_confidence", [0.4, 1], [0.3], 0.85, 0, 0],
];
const RISKS = ["low", "medium", "high", "critical"];
const BOUNDS = { low: [0.6, 0.4], medium: [0.75, 0.55], high: [2, 2], critical: [2, 2] };
const DELICATE = ["medical", "legal", "financial", "safety", "employment", "security"];

function height(knots, gains, reading) {
  let sum = 0;
  for (let index = 0; index < gains.length; index += 1) {
    const share = (reading - knots[index]) / (knots[index + 1] - knots[index]);
    sum += gains[index] * Math.min(Math.max(share, 0), 1);
  }
  return sum;
}

export function baseline(request) {
  const signals = request.signals ?? {};
  let logit = 0.85;
  let measured = false;
  for (const [name, knots, gains, typical, missing, unavailable] of CURVES) {
    const reading = signals[name];
    if (typeof reading === "number") {
      const oriented = name === "policy_classifier_score" ? 1 - reading : reading;
      logit += height(knots, gains, oriented) - height(knots, gains, typical);
      measured = true;
    } else logit += reading === "unavailable" ? missing + unavailable : missing;
  }
  const confidence = 1 / (1 + Math.exp(-logit));

  let risk = RISKS.indexOf(request.risk_level ?? "medium");
  let refused = false;
  const reasons = [];
  const fire = (reason, risk_level = 0) => {
    reasons.push(reason);
    risk = Math.max(risk, risk_level);
  };
  const { domain, intent } = request;
  const score = typeof signals.policy_classifier_score === "number" ? signals.policy_classifier_score : -1;
  if (DELICATE.includes(domain) && intent !== "informational") fire(`advice in the domain ${domain}`, 2);
  if (domain === "safety") fire("a question of safety", 3);
  if (request.facts?.vulnerable_user === true) fire("the user may be vulnerable", 2);
  if (score > 0.8) {
    refused = true;
    fire(`the policy classifier says ${score}`, 2);
  } else if (score >= 0.4) fire(`the policy classifier says ${score}`, 1);
  if (request.proposed_actions?.length > 0) fire(`the model wants to call ${request.proposed_actions.map((action) => action.tool).join(", ")}`, 1);
  if (signals.tool_success === "unavailable" && (request.risk_level === "high" || request.risk_level === "critical")) fire("a tool is unavailable", 2);
  if (request.asks_for_person === true) fire("the user asked for a person");
  if (request.judge_score < 0.6) fire(`the judge gave the draft ${request.judge_score}`);
  if (request.feedback_rating <= 2) fire(`the user rated the answer ${request.feedback_rating}`);

  if (request.asks_for_person === true) return { disposition: "escalate", reasons, confidence };
  if (refused) return { disposition: "refuse", reasons, confidence };
  if (reasons.length > 0) return { disposition: "escalate", reasons, confidence };
  const [answer, limited] = BOUNDS[RISKS[risk]];
  if (!measured) return { disposition: risk < 2 ? "limited_answer" : "escalate", reasons: ["no signal was measured"], confidence };
  if (confidence >= answer) return { disposition: "answer", reasons, confidence };
  return { disposition: confidence >= limited ? "limited_answer" : "escalate", reasons: ["low confidence"], confidence };
}

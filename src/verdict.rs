//! The verdict on one request: answer, limited answer, a person, or a refusal, and exactly why.
//!
//! Pure: the same request, policy and instant give the same bytes, natively and in wasm. Every rule
//! that fires is listed, and the most cautious outcome wins; a refusal wins only where its rule is
//! final. What could not be judged is listed, never taken for false.

use serde::Serialize;

use crate::certificate::{Certificate, CertificateDemand, CertificateState};
use crate::confidence::Confidence;
use crate::expr::Program;
use crate::fact::{self, FactDeclaration, FactRecord, Value, is_missing};
use crate::flat::curve::Odds;
use crate::flat::decide::{Answer, TemplateOf, decide};
use crate::flat::desk::{Desk, Fired};
use crate::gate::{self, Gate};
use crate::json::{Json, format_number};
use crate::limits;
use crate::map::BTreeMap;
use crate::policy::{Policy, PolicyReference, Trigger, TriggerKind};
use crate::read::{self, Node, Read};
use crate::request::{Request, RiskLevel};
use crate::routing::Routing;
use crate::suppression::{self, LOW_CONFIDENCE, Suppressed};
use crate::units::{Id, Score, TimestampMs};
use crate::word::words;

/// Version of the verdict record that this code writes.
pub const VERDICT_VERSION: i64 = 1;

/// Separates the digests of decisions from all other digests.
const DECISION_DOMAIN: &str = "countersign/decision/v1";

words! {
    /// What happens with a draft, from the least to the most cautious.
    pub enum Disposition {
        /// The user gets the draft.
        Answer = "answer",
        /// The user gets a careful text instead, without a person.
        LimitedAnswer = "limited_answer",
        /// A person decides.
        Escalate = "escalate",
        /// The user is told no.
        Refuse = "refuse",
    }
}

/// What the policy says of one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verdict {
    /// Version of this record; 1.
    pub version: i64,
    /// The request's id, where it has one.
    pub request_id: Option<Id>,
    /// The tenant.
    pub tenant_id: Id,
    /// What happens.
    pub disposition: Disposition,
    /// What the user is told instead of the draft, for a limited answer or a refusal.
    pub user_message: Option<String>,
    /// What is at stake: the greatest of what the caller and the rules say.
    pub risk_level: RiskLevel,
    /// How sure the system is, and why.
    pub confidence: Confidence,
    /// Whether a certificate let this risk level answer; absent where none is asked for.
    pub certificate: Option<CertificateState>,
    /// Whether a certificate let this risk level give limited answers; absent where none is asked for.
    pub limited_certificate: Option<CertificateState>,
    /// Every rule that fired, in the policy's order.
    pub triggers: Vec<FiredTrigger>,
    /// Rules that fired and were cancelled, with what cancelled them.
    pub suppressed: Vec<Suppressed>,
    /// Rules on trial that would have fired; they changed nothing.
    pub shadow: Vec<FiredTrigger>,
    /// Where the case goes, if a person decides.
    pub routing: Option<Routing>,
    /// Why, in one sentence.
    pub reason: String,
    /// Paths of facts that a rule needed and did not get, and of fields that took no part.
    pub unjudged: Vec<String>,
    /// The policy that said so.
    pub policy: PolicyReference,
    /// When, as the caller told the time.
    pub evaluated_at: TimestampMs,
    /// Digest over policy, instant and every fact that was read.
    pub digest: String,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FiredTrigger {
    /// The rule's name.
    pub id: String,
    /// Why such rules exist.
    pub kind: TriggerKind,
    /// What it asks for.
    pub disposition: Disposition,
    /// The risk level that it raises the request to.
    pub risk_level: Option<RiskLevel>,
    /// Why it fired, in words.
    pub reason: String,
    /// Facts that it needed and did not get; if any, it fired for want of them.
    pub unjudged: Vec<String>,
}

/// What a decision record keeps: features, no text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DecisionRecord {
    /// The request's id, where it has one.
    pub request_id: Option<Id>,
    /// When it was decided.
    pub evaluated_at: TimestampMs,
    /// What was decided.
    pub disposition: Disposition,
    /// What was at stake.
    pub risk_level: RiskLevel,
    /// The confidence, in (0, 1).
    pub probability: f64,
    /// The rules that fired.
    pub trigger_ids: Vec<String>,
    /// The rules on trial that would have fired.
    pub shadow_trigger_ids: Vec<String>,
    /// The queue, if a person decides.
    pub queue: Option<String>,
    /// The policy's digest.
    pub policy_hash: String,
    /// The decision's digest.
    pub digest: String,
    /// Every fact that the policy records, by path; a missing one is absent.
    pub facts: BTreeMap<String, Json>,
    /// Signals by name: the reading, or why there is none.
    pub signals: Json,
}

/// Decides one request.
#[must_use]
pub fn evaluate(policy: &Policy, request: &Request, now: TimestampMs) -> Verdict {
    let gate = gate::of_request(policy, request, now);
    let mut desk = Desk::new(policy, 0, 0);
    desk.read(policy, request, gate.as_ref());
    let answer = decide(policy, &mut desk, now);
    explain(policy, request, gate.as_ref(), &desk, &answer, now)
}

/// What was decided, with everything that led to it.
fn explain(
    policy: &Policy,
    request: &Request,
    gate: Option<&Gate>,
    desk: &Desk,
    answer: &Answer,
    now: TimestampMs,
) -> Verdict {
    let bundle = policy.bundle();
    let confidence = bundle.confidence.assess(&request.signals);
    let facts = fact::extract(policy, request, &confidence, gate);
    let Answer { disposition, risk_level, certificates, .. } = *answer;

    let mut unjudged = unread(policy, request);
    // The gate's pointers begin at the list of actions.
    unjudged.extend(gate.iter().flat_map(|gate| &gate.unjudged).map(|path| match path {
        pointer if pointer.starts_with('/') => format!("/proposed_actions{pointer}"),
        fact => fact.clone(),
    }));
    for trigger in desk.unknown.iter().filter_map(|index| bundle.triggers.get(usize::from(*index)))
    {
        unjudged.extend(missing_facts(policy, trigger, &facts));
    }
    let told = |fired: &Fired| {
        let trigger = bundle.triggers.get(usize::from(fired.trigger))?;
        Some(fire(policy, trigger, &facts, fired.is_unknown))
    };
    let cancelled = |by: u16, trigger: FiredTrigger| {
        let by = bundle.suppressions.get(usize::from(by))?;
        Some(suppression::told(policy, by, trigger, &facts))
    };
    let (mut triggers, mut suppressed) = (Vec::new(), Vec::new());
    for fired in &desk.fired {
        match (told(fired), fired.cancelled_by) {
            (Some(told), Some(by)) => suppressed.extend(cancelled(by, told)),
            (told, _) => triggers.extend(told),
        }
    }
    if let Some(low) = answer.low {
        let told = low_confidence(policy, &confidence, risk_level, certificates, low.disposition);
        match low.cancelled_by {
            Some(by) => suppressed.extend(cancelled(by, told)),
            None => triggers.push(told),
        }
    }
    let routing = answer.place.map(|place| place.told(policy, risk_level, &mut unjudged));
    read::sort_once(&mut unjudged);
    Verdict {
        version: VERDICT_VERSION,
        request_id: request.request_id.clone(),
        tenant_id: request.tenant_id.clone(),
        disposition,
        user_message: user_message(policy, request, disposition, template(policy, answer)),
        risk_level,
        certificate: certificates.answer,
        limited_certificate: certificates.limited_answer,
        reason: reason(&triggers, &suppressed, disposition, &confidence),
        triggers,
        suppressed,
        shadow: desk.shadow.iter().filter_map(told).collect(),
        routing,
        unjudged,
        policy: policy.reference().clone(),
        evaluated_at: now,
        digest: digest(policy, request, &facts, &confidence, now),
        confidence,
    }
}

/// The name of the texts that the rules chose.
fn template<'a>(policy: &'a Policy, answer: &Answer) -> Option<&'a str> {
    let bundle = policy.bundle();
    match answer.template? {
        TemplateOf::Trigger(index) => bundle.triggers.get(usize::from(index))?.template.as_deref(),
        TemplateOf::Suppression(index) => {
            bundle.suppressions.get(usize::from(index))?.template.as_deref()
        }
    }
}

impl FiredTrigger {
    /// Reads a stored trigger.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let text = |node: Node<'_>| node.text(limits::TEXT_LENGTH_MAX);
        let mut fields = node.object()?;
        Ok(Self {
            id: fields.required("id", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            kind: fields.required("kind", TriggerKind::read)?,
            disposition: fields.required("disposition", Disposition::read)?,
            risk_level: fields.optional("risk_level", RiskLevel::read)?,
            reason: fields.required("reason", text)?,
            unjudged: fields.list("unjudged", limits::POLICY_FACTS_MAX, text)?,
        })
    }
}

/// What is kept of a verdict: for metrics, replay and monitoring.
#[must_use]
pub fn record(policy: &Policy, request: &Request, verdict: &Verdict) -> DecisionRecord {
    let declarations = &policy.bundle().facts;
    let gate = gate::of_request(policy, request, verdict.evaluated_at);
    let values = fact::extract(policy, request, &verdict.confidence, gate.as_ref());
    let kept =
        declarations.iter().zip(&values).filter(|(fact, _)| fact.record == FactRecord::Value);
    DecisionRecord {
        request_id: verdict.request_id.clone(),
        evaluated_at: verdict.evaluated_at,
        disposition: verdict.disposition,
        risk_level: verdict.risk_level,
        probability: verdict.confidence.probability,
        trigger_ids: verdict.triggers.iter().map(|trigger| trigger.id.clone()).collect(),
        shadow_trigger_ids: verdict.shadow.iter().map(|trigger| trigger.id.clone()).collect(),
        queue: verdict.routing.as_ref().map(|routing| routing.queue.clone()),
        policy_hash: verdict.policy.hash.clone(),
        digest: verdict.digest.clone(),
        facts: recorded(kept),
        signals: verdict.confidence.readings(),
    }
}

fn recorded<'a>(
    kept: impl Iterator<Item = (&'a FactDeclaration, &'a Value<'a>)>,
) -> BTreeMap<String, Json> {
    let mut facts = BTreeMap::new();
    for (fact, value) in kept {
        if let Some(value) = value.to_json() {
            facts.insert(fact.path.clone(), value);
        }
    }
    facts
}

/// Fields that took no part: unknown ones, and facts that the policy does not declare.
fn unread(policy: &Policy, request: &Request) -> Vec<String> {
    let bundle = policy.bundle();
    let fact = |name: &String| format!("{}{name}", fact::CALLER_PREFIX);
    let signal = |name: &String| format!("{}{name}", fact::SIGNAL_PREFIX);
    let declared = |path: &String| bundle.facts.iter().any(|fact| fact.path == *path);
    let modelled =
        |name: &&String| bundle.confidence.signals.iter().any(|curve| curve.name == **name);
    let facts = request.facts.keys().map(fact).filter(|path| !declared(path));
    let signals = request.signals.keys().filter(|name| !modelled(name)).map(signal);
    let signals = signals.filter(|path| !declared(path));
    request.unknown_fields.iter().cloned().chain(facts).chain(signals).collect()
}

fn missing_facts(policy: &Policy, trigger: &Trigger, facts: &[Value<'_>]) -> Vec<String> {
    let mut paths: Vec<String> = trigger
        .when
        .slots()
        .filter(|slot| is_missing(facts, *slot))
        .filter_map(|slot| policy.bundle().facts.get(usize::from(slot)))
        .map(|fact| fact.path.clone())
        .collect();
    read::sort_once(&mut paths);
    paths
}

fn fire(policy: &Policy, trigger: &Trigger, facts: &[Value<'_>], is_unknown: bool) -> FiredTrigger {
    let (reason, unjudged) = if is_unknown {
        let missing = missing_facts(policy, trigger, facts);
        let reason = not_judged(&trigger.id, &missing, &trigger.when);
        (reason, missing)
    } else {
        (fill(policy, &trigger.why, facts), Vec::new())
    };
    FiredTrigger {
        id: trigger.id.clone(),
        kind: trigger.kind,
        disposition: trigger.then,
        risk_level: trigger.risk_level,
        reason,
        unjudged,
    }
}

/// Why a rule fired although its condition could not be judged.
pub(crate) fn not_judged(rule: &str, missing: &[String], when: &Program) -> String {
    if missing.is_empty() {
        return format!("{rule} could not be judged: `{}` has no result", when.cel());
    }
    format!("{rule} could not be judged: {} missing", missing.join(", "))
}

/// Puts the values of facts where the message names them.
pub(crate) fn fill(policy: &Policy, why: &str, facts: &[Value<'_>]) -> String {
    let mut out = String::new();
    let mut rest = why;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((path, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let slot = policy.bundle().facts.iter().position(|fact| fact.path == path);
        let value = slot.and_then(|slot| facts.get(slot)).unwrap_or(&Value::Missing);
        out.push_str(&words_of(value));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn words_of(value: &Value<'_>) -> String {
    match value {
        Value::Missing => "not known".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        // Three significant decimals are enough for a person.
        Value::Double(value) => format_number(libm::round(value * 1_000.0) / 1_000.0),
        Value::String(value) => crate::read::excerpt(value),
        Value::Time(value) => value.to_string(),
        Value::Money(value) => value.to_string(),
        Value::StringList(values) => crate::read::excerpt(&values.join(", ")),
        Value::IntList(_) | Value::DoubleList(_) => {
            value.to_json().map_or_else(String::new, |json| crate::read::excerpt(&json.canonical()))
        }
    }
}

/// How the certificates of a risk level stand; absent where none is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Certificates {
    pub(crate) answer: Option<CertificateState>,
    pub(crate) limited_answer: Option<CertificateState>,
}

/// Whether the risk level may answer, in whole and in part, where that takes a certificate. An alarm ends
/// both: each is about drafts of which the other's are a part.
pub(crate) fn certificates(policy: &Policy, risk: RiskLevel, now: TimestampMs) -> Certificates {
    let tier = policy.bundle().tiers.of(risk);
    let state = |demand: &Option<CertificateDemand>, shown: &Option<Certificate>| {
        let state = demand.as_ref()?.state(shown.as_ref(), policy.decision_hash(), now);
        let is_ended = state == CertificateState::InForce && policy.has_ended(risk);
        Some(if is_ended { CertificateState::Ended } else { state })
    };
    Certificates {
        answer: state(&tier.certified, &tier.certificate),
        limited_answer: state(&tier.limited_certified, &tier.limited_certificate),
    }
}

/// The confidence that takes: the author's, or the certificate's where one is asked for.
fn bound(
    own: Option<Score>,
    state: Option<CertificateState>,
    shown: Option<&Certificate>,
) -> Option<Score> {
    match state {
        None => own,
        Some(CertificateState::InForce) => shown.map(|shown| shown.threshold),
        Some(_) => None,
    }
}

/// The confidence from which the risk level answers.
fn answer_bound(policy: &Policy, risk: RiskLevel, certificates: Certificates) -> Option<Score> {
    let tier = policy.bundle().tiers.of(risk);
    bound(tier.answer, certificates.answer, tier.certificate.as_ref())
}

/// The rule that every policy has: what the confidence allows at the risk level.
pub(crate) fn tier_disposition(
    policy: &Policy,
    odds: Odds,
    risk: RiskLevel,
    certificates: Certificates,
) -> Disposition {
    let tier = policy.bundle().tiers.of(risk);
    let reaches = |bound: Option<Score>| bound.is_some_and(|bound| odds.probability >= bound.get());
    if !odds.has_signals {
        tier.without_signals
    } else if reaches(answer_bound(policy, risk, certificates)) {
        Disposition::Answer
    } else if reaches(bound(
        tier.limited_answer,
        certificates.limited_answer,
        tier.limited_certificate.as_ref(),
    )) {
        Disposition::LimitedAnswer
    } else {
        Disposition::Escalate
    }
}

/// What is told where the confidence does not reach what the risk level needs.
fn low_confidence(
    policy: &Policy,
    confidence: &Confidence,
    risk: RiskLevel,
    certificates: Certificates,
    disposition: Disposition,
) -> FiredTrigger {
    let demanded = certificates.answer.zip(policy.bundle().tiers.of(risk).certified);
    let reason = match (answer_bound(policy, risk, certificates), demanded) {
        _ if !confidence.has_signals() => format!("no signal was measured, at {risk} risk"),
        (None, Some((state, demand))) => format!(
            "at {risk} risk a person decides: {}, and one needs {} reviewed answers at least (confidence {})",
            state.words(),
            demand.answers_min(),
            confidence.percent(),
        ),
        (None, None) => {
            format!("at {risk} risk a person decides (confidence {})", confidence.percent())
        }
        (Some(bound), _) => format!(
            "confidence {} is under {}, which an answer at {risk} risk needs",
            confidence.percent(),
            format_number(bound.get()),
        ),
    };
    FiredTrigger {
        id: LOW_CONFIDENCE.to_owned(),
        kind: TriggerKind::LowConfidence,
        disposition,
        risk_level: None,
        reason,
        unjudged: Vec::new(),
    }
}

fn user_message(
    policy: &Policy,
    request: &Request,
    disposition: Disposition,
    template: Option<&str>,
) -> Option<String> {
    let bundle = policy.bundle();
    let texts = match disposition {
        Disposition::LimitedAnswer => template
            .and_then(|template| bundle.templates.get(template))
            .unwrap_or(&bundle.limited_answer),
        Disposition::Refuse => &bundle.refusal,
        Disposition::Answer | Disposition::Escalate => return None,
    };
    let tag = request.language.as_deref().unwrap_or("default");
    let primary = tag.split('-').next().unwrap_or(tag);
    texts.get(tag).or_else(|| texts.get(primary)).or_else(|| texts.get("default")).cloned()
}

fn reason(
    triggers: &[FiredTrigger],
    suppressed: &[Suppressed],
    disposition: Disposition,
    confidence: &Confidence,
) -> String {
    let mut reasons: Vec<&str> = triggers
        .iter()
        .filter(|trigger| trigger.disposition != Disposition::Answer)
        .map(|trigger| trigger.reason.as_str())
        .collect();
    reasons.extend(suppressed.iter().map(|one| one.reason.as_str()));
    reasons.dedup();
    if reasons.is_empty() || (disposition == Disposition::Answer && suppressed.is_empty()) {
        return format!("confidence {}, and no rule asks for more", confidence.percent());
    }
    reasons.join("; ")
}

fn digest(
    policy: &Policy,
    request: &Request,
    facts: &[Value<'_>],
    confidence: &Confidence,
    now: TimestampMs,
) -> String {
    let declarations = &policy.bundle().facts;
    let read = declarations.iter().zip(facts);
    let read = read.filter_map(|(fact, value)| Some((fact.path.clone(), value.to_json()?)));
    let risk = request.risk_level.map_or(Json::Null, |risk| Json::String(risk.to_string()));
    let text = |text: &str| Json::String(text.to_owned());
    let covered = Json::object([
        ("policy_hash".to_owned(), text(&policy.reference().hash)),
        ("evaluated_at".to_owned(), text(&now.to_string())),
        ("tenant_id".to_owned(), text(request.tenant_id.as_str())),
        ("risk_level".to_owned(), risk),
        ("facts".to_owned(), Json::object(read)),
        ("signals".to_owned(), confidence.readings()),
    ]);
    covered.digest(DECISION_DOMAIN)
}

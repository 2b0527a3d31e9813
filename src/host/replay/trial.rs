//! A policy made ready to judge again what was judged before: requests as they were, or decision
//! records, of which only the facts are left.
//!
//! A record is judged by the same function as a request. The facts that its policy recorded are put
//! in the place of what they were once read from; what the other policy reads and nobody recorded is
//! not guessed, the record is counted as not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::compile::to_json;
use crate::error::Fault;
use crate::expr::{Program, Truth};
use crate::fact::{self, CALLER_PREFIX, FactDeclaration, FactRecord, SIGNAL_PREFIX, Value};
use crate::host::policy_diff::{at, named_bundle};
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
use crate::request::{Request, RiskLevel, Signal};
use crate::units::{Id, TimestampMs};
use crate::verdict::{Disposition, Verdict, evaluate};

/// What a gate says of actions; only the policy that recorded it knows how it came about.
const OF_GATE: &[&str] = &[
    "actions.unknown_tools",
    "actions.verdict",
    "actions.tier",
    "actions.effects",
    "actions.reversibility",
    "actions.amount",
    "actions.authority_level",
    "actions.quorum",
    "actions.provisional",
    "actions.reason",
];

/// What was decided, as far as two decisions are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) disposition: Disposition,
    pub(super) risk_level: RiskLevel,
    pub(super) queue: Option<String>,
    pub(super) triggers: Vec<String>,
}

/// A decision record, as far as it is judged again.
pub(super) struct Recorded {
    pub(super) request: Request,
    pub(super) evaluated_at: TimestampMs,
}

/// A policy made ready.
pub(super) struct Trial {
    policy: Policy,
    bundle: Json,
    /// The certificates of the policy as it is count for it without one of its rules too.
    gaps: Option<Gaps>,
    /// The policy without each of its triggers; made where a trigger is looked at.
    without: Vec<OnceLock<Option<Policy>>>,
}

/// What was not recorded, and where the policy needs it.
struct Gaps {
    /// Needed for every decision.
    always: Vec<String>,
    /// Needed to find a queue.
    for_routing: Vec<String>,
    /// Slots that were not recorded.
    slots: BTreeSet<u16>,
    /// Those that were not recorded for this policy where something is proposed.
    slots_with_actions: BTreeSet<u16>,
}

impl Trial {
    /// For requests as they were.
    pub(super) fn of_requests(policy: &Policy) -> Result<Self, Fault> {
        let bundle = to_json(policy.bundle())?;
        Ok(Self { policy: policy.clone(), gaps: None, without: slots_for(policy), bundle })
    }

    /// For records that were made under `recorder`.
    pub(super) fn of_records(policy: &Policy, recorder: &Policy) -> Result<Self, Fault> {
        let recorded: BTreeSet<&str> = recorder
            .bundle()
            .facts
            .iter()
            .filter(|fact| fact.record == FactRecord::Value)
            .map(|fact| fact.path.as_str())
            .collect();
        let measured = &recorder.bundle().confidence.signals;
        let has_signal = |name: &str| {
            measured.iter().any(|signal| signal.name == name)
                || recorded.contains(format!("{SIGNAL_PREFIX}{name}").as_str())
        };
        let is_there = |path: &str| match path {
            "confidence" | "tenant_id" => true,
            path if recorded.contains(path) => true,
            path => path.strip_prefix(SIGNAL_PREFIX).is_some_and(has_signal),
        };
        let own = policy.bundle();
        let mut always: Vec<String> = Vec::new();
        if !is_there("request.risk_level") {
            always.push("request.risk_level".to_owned());
        }
        let signals = own.confidence.signals.iter().map(|signal| &signal.name);
        always.extend(
            signals.filter(|name| !has_signal(name)).map(|name| format!("{SIGNAL_PREFIX}{name}")),
        );
        let mut for_routing = Vec::new();
        let accepts = || own.queues.iter().map(|queue| &queue.accepts);
        if accepts().any(|accepts| !accepts.domains.is_empty()) && !is_there("request.domain") {
            for_routing.push("request.domain".to_owned());
        }
        if accepts().any(|accepts| !accepts.languages.is_empty()) && !is_there("request.language") {
            for_routing.push("request.language".to_owned());
        }
        let slot = |(index, _): (usize, &FactDeclaration)| u16::try_from(index).unwrap_or(u16::MAX);
        let facts = || own.facts.iter().enumerate();
        let slots: BTreeSet<u16> =
            facts().filter(|(_, fact)| !is_there(&fact.path)).map(slot).collect();
        let mut slots_with_actions = slots.clone();
        if !same_actions(policy, recorder)? {
            let of_gate = facts().filter(|(_, fact)| OF_GATE.contains(&fact.path.as_str()));
            slots_with_actions.extend(of_gate.map(slot));
        }
        let told = told_by_records(policy, recorder, &slots, &slots_with_actions)?;
        let policy = rebound(policy, &told)?;
        let bundle = to_json(policy.bundle())?;
        let gaps = Some(Gaps { always, for_routing, slots, slots_with_actions });
        Ok(Self { without: slots_for(&policy), policy, bundle, gaps })
    }

    /// Judges a request as it was.
    pub(super) fn judge(&self, request: &Request, now: TimestampMs) -> Outcome {
        outcome(&evaluate(&self.policy, request, now))
    }

    /// Judges a record, or says what is missing for it.
    pub(super) fn judge_record(&self, record: &Recorded) -> Result<Outcome, Vec<String>> {
        let verdict = evaluate(&self.policy, &record.request, record.evaluated_at);
        let Some(gaps) = &self.gaps else { return Ok(outcome(&verdict)) };
        let missing = self.missing(gaps, record, &verdict);
        if missing.is_empty() { Ok(outcome(&verdict)) } else { Err(missing) }
    }

    /// What would be needed to say whether a condition holds, and was not recorded.
    fn missing(&self, gaps: &Gaps, record: &Recorded, verdict: &Verdict) -> Vec<String> {
        let mut missing = gaps.always.clone();
        if verdict.disposition == Disposition::Escalate {
            missing.extend(gaps.for_routing.iter().cloned());
        }
        // A policy that says that nothing was proposed says all there is about actions.
        let proposes = record.request.facts.get("actions.count") != Some(&Json::Number(0.0));
        let slots = if proposes { &gaps.slots_with_actions } else { &gaps.slots };
        if slots.is_empty() {
            return missing;
        }
        let mut values = fact::extract(&self.policy, &record.request, &verdict.confidence, None);
        for slot in slots {
            if let Some(value) = values.get_mut(usize::from(*slot)) {
                *value = Value::Missing;
            }
        }
        for program in self.conditions() {
            missing.extend(self.undecided(program, slots, &values));
        }
        missing.sort();
        missing.dedup();
        missing
    }

    /// Facts that were not recorded and on which a condition hangs.
    fn undecided(
        &self,
        program: &Program,
        slots: &BTreeSet<u16>,
        values: &[Value<'_>],
    ) -> Vec<String> {
        let needed: Vec<u16> = program.mentioned().filter(|slot| slots.contains(slot)).collect();
        let read = program.slots().filter(|slot| slots.contains(slot)).count();
        // Whether a fact was there is not known either: `has` would take it for absent.
        let asks_whether = needed.len() > read;
        if needed.is_empty() || (!asks_whether && program.evaluate(values) != Truth::Unknown) {
            return Vec::new();
        }
        let facts = &self.policy.bundle().facts;
        let path = |slot: u16| facts.get(usize::from(slot)).map(|fact| original(&fact.path));
        needed.into_iter().filter_map(path).collect()
    }

    fn conditions(&self) -> impl Iterator<Item = &Program> {
        let bundle = self.policy.bundle();
        let triggers = bundle.triggers.iter().filter(|one| !one.shadow).map(|one| &one.when);
        let suppressions = bundle.suppressions.iter().map(|one| &one.when);
        let queues = bundle.queues.iter().filter_map(|queue| queue.accepts.when.as_ref());
        triggers.chain(suppressions).chain(queues)
    }

    /// Whether the decision would be another without the trigger of that index.
    pub(super) fn decides(
        &self,
        index: usize,
        outcome: &Outcome,
        request: &Request,
        now: TimestampMs,
    ) -> bool {
        let Some(cell) = self.without.get(index) else { return false };
        let policy = cell.get_or_init(|| without(&self.policy, &self.bundle, index).ok());
        policy.as_ref().is_some_and(|policy| {
            let other = self::outcome(&evaluate(policy, request, now));
            (other.disposition, other.risk_level, &other.queue)
                != (outcome.disposition, outcome.risk_level, &outcome.queue)
        })
    }
}

fn outcome(verdict: &Verdict) -> Outcome {
    Outcome {
        disposition: verdict.disposition,
        risk_level: verdict.risk_level,
        queue: verdict.routing.as_ref().map(|routing| routing.queue.clone()),
        triggers: verdict.triggers.iter().map(|trigger| trigger.id.clone()).collect(),
    }
}

fn slots_for(policy: &Policy) -> Vec<OnceLock<Option<Policy>>> {
    policy.bundle().triggers.iter().map(|_| OnceLock::new()).collect()
}

fn same_actions(left: &Policy, right: &Policy) -> Result<bool, Fault> {
    let (left, right) = (named_bundle(left)?, named_bundle(right)?);
    Ok(at(&left, "/actions") == at(&right, "/actions"))
}

/// Triggers that hang on what was not recorded, and of which the record says itself whether they
/// fired, because its policy had the same ones.
fn told_by_records(
    policy: &Policy,
    recorder: &Policy,
    slots: &BTreeSet<u16>,
    slots_with_actions: &BTreeSet<u16>,
) -> Result<BTreeSet<usize>, Fault> {
    let (own, theirs) = (named_bundle(policy)?, named_bundle(recorder)?);
    let same_confidence = at(&own, "/confidence") == at(&theirs, "/confidence");
    let facts = &policy.bundle().facts;
    let is_confidence =
        |slot: u16| facts.get(usize::from(slot)).is_some_and(|fact| fact.path == "confidence");
    // What was cancelled is not in the record's list of what fired.
    let cancelled = |id: &String| {
        recorder.bundle().suppressions.iter().any(|suppression| suppression.cancels.contains(id))
    };
    let same = |index: usize, id: &String| {
        let there = recorder.bundle().triggers.iter().position(|other| other.id == *id);
        there.is_some_and(|there| {
            ["when/ops", "required"].iter().all(|field| {
                let left = at(&own, &format!("/triggers/{index}/{field}"));
                left.is_some() && left == at(&theirs, &format!("/triggers/{there}/{field}"))
            })
        })
    };
    let triggers = policy.bundle().triggers.iter().enumerate();
    let told = triggers.filter(|(index, trigger)| {
        let mentions = |wanted: &dyn Fn(u16) -> bool| trigger.when.mentioned().any(wanted);
        mentions(&|slot| slots.contains(&slot))
            && !mentions(&|slot| slots_with_actions.contains(&slot) && !slots.contains(&slot))
            && (same_confidence || !mentions(&is_confidence))
            && !cancelled(&trigger.id)
            && same(*index, &trigger.id)
    });
    Ok(told.map(|(index, _)| index).collect())
}

/// The fact of the caller's own that says whether a trigger fired.
fn fired_fact(trigger: &str) -> String {
    format!("fired {trigger}")
}

/// The same policy, whose facts are read from the caller's own, by path. Programs name slots, so
/// that they stay as they are; the confidence is computed anew. The triggers that the record tells of
/// fire where they did.
fn rebound(policy: &Policy, told: &BTreeSet<usize>) -> Result<Policy, Fault> {
    let mut bundle = to_json(policy.bundle())?;
    let text = |text: &str| Json::String(text.to_owned());
    let object = |fields: Vec<(&str, Json)>| {
        Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    if let Json::Object(fields) = &mut bundle {
        let mut slot = policy.bundle().facts.len();
        let mut added = Vec::new();
        if let Some(Json::Array(triggers)) = fields.get_mut("triggers") {
            for index in told {
                let Some(Json::Object(trigger)) = triggers.get_mut(*index) else { continue };
                let Some(Json::String(id)) = trigger.get("id") else { continue };
                added.push(object(vec![
                    ("path", text(&format!("{CALLER_PREFIX}{}", fired_fact(id)))),
                    ("type", text("bool")),
                    ("source", text("caller")),
                    ("record", text("nothing")),
                ]));
                let op = object(vec![("fact", number(slot))]);
                let when = object(vec![("cel", text("")), ("ops", Json::Array(vec![op]))]);
                trigger.insert("when".to_owned(), when);
                trigger.insert("required".to_owned(), Json::Array(Vec::new()));
                slot += 1;
            }
        }
        if let Some(Json::Array(facts)) = fields.get_mut("facts") {
            for fact in facts.iter_mut() {
                if let Json::Object(fact) = fact
                    && let Some(Json::String(path)) = fact.get_mut("path")
                    && !stays(path)
                {
                    *path = format!("{CALLER_PREFIX}{path}");
                }
            }
            facts.extend(added);
        }
    }
    with_certificates(policy, bundle)
}

#[expect(clippy::cast_precision_loss, reason = "there are at most 512 facts")]
const fn number(index: usize) -> Json {
    Json::Number(index as f64)
}

/// What is read from a record as from a request: the confidence, the tenant, and signals.
fn stays(path: &str) -> bool {
    let is_signal = path.starts_with(SIGNAL_PREFIX) && path != "signals.unavailable";
    is_signal || path == "confidence" || path == "tenant_id"
}

/// The path as the policy's author wrote it.
fn original(path: &str) -> String {
    if stays(path) {
        path.to_owned()
    } else {
        path.strip_prefix(CALLER_PREFIX).unwrap_or(path).to_owned()
    }
}

/// The policy without one of its triggers.
fn without(policy: &Policy, bundle: &Json, index: usize) -> Result<Policy, Fault> {
    let mut bundle = bundle.clone();
    if let Json::Object(fields) = &mut bundle
        && let Some(Json::Array(triggers)) = fields.get_mut("triggers")
        && index < triggers.len()
    {
        triggers.remove(index);
    }
    with_certificates(policy, bundle)
}

/// Loads an altered bundle, in which the certificates of the policy count as they do in it.
fn with_certificates(policy: &Policy, mut bundle: Json) -> Result<Policy, Fault> {
    let altered = Policy::load(&bundle)?;
    let (from, to) = (policy.decision_hash(), altered.decision_hash().to_owned());
    let mut bound = false;
    if let Json::Object(fields) = &mut bundle
        && let Some(Json::Object(tiers)) = fields.get_mut("tiers")
    {
        for tier in tiers.values_mut() {
            let Json::Object(tier) = tier else { continue };
            for name in ["certificate", "limited_certificate"] {
                if let Some(Json::Object(certificate)) = tier.get_mut(name)
                    && let Some(Json::String(hash)) = certificate.get_mut("decision_hash")
                    && hash == from
                {
                    hash.clone_from(&to);
                    bound = true;
                }
            }
        }
    }
    if bound { Policy::load(&bundle) } else { Ok(altered) }
}

/// Reads what a record keeps of a request.
pub(super) fn read_recorded(record: &Json, tenant_id: Option<&Id>) -> Result<Recorded, Fault> {
    let mut fields = Node::root(record).object()?;
    let evaluated_at = fields.required("evaluated_at", crate::read::timestamp)?;
    let facts = fields
        .optional("facts", |node| {
            node.map(crate::limits::POLICY_FACTS_MAX, |fact| Ok(fact.json().clone()))
        })?
        .unwrap_or_default();
    let mut signals: BTreeMap<String, Signal> = fields
        .optional("signals", |node| {
            node.map(crate::limits::POLICY_FACTS_MAX, crate::request::read_signal)
        })?
        .unwrap_or_default();
    for (path, value) in &facts {
        if let (Some(name), Json::Number(_)) = (path.strip_prefix(SIGNAL_PREFIX), value) {
            let signal = crate::request::read_signal(Node::root(value))?;
            signals.insert(name.to_owned(), signal);
        }
    }
    let named = fields.optional("tenant_id", crate::read::id)?;
    let of_facts = || match facts.get("tenant_id") {
        Some(Json::String(text)) => Id::new(text),
        _ => None,
    };
    let tenant_id = tenant_id.cloned().or(named).or_else(of_facts);
    let text = |path: &str| match facts.get(path) {
        Some(Json::String(text)) => Some(text.clone()),
        _ => None,
    };
    let risk_level =
        facts.get("request.risk_level").map(|value| RiskLevel::read(Node::root(value)));
    let tenant = tenant_id.as_ref().map_or("tenant", |id| id.as_str()).to_owned();
    let least = [("tenant_id", tenant), ("user_question", "?".to_owned())];
    let least = least.map(|(name, text)| (name.to_owned(), Json::String(text)));
    let mut request = Request::read(&Json::Object(least.into()))?;
    request.request_id = fields.optional("request_id", crate::read::id)?;
    request.domain = text("request.domain");
    request.language = text("request.language");
    request.risk_level = risk_level.transpose()?;
    request.signals = signals;
    request.facts = facts;
    let fired = ["trigger_ids", "shadow_trigger_ids"].map(|key| {
        fields.list(key, crate::limits::TRIGGERS_MAX, |node| node.str().map(fired_fact))
    });
    for name in fired.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        request.facts.insert(name, Json::Bool(true));
    }
    Ok(Recorded { request, evaluated_at })
}

//! A policy as it is evaluated: a bundle that was read, checked, and named by its digest.
//!
//! A bundle is canonical JSON made by the compiler. Reading it here repeats every check on which
//! evaluation relies, because a bundle may come from anywhere. A digest names, it does not
//! authenticate.

use serde::Serialize;

use crate::calendar::{Calendar, Sla};
use crate::confidence::ConfidenceModel;
use crate::error::Fault;
use crate::expr::Program;
use crate::fact::FactDeclaration;
use crate::flat::plan::Plan;
use crate::image::Checked;
use crate::json::Json;
use crate::limits;
use crate::map::BTreeMap;
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::sampling::Sampling;
use crate::suppression::{Suppression, may_cancel};
pub use crate::tier::{Tier, Tiers};
use crate::tool::ActionPolicy;
use crate::units::Id;
use crate::verdict::Disposition;
use crate::word::words;

/// Version of the bundle format that this code reads and writes.
pub const BUNDLE_VERSION: i64 = 2;

/// Separates the digests of bundles from all other digests.
pub(crate) const BUNDLE_DOMAIN: &str = "countersign/bundle/v1";

words! {
    /// Why a rule exists: the six kinds of trigger.
    pub enum TriggerKind {
        /// Not sure enough.
        LowConfidence = "low_confidence",
        /// A mistake would harm somebody.
        HighStakes = "high_stakes",
        /// Near restricted behaviour.
        PolicyBoundary = "policy_boundary",
        /// The model wants to change something.
        ToolRisk = "tool_risk",
        /// The user asked for a person.
        UserEscalation = "user_escalation",
        /// A judge or the user was not content.
        QualityFailure = "quality_failure",
    }
}

/// Everything that an edge needs to decide.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bundle {
    /// Version of the bundle format; 2.
    pub bundle_version: i64,
    /// The policy's name.
    pub id: Id,
    /// The policy's version, as its owner names it.
    pub version: String,
    /// The facts that its conditions read, by slot.
    pub facts: Vec<FactDeclaration>,
    /// How confidence is computed.
    pub confidence: ConfidenceModel,
    /// What confidence each risk level needs.
    pub tiers: Tiers,
    /// The risk level of a request that names none.
    pub risk_level_when_missing: RiskLevel,
    /// What is audited at random; nothing where it is absent.
    pub sampling: Option<Sampling>,
    /// The rules, in the order in which they are listed in a verdict.
    pub triggers: Vec<Trigger>,
    /// What cancels rules that fired, the first that holds before the next.
    pub suppressions: Vec<Suppression>,
    /// What it says of actions.
    pub actions: ActionPolicy,
    /// Open hours that deadlines count by.
    pub calendars: Vec<Calendar>,
    /// Where cases go: the first queue that accepts.
    pub queues: Vec<Queue>,
    /// The queue for what no other accepts.
    pub fallback_queue: String,
    /// What the user is told, by BCP 47 language; `default` for every other.
    pub limited_answer: BTreeMap<String, String>,
    /// Limited answers for one purpose, by name and by language.
    pub templates: BTreeMap<String, BTreeMap<String, String>>,
    /// What the user is told on a refusal, by language; `default` for every other.
    pub refusal: BTreeMap<String, String>,
    /// How long a claim lasts without a sign of life, in milliseconds.
    pub lease_duration_ms: i64,
    /// How long a decision can be taken back, in milliseconds; 0 for not at all.
    pub undo_window_ms: i64,
    /// What it says about the work of people; only hosts read it.
    pub work: Option<Json>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trigger {
    /// Its name.
    pub id: String,
    /// Why it exists.
    pub kind: TriggerKind,
    /// When it fires.
    pub when: Program,
    /// Slots of facts without which it fires too.
    pub required: Vec<u16>,
    /// What it asks for.
    pub then: Disposition,
    /// Whether a refusal outweighs a person.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Whether it is on trial: it is recorded where it fires, and changes nothing.
    pub shadow: bool,
    /// The texts of its limited answer, by the name of a template; `null` for the policy's own.
    pub template: Option<String>,
    /// The risk level that it raises the request to.
    pub risk_level: Option<RiskLevel>,
    /// The latest deadline that it allows, in milliseconds from now.
    pub sla_ms_max: Option<i64>,
    /// The level of authority that its case needs at least.
    pub authority_level_min: i64,
    /// Why, in words; `{path}` stands for a fact's value.
    pub why: String,
}

/// A place where cases wait for people of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Queue {
    /// Its name in the API.
    pub queue: String,
    /// Its name for people.
    pub title: String,
    /// Which cases it takes.
    pub accepts: Accepts,
    /// How soon its cases are resolved.
    pub sla: Sla,
    /// The calendar of its business time.
    pub calendar: Option<String>,
    /// The shortest deadline that it can serve, in milliseconds; what is more urgent goes elsewhere.
    pub sla_ms_min: i64,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
}

/// Which cases a queue takes; an empty list takes all.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Accepts {
    /// Subjects.
    pub domains: Vec<String>,
    /// Languages: a tag takes its own regions too, `pt` takes `pt-BR`.
    pub languages: Vec<String>,
    /// Tenants.
    pub tenants: Vec<String>,
    /// Kinds of trigger, one of which fired.
    pub triggers: Vec<TriggerKind>,
    /// The least risk level.
    pub risk_level_min: RiskLevel,
    /// The greatest risk level.
    pub risk_level_max: RiskLevel,
    /// A further condition; unknown does not accept.
    pub when: Option<Program>,
}

/// The right that a decision needs: a level within a domain. Domains are not ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authority {
    /// The subject; `any` where the level alone counts.
    pub domain: String,
    /// The level, from 1.
    pub level: i64,
}

/// Names a policy in a verdict, a case, an audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyReference {
    /// The policy's name.
    pub id: Id,
    /// Its version.
    pub version: String,
    /// The digest of its bundle.
    pub hash: String,
}

/// A bundle that was read, checked and named.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    bundle: Bundle,
    fallback: Queue,
    reference: PolicyReference,
    decision_hash: String,
    plan: Plan,
    /// Risk levels whose certificate an alarm ended: known to the host alone, in no bundle.
    ended: Vec<RiskLevel>,
}

impl Policy {
    /// Reads a bundle.
    ///
    /// # Errors
    /// `policy_rejected` with the path to the first fault.
    pub fn load(value: &Json) -> Result<Self, Fault> {
        Checked::read(value).map(Self::of)
    }

    /// What a bundle comes to that was checked.
    pub(crate) fn of(checked: Checked) -> Self {
        let Checked { bundle, fallback, hash, decision_hash } = checked;
        let (id, version) = (bundle.id.clone(), bundle.version.clone());
        let reference = PolicyReference { id, version, hash };
        let plan = Plan::of(&bundle);
        Self { bundle, fallback, reference, decision_hash, plan, ended: Vec::new() }
    }

    /// Its facts and conditions in flat form.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What it says.
    #[must_use]
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What it says of actions.
    #[must_use]
    pub const fn actions(&self) -> &ActionPolicy {
        &self.bundle.actions
    }

    /// What it is called.
    #[must_use]
    pub const fn reference(&self) -> &PolicyReference {
        &self.reference
    }

    /// Digest of what decides whether a draft is answered: what a certificate is bound to.
    #[must_use]
    pub fn decision_hash(&self) -> &str {
        &self.decision_hash
    }

    /// The same policy, where the certificates of these risk levels let nobody answer any more.
    #[must_use]
    pub fn without_certificates(&self, ended: Vec<RiskLevel>) -> Self {
        Self { ended, ..self.clone() }
    }

    /// Whether an alarm ended the certificate of a risk level.
    #[must_use]
    pub fn has_ended(&self, risk_level: RiskLevel) -> bool {
        self.ended.contains(&risk_level)
    }

    /// The queue for what no other accepts.
    #[must_use]
    pub const fn fallback(&self) -> &Queue {
        &self.fallback
    }

    /// The calendar of that name.
    #[must_use]
    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        self.bundle.calendars.iter().find(|calendar| calendar.calendar == name)
    }

    /// The queue of that name.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.bundle.queues.iter().find(|queue| queue.queue == name)
    }
}

impl Bundle {
    pub(crate) fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        fields.required("bundle_version", |node| {
            let version = node.integer(1, i64::from(u32::MAX))?;
            let known = version == BUNDLE_VERSION;
            known.then_some(()).ok_or_else(|| {
                node.invalid(
                    format!("bundle version {version}, this module reads {BUNDLE_VERSION}"),
                    "use a module of the same release as the compiler",
                )
            })
        })?;
        let facts = fields.list("facts", limits::POLICY_FACTS_MAX, FactDeclaration::read)?;
        let duration = |node: Node<'_>| node.integer(0, limits::DURATION_MS_MAX);
        let bundle = Self {
            bundle_version: BUNDLE_VERSION,
            id: fields.required("id", read::id)?,
            version: fields
                .required("version", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            confidence: fields.required("confidence", ConfidenceModel::read)?,
            tiers: fields.required("tiers", Tiers::read)?,
            risk_level_when_missing: fields.required("risk_level_when_missing", RiskLevel::read)?,
            sampling: fields.optional("sampling", Sampling::read)?,
            triggers: fields
                .list("triggers", limits::TRIGGERS_MAX, |node| Trigger::read(node, &facts))?,
            suppressions: fields.list("suppressions", limits::SUPPRESSIONS_MAX, |node| {
                Suppression::read(node, &facts)
            })?,
            // A bundle from before actions were judged knows no tool.
            actions: fields
                .optional("actions", |node| ActionPolicy::read(node, &facts))?
                .unwrap_or_else(ActionPolicy::cautious),
            calendars: fields.list("calendars", limits::CALENDARS_MAX, Calendar::read)?,
            queues: fields.list("queues", limits::QUEUES_MAX, |node| Queue::read(node, &facts))?,
            fallback_queue: fields.required("fallback_queue", read_name)?,
            limited_answer: fields.required("limited_answer", read_texts)?,
            templates: fields
                .optional("templates", |node| node.map(limits::TEMPLATES_MAX, read_texts))?
                .unwrap_or_default(),
            refusal: fields.required("refusal", read_texts)?,
            lease_duration_ms: fields.required("lease_duration_ms", |node| {
                node.integer(limits::LEASE_DURATION_MS_MIN, limits::LEASE_DURATION_MS_MAX)
            })?,
            undo_window_ms: fields.required("undo_window_ms", duration)?,
            work: fields.optional("work", |node| Ok(node.json().clone()))?,
            facts,
        };
        fields.finish()?;
        let has_calendar = |queue: &&Queue| {
            let named = queue.calendar.as_ref();
            let there = named.is_some_and(|name| {
                bundle.calendars.iter().any(|calendar| calendar.calendar == *name)
            });
            there || (named.is_none() && !queue.sla.needs_calendar())
        };
        if let Some(queue) = bundle.queues.iter().find(|queue| !has_calendar(queue)) {
            return Err(node.invalid(
                format!("the queue `{}` has no calendar", queue.queue),
                "name one of the calendars",
            ));
        }
        let is_protected = |id: &String| {
            let named = bundle.triggers.iter().find(|trigger| trigger.id == *id);
            named.is_some_and(|trigger| !may_cancel(trigger.kind))
        };
        let cancelled = bundle.suppressions.iter().flat_map(|one| &one.cancels);
        if let Some(id) = cancelled.into_iter().find(|id| is_protected(id)) {
            let detail = format!("`{id}` may not be cancelled");
            return Err(node.invalid(detail, "compile the policy again"));
        }
        Ok(bundle)
    }
}

impl Trigger {
    fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let mut fields = node.object()?;
        let trigger = Self {
            id: fields.required("id", read_name)?,
            kind: fields.required("kind", TriggerKind::read)?,
            when: fields.required("when", |node| Program::read(node, facts))?,
            required: fields
                .list("required", limits::POLICY_FACTS_MAX, |node| read_slot(node, facts))?,
            then: fields.required("then", Disposition::read)?,
            is_final: fields.required("final", read::bool)?,
            shadow: fields.required("shadow", read::bool)?,
            template: fields.optional("template", read_name)?,
            risk_level: fields.optional("risk_level", RiskLevel::read)?,
            sla_ms_max: fields
                .optional("sla_ms_max", |node| node.integer(0, limits::DURATION_MS_MAX))?,
            authority_level_min: fields.required("authority_level_min", read_level)?,
            why: fields.required("why", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
        };
        fields.finish()?;
        Ok(trigger)
    }
}

impl Queue {
    fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let duration = |node: Node<'_>| node.integer(0, limits::DURATION_MS_MAX);
        let mut fields = node.object()?;
        let queue = Self {
            queue: fields.required("queue", read_name)?,
            title: fields.required("title", read_name)?,
            accepts: fields.required("accepts", |node| Accepts::read(node, facts))?,
            sla: fields.required("sla", Sla::read)?,
            calendar: fields.optional("calendar", read_name)?,
            sla_ms_min: fields.required("sla_ms_min", duration)?,
            authority: fields.required("authority", Authority::read)?,
            skills: fields.list("skills", limits::LIST_LENGTH_MAX, read_name)?,
        };
        fields.finish()?;
        Ok(queue)
    }
}

impl Accepts {
    fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let mut fields = node.object()?;
        let accepts = Self {
            domains: fields.list("domains", limits::LIST_LENGTH_MAX, read_name)?,
            languages: fields.list("languages", limits::LIST_LENGTH_MAX, read_name)?,
            tenants: fields.list("tenants", limits::LIST_LENGTH_MAX, read_name)?,
            triggers: fields.list("triggers", limits::LIST_LENGTH_MAX, TriggerKind::read)?,
            risk_level_min: fields.required("risk_level_min", RiskLevel::read)?,
            risk_level_max: fields.required("risk_level_max", RiskLevel::read)?,
            when: fields.optional("when", |node| Program::read(node, facts))?,
        };
        fields.finish()?;
        Ok(accepts)
    }
}

impl Authority {
    /// Reads an authority.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let authority = Self {
            domain: fields.required("domain", read_name)?,
            level: fields.required("level", read_level)?,
        };
        fields.finish()?;
        Ok(authority)
    }
}

impl PolicyReference {
    /// Reads a stored reference.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        Ok(Self {
            id: fields.required("id", read::id)?,
            version: fields.required("version", read_name)?,
            hash: fields.required("hash", read_name)?,
        })
    }
}

fn read_name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}

fn read_level(node: Node<'_>) -> Read<i64> {
    node.integer(0, 9)
}

fn read_slot(node: Node<'_>, facts: &[FactDeclaration]) -> Read<u16> {
    let slot_max = i64::try_from(facts.len()).unwrap_or(0) - 1;
    node.integer(0, slot_max).map(|slot| u16::try_from(slot).unwrap_or(u16::MAX))
}

/// Texts by language, with the one for every other language.
fn read_texts(node: Node<'_>) -> Read<BTreeMap<String, String>> {
    let texts =
        node.map(limits::LIST_LENGTH_MAX, |node| node.filled_text(limits::NOTE_LENGTH_MAX))?;
    if texts.contains_key("default") {
        return Ok(texts);
    }
    Err(node.invalid("there is no text under `default`", "add a `default` text"))
}

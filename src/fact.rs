//! Facts: the only things that a condition may read, each with a path, a type and a source.
//!
//! A policy declares the facts that it reads; a declaration's position is the fact's slot, and
//! programs name slots. A fact that is absent or malformed is [`Value::Missing`], never false.

use serde::Serialize;

use crate::confidence::Confidence;
use crate::gate::Gate;
use crate::impact::Reversibility;
use crate::json::Json;
use crate::limits;
use crate::money::{Money, Rates};
use crate::policy::Policy;
use crate::read::{Node, Read};
use crate::request::{Request, RiskLevel, Signal, ToolStatus};
use crate::tool::GateVerdict;
use crate::units::TimestampMs;
use crate::word::words;

words! {
    /// The type of a fact.
    pub enum FactType {
        /// `true` or `false`.
        Bool = "bool",
        /// A whole number of at most 2^53 − 1.
        Int = "int",
        /// A finite double.
        Double = "double",
        /// A text.
        String = "string",
        /// An instant in RFC 3339.
        Time = "time",
        /// An amount with its currency, such as `50 USD`.
        Money = "money",
        /// A list of texts.
        StringList = "string_list",
        /// A list of whole numbers.
        IntList = "int_list",
        /// A list of doubles.
        DoubleList = "double_list",
    }
}

words! {
    /// Who vouches for a fact.
    pub enum FactSource {
        /// The calling application.
        Caller = "caller",
        /// The model: may only raise caution.
        Model = "model",
        /// The host itself.
        Host = "host",
    }
}

words! {
    /// What a decision record keeps of a fact.
    pub enum FactRecord {
        /// Its value.
        Value = "value",
        /// Nothing.
        Nothing = "nothing",
    }
}

/// One fact that the policy reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactDeclaration {
    /// Its path, such as `request.domain` or `facts.customer_tier`.
    pub path: String,
    /// Its type.
    #[serde(rename = "type")]
    pub fact_type: FactType,
    /// Who vouches for it.
    pub source: FactSource,
    /// What a decision record keeps of it.
    pub record: FactRecord,
}

impl FactDeclaration {
    /// Reads a declaration from a bundle.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let declaration = Self {
            path: fields.required("path", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            fact_type: fields.required("type", FactType::read)?,
            source: fields.required("source", FactSource::read)?,
            record: fields.required("record", FactRecord::read)?,
        };
        fields.finish()?;
        declaration.check(node)?;
        Ok(declaration)
    }

    /// A path is a built-in one with its own type, a signal, or one of the caller's.
    pub(crate) fn check(&self, node: Node<'_>) -> Read<()> {
        let expected = match built_in_type(&self.path) {
            Some(fact_type) => fact_type,
            None if self.path.starts_with(CALLER_PREFIX) => return Ok(()),
            None => {
                let known: Vec<&str> = BUILT_IN.iter().map(|(path, _)| *path).collect();
                let help = crate::read::suggestion(&self.path, &known).unwrap_or_else(|| {
                    format!("name a built-in fact, `signals.…`, or your own as `{CALLER_PREFIX}…`")
                });
                return Err(node.invalid(format!("there is no fact `{}`", self.path), help));
            }
        };
        if expected == self.fact_type {
            return Ok(());
        }
        Err(node.invalid(
            format!("`{}` is of type `{expected}`, declared as `{}`", self.path, self.fact_type),
            format!("declare it as `{expected}`"),
        ))
    }
}

/// Prefix of the caller's own facts.
pub const CALLER_PREFIX: &str = "facts.";
/// Prefix of the facts of one action: only rules over actions read them.
pub const ACTION_PREFIX: &str = "action.";
/// Prefix of the signals.
pub const SIGNAL_PREFIX: &str = "signals.";

/// The built-in facts and their types, apart from `signals.NAME`, which are doubles.
pub const BUILT_IN: &[(&str, FactType)] = &[
    ("tenant_id", FactType::String),
    ("confidence", FactType::Double),
    ("request.domain", FactType::String),
    ("request.intent", FactType::String),
    ("request.language", FactType::String),
    ("request.risk_level", FactType::String),
    ("request.asks_for_person", FactType::Bool),
    ("request.judge_score", FactType::Double),
    ("request.feedback_rating", FactType::Int),
    ("request.has_draft", FactType::Bool),
    ("request.question_length", FactType::Int),
    ("evidence.count", FactType::Int),
    ("actions.count", FactType::Int),
    ("actions.tools", FactType::StringList),
    ("actions.unknown_tools", FactType::StringList),
    ("actions.verdict", FactType::String),
    ("actions.tier", FactType::String),
    ("actions.effects", FactType::StringList),
    ("actions.reversibility", FactType::String),
    ("actions.amount", FactType::Money),
    ("actions.authority_level", FactType::Int),
    ("actions.quorum", FactType::Int),
    ("actions.provisional", FactType::Bool),
    ("actions.reason", FactType::String),
    ("action.tool", FactType::String),
    ("action.amount", FactType::Money),
    ("action.currency", FactType::String),
    ("action.effects", FactType::StringList),
    ("action.reversibility", FactType::String),
    ("action.tier", FactType::String),
    ("action.target", FactType::String),
    ("action.count", FactType::Int),
    ("tools.failed", FactType::StringList),
    ("tools.unavailable", FactType::StringList),
    ("signals.unavailable", FactType::StringList),
    ("release.model", FactType::String),
    ("release.prompt", FactType::String),
    ("release.index", FactType::String),
];

/// The type of a built-in fact or signal; `None` for any other path.
#[must_use]
pub fn built_in_type(path: &str) -> Option<FactType> {
    let built_in = BUILT_IN.iter().find(|(known, _)| *known == path);
    built_in.map(|(_, fact_type)| *fact_type).or_else(|| {
        let name = path.strip_prefix(SIGNAL_PREFIX)?;
        (!name.is_empty()).then_some(FactType::Double)
    })
}

/// The value of a fact for one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Absent or malformed: what depends on it is unknown.
    Missing,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite double.
    Double(f64),
    /// A text.
    String(&'a str),
    /// An instant.
    Time(TimestampMs),
    /// An amount.
    Money(Money),
    /// A list of texts.
    StringList(Vec<&'a str>),
    /// A list of whole numbers.
    IntList(Vec<i64>),
    /// A list of doubles.
    DoubleList(Vec<f64>),
}

impl Value<'_> {
    /// The value as JSON; `None` where it is missing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "integers here are at most 2^53")]
    pub fn to_json(&self) -> Option<Json> {
        let text = |text: &&str| Json::String((*text).to_owned());
        Some(match self {
            Self::Missing => return None,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::Number(*value as f64),
            Self::Double(value) => Json::Number(*value),
            Self::String(value) => text(value),
            Self::Time(value) => Json::String(value.to_string()),
            Self::Money(value) => Json::String(value.to_string()),
            Self::StringList(values) => Json::Array(values.iter().map(text).collect()),
            Self::IntList(values) => {
                Json::Array(values.iter().map(|value| Json::Number(*value as f64)).collect())
            }
            Self::DoubleList(values) => {
                Json::Array(values.iter().copied().map(Json::Number).collect())
            }
        })
    }
}

/// Whether the fact in a slot is missing.
#[must_use]
pub fn is_missing(values: &[Value<'_>], slot: u16) -> bool {
    values.get(usize::from(slot)).is_none_or(|value| *value == Value::Missing)
}

/// Where a request has the value of a fact: its path, looked up once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FactPlace {
    Tenant,
    Confidence,
    Domain,
    Intent,
    Language,
    RiskLevel,
    AsksForPerson,
    JudgeScore,
    FeedbackRating,
    HasDraft,
    QuestionLength,
    EvidenceCount,
    Tools(ToolStatus),
    SignalsUnavailable,
    ReleaseModel,
    ReleasePrompt,
    ReleaseIndex,
    /// What the request proposes: the name after `actions.`.
    Actions(String),
    /// A signal of that name.
    Signal(String),
    /// One of the caller's own facts.
    Caller(String),
    /// Only a rule over actions can read it.
    Nowhere,
}

impl FactPlace {
    /// The place that a path names.
    pub(crate) fn of(path: &str) -> Self {
        if let Some(name) = path.strip_prefix("actions.") {
            return Self::Actions(name.to_owned());
        }
        match path {
            "tenant_id" => Self::Tenant,
            "confidence" => Self::Confidence,
            "request.domain" => Self::Domain,
            "request.intent" => Self::Intent,
            "request.language" => Self::Language,
            "request.risk_level" => Self::RiskLevel,
            "request.asks_for_person" => Self::AsksForPerson,
            "request.judge_score" => Self::JudgeScore,
            "request.feedback_rating" => Self::FeedbackRating,
            "request.has_draft" => Self::HasDraft,
            "request.question_length" => Self::QuestionLength,
            "evidence.count" => Self::EvidenceCount,
            "tools.failed" => Self::Tools(ToolStatus::Failed),
            "tools.unavailable" => Self::Tools(ToolStatus::Unavailable),
            "signals.unavailable" => Self::SignalsUnavailable,
            "release.model" => Self::ReleaseModel,
            "release.prompt" => Self::ReleasePrompt,
            "release.index" => Self::ReleaseIndex,
            path => match (path.strip_prefix(SIGNAL_PREFIX), path.strip_prefix(CALLER_PREFIX)) {
                (Some(name), _) => Self::Signal(name.to_owned()),
                (None, Some(name)) => Self::Caller(name.to_owned()),
                (None, None) => Self::Nowhere,
            },
        }
    }
}

/// The values of the declared facts, by slot; `gate` is that of what the request proposes.
#[must_use]
pub fn extract<'a>(
    policy: &'a Policy,
    request: &'a Request,
    confidence: &Confidence,
    gate: Option<&'a Gate>,
) -> Vec<Value<'a>> {
    let places = policy.bundle().facts.iter().zip(policy.plan().places());
    places
        .map(|(fact, place)| {
            value_at(place, fact.fact_type, policy, request, confidence.probability, gate)
        })
        .collect()
}

/// A fact about what the request proposes.
fn of_actions<'a>(
    name: &str,
    policy: &'a Policy,
    request: &'a Request,
    gate: Option<&'a Gate>,
) -> Value<'a> {
    let actions = &request.proposed_actions;
    match (name, gate) {
        ("count", _) => Value::Int(i64::try_from(actions.len()).unwrap_or(i64::MAX)),
        ("tools", _) => {
            Value::StringList(actions.iter().map(|action| action.tool.as_str()).collect())
        }
        (_, Some(gate)) => of_gate(name, gate, policy.actions().rates.as_ref()),
        (_, None) => of_nothing(name, policy.actions().rates.as_ref()),
    }
}

fn of_gate<'a>(name: &str, gate: &'a Gate, rates: Option<&Rates>) -> Value<'a> {
    let impact = &gate.impact;
    match name {
        "unknown_tools" => {
            let unknown = gate.actions.iter().filter(|action| action.entry.is_none());
            Value::StringList(unknown.map(|action| action.tool.as_str()).collect())
        }
        "verdict" => Value::String(gate.verdict.as_str()),
        "tier" => Value::String(impact.tier.as_str()),
        "effects" => {
            Value::StringList(impact.effects.iter().map(|effect| effect.as_str()).collect())
        }
        "reversibility" => Value::String(impact.reversibility.as_str()),
        "amount" => {
            let nothing = rates.map(|rates| Money::zero(rates.base));
            gate.amount_or(nothing).map_or(Value::Missing, Value::Money)
        }
        "authority_level" => {
            Value::Int(gate.authority.as_ref().map_or(0, |authority| authority.level))
        }
        "quorum" => Value::Int(gate.quorum),
        "provisional" => Value::Bool(gate.provisional),
        "reason" => Value::String(&gate.reason),
        _ => Value::Missing,
    }
}

/// A fact about a request that proposes nothing: then nothing is at stake.
pub(crate) fn of_nothing(name: &str, rates: Option<&Rates>) -> Value<'static> {
    match name {
        "count" | "authority_level" | "quorum" => Value::Int(0),
        "tools" | "unknown_tools" | "effects" => Value::StringList(Vec::new()),
        "verdict" => Value::String(GateVerdict::Allow.as_str()),
        "tier" => Value::String(RiskLevel::Low.as_str()),
        "reversibility" => Value::String(Reversibility::ReadOnly.as_str()),
        "amount" => rates.map_or(Value::Missing, |rates| Value::Money(Money::zero(rates.base))),
        "provisional" => Value::Bool(false),
        "reason" => Value::String(""),
        _ => Value::Missing,
    }
}

/// The value of the fact at a place.
pub(crate) fn value_at<'a>(
    place: &FactPlace,
    fact_type: FactType,
    policy: &'a Policy,
    request: &'a Request,
    probability: f64,
    gate: Option<&'a Gate>,
) -> Value<'a> {
    let string = |text: &'a Option<String>| text.as_deref().map_or(Value::Missing, Value::String);
    let release = |pick: fn(&'a crate::request::Release) -> &'a Option<String>| {
        request.release.as_ref().map_or(Value::Missing, |release| string(pick(release)))
    };
    let count = |length: usize| Value::Int(i64::try_from(length).unwrap_or(i64::MAX));
    let word = |word: Option<&'static str>| word.map_or(Value::Missing, Value::String);
    match place {
        FactPlace::Tenant => Value::String(request.tenant_id.as_str()),
        FactPlace::Confidence => Value::Double(probability),
        FactPlace::Domain => string(&request.domain),
        FactPlace::Intent => word(request.intent.map(crate::request::Intent::as_str)),
        FactPlace::Language => string(&request.language),
        FactPlace::RiskLevel => word(request.risk_level.map(crate::request::RiskLevel::as_str)),
        FactPlace::AsksForPerson => request.asks_for_person.map_or(Value::Missing, Value::Bool),
        FactPlace::JudgeScore => {
            request.judge_score.map_or(Value::Missing, |score| Value::Double(score.get()))
        }
        FactPlace::FeedbackRating => request.feedback_rating.map_or(Value::Missing, Value::Int),
        FactPlace::HasDraft => Value::Bool(request.model_draft.is_some()),
        FactPlace::QuestionLength => count(request.user_question.chars().count()),
        FactPlace::EvidenceCount => count(request.evidence.len()),
        FactPlace::Tools(status) => tools(request, *status),
        FactPlace::SignalsUnavailable => Value::StringList(
            request
                .signals
                .iter()
                .filter(|(_, signal)| **signal == Signal::Unavailable)
                .map(|(name, _)| name.as_str())
                .collect(),
        ),
        FactPlace::ReleaseModel => release(|release| &release.model),
        FactPlace::ReleasePrompt => release(|release| &release.prompt),
        FactPlace::ReleaseIndex => release(|release| &release.index),
        FactPlace::Actions(name) => of_actions(name, policy, request, gate),
        FactPlace::Signal(name) => match request.signals.get(name) {
            Some(Signal::Present(score)) => Value::Double(score.get()),
            _ => Value::Missing,
        },
        FactPlace::Caller(name) => {
            request.facts.get(name).map_or(Value::Missing, |json| of_type(fact_type, json))
        }
        FactPlace::Nowhere => Value::Missing,
    }
}

fn tools(request: &Request, status: ToolStatus) -> Value<'_> {
    let with_status = request.tool_results.iter().filter(|result| result.status == status);
    Value::StringList(with_status.map(|result| result.tool.as_str()).collect())
}

/// The value of a caller's fact, if it has the declared type.
pub(crate) fn of_type(fact_type: FactType, json: &Json) -> Value<'_> {
    let node = Node::root(json);
    match (fact_type, json) {
        (FactType::Bool, Json::Bool(value)) => Value::Bool(*value),
        (FactType::Double, Json::Number(value)) => Value::Double(*value),
        (FactType::String, Json::String(value)) if value.len() <= limits::NOTE_LENGTH_MAX => {
            Value::String(value)
        }
        (FactType::Int, Json::Number(_)) => integer(node).map_or(Value::Missing, Value::Int),
        (FactType::Time, Json::String(value)) => {
            TimestampMs::parse(value).map_or(Value::Missing, Value::Time)
        }
        (FactType::Money, Json::String(_)) => {
            Money::read_text(node).map_or(Value::Missing, Value::Money)
        }
        (FactType::StringList, Json::Array(values)) if values.len() <= limits::LIST_LENGTH_MAX => {
            let strings = values.iter().map(|value| match value {
                Json::String(text) => Some(text.as_str()),
                _ => None,
            });
            strings.collect::<Option<Vec<_>>>().map_or(Value::Missing, Value::StringList)
        }
        (FactType::IntList, Json::Array(_)) => {
            node.list(limits::LIST_LENGTH_MAX, integer).map_or(Value::Missing, Value::IntList)
        }
        (FactType::DoubleList, Json::Array(_)) => node
            .list(limits::LIST_LENGTH_MAX, crate::read::number)
            .map_or(Value::Missing, Value::DoubleList),
        _ => Value::Missing,
    }
}

fn integer(node: Node<'_>) -> Read<i64> {
    node.integer(-crate::json::INTEGER_MAX, crate::json::INTEGER_MAX)
}

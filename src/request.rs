//! What an edge asks: a question, the model's draft, what it stands on, and what was measured.
//!
//! Everything here is the caller's or the model's word: it may raise caution, never lower it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::error::ErrorCode;
use crate::inference::ToolInfo;
use crate::json::Json;
use crate::limits;
use crate::read::{self, Fields, Node, Read};
use crate::units::{Id, Score, TimestampMs};
use crate::word::words;

/// Version of the request record that this code writes.
pub const REQUEST_VERSION: i64 = 1;

words! {
    /// How much is at stake, ascending.
    pub enum RiskLevel {
        /// A mistake is a nuisance.
        Low = "low",
        /// A mistake costs time or a little money.
        Medium = "medium",
        /// A mistake harms somebody or costs much.
        High = "high",
        /// Always for a person.
        Critical = "critical",
    }
}

words! {
    /// What the user means to do with the answer.
    pub enum Intent {
        /// To know something.
        Informational = "informational",
        /// To be advised in their own case.
        Advisory = "advisory",
        /// To have something done or decided.
        Consequential = "consequential",
    }
}

words! {
    /// How a tool call ended.
    pub enum ToolStatus {
        /// It gave a result.
        Succeeded = "succeeded",
        /// It answered that it could not.
        Failed = "failed",
        /// It could not be reached; nothing is known.
        Unavailable = "unavailable",
    }
}

words! {
    /// Who wrote a message.
    pub enum Role {
        /// The person who asks.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The application.
        System = "system",
        /// A tool.
        Tool = "tool",
    }
}

/// One earlier turn of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// The text, at most 64,000 characters.
    pub content: String,
    /// When it was written.
    pub at: Option<TimestampMs>,
}

/// A passage that the draft stands on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The document in the caller's retrieval system.
    pub document_id: String,
    /// Its title, for the reviewer.
    pub title: Option<String>,
    /// Where it can be read; shown as text, never opened by itself.
    pub url: Option<String>,
    /// The passage, at most 64,000 characters.
    pub quote: String,
    /// How well it matched, in [0, 1].
    pub score: Option<Score>,
}

/// What a tool said while the draft was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolResult {
    /// The tool's name.
    pub tool: String,
    /// How the call ended.
    pub status: ToolStatus,
    /// What it said, in short.
    pub summary: Option<String>,
}

/// Whether the caller wants people to approve an action: anything but `false` raises.
pub const REQUIRES_APPROVAL: &str = "requires_approval";
/// What the caller says an action rests on.
pub const POLICY_BASIS: &str = "policy_basis";

/// Something that the model wants done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Action {
    /// The tool's name.
    pub tool: String,
    /// The arguments, as the tool would get them.
    pub arguments: BTreeMap<String, Json>,
    /// What the caller says about the tool itself; not trusted, and not part of the digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub tool_info: Option<ToolInfo>,
}

/// Which versions made the draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Release {
    /// The model.
    pub model: Option<String>,
    /// The prompt.
    pub prompt: Option<String>,
    /// The retrieval index.
    pub index: Option<String>,
}

/// One reading of one signal. "Could not look" is never "found nothing".
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "number | \"missing\" | \"unavailable\""))]
pub enum Signal {
    /// Measured, in [0, 1].
    Present(Score),
    /// Not measured, or not applicable.
    Missing,
    /// Needed, and failed.
    Unavailable,
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Present(score) => score.serialize(serializer),
            Self::Missing => serializer.serialize_str("missing"),
            Self::Unavailable => serializer.serialize_str("unavailable"),
        }
    }
}

/// What an edge asks about one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Request {
    /// Version of this record; 1.
    pub version: i64,
    /// The caller's id of this request, made by the caller.
    pub request_id: Option<Id>,
    /// The tenant; the host takes it from the credential and refuses another.
    pub tenant_id: Id,
    /// The conversation that it belongs to.
    pub conversation_id: Option<Id>,
    /// What the user asked, at most 64,000 characters.
    pub user_question: String,
    /// What the model would answer.
    pub model_draft: Option<String>,
    /// Earlier turns, oldest first, at most 200.
    pub messages: Vec<Message>,
    /// What the draft stands on, at most 64.
    pub evidence: Vec<Evidence>,
    /// What tools said, at most 64.
    pub tool_results: Vec<ToolResult>,
    /// The subject, such as `billing` or `medical`.
    pub domain: Option<String>,
    /// What the user means to do with the answer.
    pub intent: Option<Intent>,
    /// BCP 47 language tag of the question.
    pub language: Option<String>,
    /// The caller's estimate of what is at stake.
    pub risk_level: Option<RiskLevel>,
    /// Whether the user asked for a person.
    pub asks_for_person: Option<bool>,
    /// Signals by name; a name that is absent is missing.
    pub signals: BTreeMap<String, Signal>,
    /// A judge's score of the draft, in [0, 1].
    pub judge_score: Option<Score>,
    /// The user's rating of an answer they got, 1 to 5.
    pub feedback_rating: Option<i64>,
    /// What the model wants done, at most 32.
    pub proposed_actions: Vec<Action>,
    /// The caller's own facts, as the policy declares them, at most 64.
    pub facts: BTreeMap<String, Json>,
    /// Which versions made the draft.
    pub release: Option<Release>,
    /// Where the trace can be read; shown as text.
    pub trace_url: Option<String>,
    /// JSON Pointers of fields that this version does not know; they took no part.
    pub unknown_fields: Vec<String>,
}

impl Request {
    /// Reads a request. Unknown fields are listed, not refused: an edge may be newer than this code.
    ///
    /// # Errors
    /// `invalid_field` or `limit_exceeded`, with the path to the fault.
    pub fn read(value: &Json) -> Read<Self> {
        let mut fields = Node::root(value).object()?;
        let mut request = Self::read_fields(&mut fields)?;
        request.unknown_fields = fields.finish_listing_unknown();
        Ok(request)
    }

    /// Reads the fields of a request from a record that may have more of its own.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn read_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let version = fields.optional("version", |node| node.integer(1, i64::from(u32::MAX)))?;
        Ok(Self {
            version: version.unwrap_or(REQUEST_VERSION),
            request_id: fields.optional("request_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            conversation_id: fields.optional("conversation_id", read::id)?,
            user_question: fields
                .required("user_question", |node| node.filled_text(limits::TEXT_LENGTH_MAX))?,
            model_draft: fields
                .optional("model_draft", |node| node.text(limits::TEXT_LENGTH_MAX))?,
            messages: fields.list("messages", limits::MESSAGES_MAX, read_message)?,
            evidence: fields.list("evidence", limits::EVIDENCE_MAX, read_evidence)?,
            tool_results: fields.list(
                "tool_results",
                limits::TOOL_RESULTS_MAX,
                read_tool_result,
            )?,
            domain: fields.optional("domain", name)?,
            intent: fields.optional("intent", Intent::read)?,
            language: fields.optional("language", read_language)?,
            risk_level: fields.optional("risk_level", RiskLevel::read)?,
            asks_for_person: fields.optional("asks_for_person", read::bool)?,
            signals: fields
                .optional("signals", |node| node.map(limits::FACTS_MAX, read_signal))?
                .unwrap_or_default(),
            judge_score: fields.optional("judge_score", read::score)?,
            feedback_rating: fields.optional("feedback_rating", |node| node.integer(1, 5))?,
            proposed_actions: fields.list(
                "proposed_actions",
                limits::PROPOSED_ACTIONS_MAX,
                Action::read,
            )?,
            facts: fields
                .optional("facts", |node| {
                    node.map(limits::FACTS_MAX, |fact| Ok(fact.json().clone()))
                })?
                .unwrap_or_default(),
            release: fields.optional("release", read_release)?,
            trace_url: fields.optional("trace_url", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            unknown_fields: Vec::new(),
        })
    }
}

impl Action {
    /// Reads an action, in the form `{tool, arguments}` or in the flat form
    /// `{proposed_action, amount, currency, …}`, whose other fields are the arguments.
    ///
    /// # Errors
    /// `invalid_field` if neither `tool` nor `proposed_action` names the tool.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let argument = |node: Node<'_>| Ok(node.json().clone());
        let mut fields = node.object()?;
        if fields.has("proposed_action") {
            let tool = fields.required("proposed_action", name)?;
            let mut arguments = BTreeMap::new();
            for (name, value) in node.map(limits::FACTS_MAX, argument)? {
                if name != "proposed_action" {
                    arguments.insert(name, value);
                }
            }
            return Ok(Self { tool, arguments, tool_info: None });
        }
        let tool = fields.required("tool", name)?;
        let mut arguments = fields
            .optional("arguments", |node| node.map(limits::FACTS_MAX, argument))?
            .unwrap_or_default();
        // What the caller says of approval counts beside the arguments as among them.
        for word in [REQUIRES_APPROVAL, POLICY_BASIS] {
            if let Some(said) = fields.optional(word, argument)? {
                arguments.entry(word.to_owned()).or_insert(said);
            }
        }
        let tool_info = fields.optional("tool_info", ToolInfo::read)?;
        Ok(Self { tool, arguments, tool_info })
    }
}

/// Reads a signal: a number in [0, 1], or the word for why there is none.
///
/// # Errors
/// `invalid_field` for anything else.
pub fn read_signal(node: Node<'_>) -> Read<Signal> {
    match node.json() {
        Json::Null => Ok(Signal::Missing),
        Json::String(word) if word == "missing" => Ok(Signal::Missing),
        Json::String(word) if word == "unavailable" => Ok(Signal::Unavailable),
        Json::Number(_) => node.score().map(Signal::Present),
        other => Err(node.fault(
            ErrorCode::InvalidField,
            format!(
                "expected a number in [0, 1], `missing` or `unavailable`, got {}",
                other.kind()
            ),
            "send the measured score, or say why there is none",
        )),
    }
}

pub(crate) fn read_language(node: Node<'_>) -> Read<String> {
    let tag = node.filled_text(35)?;
    let valid = tag.split('-').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if valid {
        return Ok(tag);
    }
    Err(node.invalid("not a BCP 47 language tag", "send a tag such as `en` or `pt-BR`"))
}

pub(crate) fn read_message(node: Node<'_>) -> Read<Message> {
    let mut fields = node.object()?;
    Ok(Message {
        role: fields.required("role", Role::read)?,
        content: fields.required("content", |node| node.text(limits::TEXT_LENGTH_MAX))?,
        at: fields.optional("at", read::timestamp)?,
    })
}

fn read_evidence(node: Node<'_>) -> Read<Evidence> {
    let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
    let mut fields = node.object()?;
    Ok(Evidence {
        document_id: fields.required("document_id", name)?,
        title: fields.optional("title", name)?,
        url: fields.optional("url", |node| node.text(limits::NOTE_LENGTH_MAX))?,
        quote: fields.required("quote", |node| node.text(limits::TEXT_LENGTH_MAX))?,
        score: fields.optional("score", read::score)?,
    })
}

fn read_tool_result(node: Node<'_>) -> Read<ToolResult> {
    let mut fields = node.object()?;
    Ok(ToolResult {
        tool: fields.required("tool", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
        status: fields.required("status", ToolStatus::read)?,
        summary: fields.optional("summary", |node| node.text(limits::TEXT_LENGTH_MAX))?,
    })
}

pub(crate) fn read_release(node: Node<'_>) -> Read<Release> {
    let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
    let mut fields = node.object()?;
    Ok(Release {
        model: fields.optional("model", name)?,
        prompt: fields.optional("prompt", name)?,
        index: fields.optional("index", name)?,
    })
}

//! What an executor is sent, and what counts as its answer.

use std::collections::BTreeMap;

use crate::compile::to_json;
use crate::execution::Execution;
use crate::host::outbound::Answer;
use crate::host::store::Failure;
use crate::json::Json;
use crate::limits;
use crate::proposal::{PreviewChange, Proposal};
use crate::read::{Node, Read};
use crate::request::Action;
use crate::units::TimestampMs;

/// Bytes of an executor's answer.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// What is asked of an executor.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// Say what would happen.
    Preview,
    /// Do it.
    Execute,
    /// Say what happened under this key.
    Status,
}

impl Mode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Execute => "execute",
            Self::Status => "status",
        }
    }
}

/// What came of a request that asks to execute, or what had come of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It happened.
    Succeeded(Option<Json>),
    /// It had no effect, and will have none.
    Refused(String),
    /// The state that the preview saw has moved on; it had no effect.
    Drifted(String),
    /// Nothing happened under this key so far.
    Absent,
    /// Not known, and why.
    Unknown(String),
}

/// What a dry run said of one action.
#[derive(Clone, Debug, PartialEq)]
pub struct Previewed {
    /// What would change.
    pub changes: Vec<PreviewChange>,
    /// In the executor's words.
    pub note: Option<String>,
    /// The state that it saw.
    pub precondition: Option<String>,
}

/// The request that shows what one action of a proposal would do.
pub(super) fn preview(
    proposal: &Proposal,
    position: usize,
    action: &Action,
) -> Result<Json, Failure> {
    let text = |text: &str| Json::String(text.to_owned());
    let mut fields = BTreeMap::new();
    #[expect(clippy::cast_precision_loss, reason = "a proposal has few actions")]
    let numbers = [("version", 1.0), ("position", position as f64)];
    fields.extend(numbers.map(|(name, number)| (name.to_owned(), Json::Number(number))));
    fields.extend([
        ("mode".to_owned(), text(Mode::Preview.as_str())),
        ("tenant_id".to_owned(), text(proposal.tenant_id.as_str())),
        ("proposal_id".to_owned(), text(proposal.proposal_id.as_str())),
        ("requested_by".to_owned(), text(proposal.requested_by.as_str())),
        ("action".to_owned(), to_json(action)?),
    ]);
    Ok(Json::Object(fields))
}

/// The request that does an action, or asks what was done.
///
/// # Errors
/// Never for a record that was stored.
pub(super) fn execute(
    execution: &Execution,
    mode: Mode,
    not_after: TimestampMs,
) -> Result<Json, Failure> {
    let text = |text: &str| Json::String(text.to_owned());
    let attempt = execution.last_attempt().map(|attempt| attempt.attempt_id.as_str());
    #[expect(clippy::cast_precision_loss, reason = "a proposal has few actions")]
    let position = Json::Number(execution.position as f64);
    let fields = [
        ("version", Json::Number(1.0)),
        ("mode", text(mode.as_str())),
        ("tenant_id", text(execution.tenant_id.as_str())),
        ("proposal_id", text(execution.proposal_id.as_str())),
        ("execution_id", text(execution.execution_id.as_str())),
        ("attempt_id", attempt.map_or(Json::Null, text)),
        ("authorization_id", text(execution.authorization_id.as_str())),
        ("position", position),
        ("idempotency_key", text(&execution.idempotency_key)),
        ("binding_digest", text(&execution.binding_digest)),
        ("action", to_json(&execution.action)?),
        ("precondition", execution.precondition.as_deref().map_or(Json::Null, text)),
        ("approved_by", to_json(&execution.approved_by)?),
        ("not_after", text(&not_after.to_string())),
    ];
    Ok(Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// What an answer says of an execution. An answer that does not name key and digest says nothing:
/// it may be another's, or a proxy's.
#[must_use]
pub fn told(execution: &Execution, answer: &Answer) -> Told {
    let unknown = |why: &str| Told::Unknown(format!("HTTP {}: {why}", answer.status));
    let Some(body) = parse(answer) else {
        return unknown("the answer is not JSON that is admitted");
    };
    if answer.status >= 500 || (300..400).contains(&answer.status) {
        return unknown("the executor could not say");
    }
    match read_told(Node::root(&body), execution) {
        Ok(told) => told,
        Err(fault) => unknown(&format!("`{}`: {}", fault.path, fault.detail)),
    }
}

fn read_told(node: Node<'_>, execution: &Execution) -> Read<Told> {
    let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
    let mut fields = node.object()?;
    let status = fields.required("status", name)?;
    let same = |wanted: &str, what: &str| {
        let wanted = wanted.to_owned();
        let what = what.to_owned();
        move |node: Node<'_>| {
            let found = node.filled_text(limits::NAME_LENGTH_MAX)?;
            let fits = found == wanted;
            fits.then_some(()).ok_or_else(|| node.invalid(format!("another {what}"), "name ours"))
        }
    };
    fields.required("idempotency_key", same(&execution.idempotency_key, "key"))?;
    fields.required("binding_digest", same(&execution.binding_digest, "digest"))?;
    let result = fields.optional("result", |node| Ok(node.json().clone()))?;
    let reason = fields.optional("reason", |node| node.text(limits::NAME_LENGTH_MAX))?;
    let reason = reason.unwrap_or_else(|| "the executor gives no reason".to_owned());
    Ok(match status.as_str() {
        "succeeded" => Told::Succeeded(result),
        "refused" => Told::Refused(reason),
        "drifted" => Told::Drifted(reason),
        "absent" => Told::Absent,
        "in_progress" => Told::Unknown("it is still under way".to_owned()),
        _ => Told::Unknown(format!("the status `{}` is not known", crate::read::excerpt(&status))),
    })
}

/// What a dry run says: the changes, or why the action would be refused, or that it says nothing
/// that can be read.
pub(super) fn previewed(answer: &Answer) -> Result<Previewed, String> {
    let told = |why: &str| format!("HTTP {}: {why}", answer.status);
    let body = parse(answer).ok_or_else(|| told("the answer is not JSON that is admitted"))?;
    if !(200..300).contains(&answer.status) && answer.status != 409 && answer.status != 422 {
        return Err(told("the executor could not say"));
    }
    let read = |node: Node<'_>| -> Read<(String, Option<String>, Previewed)> {
        let mut fields = node.object()?;
        let status = fields.required("status", |node| node.filled_text(limits::NAME_LENGTH_MAX))?;
        let reason = fields.optional("reason", |node| node.text(limits::NAME_LENGTH_MAX))?;
        let previewed = Previewed {
            changes: fields.list("changes", limits::PREVIEW_CHANGES_MAX, PreviewChange::read)?,
            note: fields.optional("note", |node| node.text(limits::NAME_LENGTH_MAX))?,
            precondition: fields
                .optional("precondition", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
        };
        Ok((status, reason, previewed))
    };
    match read(Node::root(&body)) {
        Ok((status, _, previewed)) if status == "previewed" => Ok(previewed),
        Ok((status, reason, _)) => {
            Err(format!("the executor says `{status}`: {}", reason.unwrap_or_default()))
        }
        Err(fault) => Err(told(&format!("`{}`: {}", fault.path, fault.detail))),
    }
}

fn parse(answer: &Answer) -> Option<Json> {
    serde_json::from_slice::<Json>(&answer.body).ok()
}

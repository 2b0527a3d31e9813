//! What the outside is told when something happened to a case: a CloudEvents 1.0 envelope around
//! compact facts. Nothing that a user, a model or a reviewer wrote is in it, except an answer that
//! was released and a question to the customer, for those who asked for it.

use serde::Serialize;

use crate::case::{Answer, Case, CaseState, Event, Outcome, UserNotice};
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};

/// What every type of event begins with.
const TYPE_PREFIX: &str = "dev.countersign.";

/// An event as it is sent, in the form of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaseEvent {
    /// The version of the envelope: `1.0`.
    pub specversion: String,
    /// The event's id, which is that of its audit entry; the same however often it is sent.
    pub id: Id,
    /// Whose it is: `/tenants/{tenant}`.
    pub source: String,
    /// What happened: `dev.countersign.` and the event's name.
    pub r#type: String,
    /// The case.
    pub subject: Id,
    /// When.
    pub time: TimestampMs,
    /// The media type of the data.
    pub datacontenttype: String,
    /// Its position among the tenant's events, from 1, without gaps.
    pub sequence: i64,
    /// The facts.
    pub data: CaseEventData,
}

/// The facts of an event: how the case stood once it had happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaseEventData {
    /// The case.
    pub case_id: Id,
    /// The request that it comes from.
    pub request_id: Option<Id>,
    /// Where the case stood.
    pub state: CaseState,
    /// The queue that held it.
    pub queue: String,
    /// Which change of the case this is.
    pub revision: i64,
    /// What kind of answer was released; null before that.
    pub outcome: Option<Outcome>,
    /// What the user is told, where that is what happened.
    pub notice: Option<UserNotice>,
    /// Who is to be paged: the id of a `[[notify]]` of the policy.
    pub page: Option<String>,
    /// The answer that was released, for who asked for it; null for everybody else.
    pub answer: Option<Answer>,
    /// The question to the customer, for who asked for an answer; null for everybody else.
    pub question: Option<String>,
}

impl CaseEventData {
    /// The facts of an event that brought a case to where it stands now. A decision can be taken
    /// back, so that only its release says what it was.
    #[must_use]
    pub fn of(case: &Case, event: &Event) -> Self {
        let released = matches!(event, Event::AnswerReleased { .. });
        let released = released || matches!(event, Event::CaseExpired { .. });
        let outcome = case.answer.as_ref().map(|answer| answer.outcome);
        let (page, notice) = match event {
            Event::SlaWarned { clock, percent, .. } | Event::SlaBreached { clock, percent, .. } => {
                let mut marks = case.marks.iter();
                let mark = marks.find(|mark| mark.clock == *clock && mark.percent == *percent);
                (mark.and_then(|mark| mark.page.clone()), None)
            }
            Event::UserNotified { notice } => (None, Some(notice.clone())),
            Event::CaseCreated { .. } => (None, case.notices.last().cloned()),
            _ => (None, None),
        };
        Self {
            case_id: case.case_id.clone(),
            request_id: case.request_id.clone(),
            state: case.state,
            queue: case.queue.clone(),
            revision: case.revision,
            outcome: outcome.filter(|_| released),
            notice,
            page,
            answer: None,
            question: None,
        }
    }
}

impl CaseEventData {
    /// Reads stored facts; an answer is never among them.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let data = Self {
            case_id: fields.required("case_id", read::id)?,
            request_id: fields.optional("request_id", read::id)?,
            state: fields.required("state", CaseState::read)?,
            queue: fields.required("queue", name)?,
            revision: fields.required("revision", |node| node.integer(1, INTEGER_MAX))?,
            outcome: fields.optional("outcome", Outcome::read)?,
            notice: fields.optional("notice", UserNotice::read)?,
            page: fields.optional("page", name)?,
            answer: fields.optional("answer", |node| {
                Err(node.invalid("an answer is not stored here", "read it from its case"))
            })?,
            question: fields.optional("question", |node| {
                Err(node.invalid("a question is not stored here", "read it from its case"))
            })?,
        };
        fields.finish()?;
        Ok(data)
    }
}

impl CaseEvent {
    /// The envelope of an event.
    #[must_use]
    pub fn new(
        id: Id,
        tenant_id: &Id,
        sequence: i64,
        name: &str,
        time: TimestampMs,
        data: CaseEventData,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: source_of(tenant_id),
            r#type: type_of(name),
            subject: data.case_id.clone(),
            time,
            datacontenttype: "application/json".to_owned(),
            sequence,
            data,
        }
    }
}

/// Whose an event is.
pub(crate) fn source_of(tenant_id: &Id) -> String {
    format!("/tenants/{}", percent_encoded(tenant_id.as_str()))
}

/// The type of an event of that name.
pub(crate) fn type_of(name: &str) -> String {
    format!("{TYPE_PREFIX}{name}")
}

/// A text as one segment of a path (RFC 3986).
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

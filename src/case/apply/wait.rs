//! Waiting: for the customer, or for a time.

use super::refusal::not_now;
use crate::case::{Case, Event, Timing, Waiting};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::limits;
use crate::request::Message;
use crate::units::TimestampMs;

pub(super) fn ask(
    by: &Authorized,
    question: String,
    until: TimestampMs,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    let asked_by = by.actor().principal_id.clone();
    let waiting = Waiting { question, asked_by, asked_at: now, delivered_at: None, until };
    Ok(vec![Event::QuestionSent { waiting }])
}

/// A question reaches the customer once; a second word of it changes nothing.
pub(super) fn deliver(case: &Case, now: TimestampMs) -> Result<Vec<Event>, Fault> {
    if case.paused_at.is_some() {
        return Err(not_now("the question was delivered already"));
    }
    Ok(vec![Event::QuestionDelivered { delivered_at: now }])
}

pub(super) fn append(
    case: &Case,
    message: Message,
    timing: Option<Timing>,
) -> Result<Vec<Event>, Fault> {
    if case.messages.len() >= limits::MESSAGES_MAX {
        return Err(Fault::new(
            ErrorCode::LimitExceeded,
            "/message",
            format!("a conversation has at most {} turns", limits::MESSAGES_MAX),
            "open another case",
        ));
    }
    Ok(vec![Event::TurnAppended { message, timing: case.paused_at.and(timing) }])
}

pub(super) fn end(
    case: &Case,
    timing: Option<Timing>,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    if case.waiting.as_ref().is_some_and(|waiting| now < waiting.until) {
        return Err(not_now("there is still time to answer"));
    }
    Ok(vec![Event::WaitEnded { timing: case.paused_at.and(timing) }])
}

pub(super) fn defer(
    case: &Case,
    until: TimestampMs,
    reason: Option<String>,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    if until <= now || until > case.due_at {
        return Err(Fault::new(
            ErrorCode::InvalidTime,
            "/until",
            format!("a case is put off to a time between now and its deadline, {}", case.due_at),
            "send such a time, or ask a lead for another deadline",
        ));
    }
    Ok(vec![Event::CaseDeferred { until, reason }])
}

pub(super) fn wake(case: &Case, now: TimestampMs) -> Result<Vec<Event>, Fault> {
    if case.deferred_until.is_some_and(|until| now < until) {
        return Err(not_now("it is put off to a later time"));
    }
    Ok(vec![Event::CaseWoken {}])
}

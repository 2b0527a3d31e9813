//! The sections about the work of people: `[work]`, `[[notify]]`, `[notice]`, and what each
//! `[[queue]]` says of reviewers, clocks and overflow.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Sla};
use crate::case::{ClockKind, MarkAction, NoticeKind, Step};
use crate::compile::duration;
use crate::error::{ErrorCode, Fault};
use crate::limits;
use crate::policy::Bundle;
use crate::read::{self, Fields, Node, Read};
use crate::work::{Notify, OPEN_LEASES, Overflow, QueueWork, WAITING_MS, WorkPolicy};

/// `[work]`
pub(super) fn read_terms(node: Node<'_>) -> Read<(i64, i64)> {
    let mut fields = node.object()?;
    let waiting_ms = fields.optional("waiting", duration::read)?.unwrap_or(WAITING_MS);
    let leases = fields.optional("open_leases_max", |node| node.integer(1, 1_000))?;
    fields.finish()?;
    Ok((waiting_ms, leases.unwrap_or(OPEN_LEASES)))
}

/// What a policy without the section says.
pub(super) const fn usual_terms() -> (i64, i64) {
    (WAITING_MS, OPEN_LEASES)
}

/// `[[notify]]`
pub(super) fn read_notify(node: Node<'_>) -> Read<Notify> {
    let mut fields = node.object()?;
    let notify =
        Notify { id: fields.required("id", name)?, title: fields.required("title", name)? };
    fields.finish()?;
    Ok(notify)
}

/// `[notice.received]` and its kind: texts by language.
pub(super) fn read_notices(node: Node<'_>) -> Read<BTreeMap<String, BTreeMap<String, String>>> {
    let mut fields = node.object()?;
    let mut notices = BTreeMap::new();
    for (word, key) in [
        (NoticeKind::Received, "received"),
        (NoticeKind::Expected, "expected"),
        (NoticeKind::Overdue, "overdue"),
    ] {
        if let Some(texts) = fields.optional(key, super::source::read_texts)? {
            notices.insert(word.as_str().to_owned(), texts);
        }
    }
    fields.finish()?;
    Ok(notices)
}

/// The fields of a `[[queue]]` that only hosts read.
pub(super) fn read_queue(
    fields: &mut Fields<'_>,
    queue: &str,
    calendar: Option<&Calendar>,
) -> Read<QueueWork> {
    let reviewers =
        fields.optional("reviewers", |node| node.integer(1, limits::REVIEWERS_MAX))?.unwrap_or(1);
    let first_touch = fields.optional("first_touch", |node| {
        let sla = duration::read_sla(node)?;
        if sla.needs_calendar() && calendar.is_none() {
            return Err(node.invalid("business time needs a calendar", "add `calendar`"));
        }
        Ok(sla)
    })?;
    let steps = fields.list("steps", limits::SLA_STEPS_MAX, |node| {
        let step = read_step(node)?;
        if step.clock == ClockKind::FirstTouch && first_touch.is_none() {
            let detail = "the queue has no first touch to count by";
            return Err(node.invalid(detail, "add `first_touch`, or take `clock` out"));
        }
        Ok(step)
    })?;
    let overflow = fields.optional("overflow", |node| {
        let mut fields = node.object()?;
        let overflow = Overflow {
            ready_max: fields.required("waiting", |node| node.integer(1, 1_000_000))?,
            queue: fields.required("queue", name)?,
        };
        fields.finish()?;
        Ok(overflow)
    })?;
    Ok(QueueWork { queue: queue.to_owned(), reviewers, first_touch, steps, overflow })
}

fn read_step(node: Node<'_>) -> Read<Step> {
    let mut fields = node.object()?;
    let step = Step {
        clock: fields.optional("clock", ClockKind::read)?.unwrap_or(ClockKind::Resolution),
        percent: fields.required("at", |node| node.integer(1, limits::SLA_PERCENT_MAX))?,
        then: fields.required("then", MarkAction::read)?,
        queue: fields.optional("queue", name)?,
        template: fields.optional("template", name)?,
        page: fields.optional("page", name)?,
    };
    fields.finish()?;
    if step.queue.is_some() && step.then != MarkAction::Escalate {
        let help = "take `queue` out, or write `then = \"escalate\"`";
        return Err(node.invalid("only an escalation goes to another queue", help));
    }
    match (step.then == MarkAction::Expire, step.template.is_some()) {
        (true, false) => Err(node.invalid(
            "a case that expires leaves its user without a word",
            "add `template` with what the user gets",
        )),
        (false, true) => Err(node.invalid(
            "only what expires has a template",
            "take `template` out, or write `then = \"expire\"`",
        )),
        (true, true) if step.percent < 100 => {
            Err(node.invalid("a case expires before its deadline", "write `at = 100` or more"))
        }
        _ => Ok(step),
    }
}

/// What names something that is not there, or stands twice.
pub(super) fn problems(bundle: &Bundle, work: &WorkPolicy) -> Vec<Fault> {
    let queues: Vec<&str> = bundle.queues.iter().map(|queue| queue.queue.as_str()).collect();
    let templates: Vec<&str> = bundle.templates.keys().map(String::as_str).collect();
    let pages: Vec<&str> = work.notify.iter().map(|notify| notify.id.as_str()).collect();
    let mut faults = Vec::new();
    for (index, queue) in work.queues.iter().enumerate() {
        let at = format!("/queue/{index}");
        if let Some(overflow) = &queue.overflow {
            let path = format!("{at}/overflow/queue");
            faults.extend(unknown(&path, "queue", &overflow.queue, &queues));
            if overflow.queue == queue.queue {
                let help = "name another queue";
                faults.push(fault(&path, "a full queue cannot send its cases to itself", help));
            }
        }
        let mut levels = BTreeSet::new();
        for (number, step) in queue.steps.iter().enumerate() {
            let at = format!("{at}/steps/{number}");
            if !levels.insert((step.clock, step.percent)) {
                let detail = format!("there are two steps at {} % of this clock", step.percent);
                faults.push(fault(&at, detail, "put what is done into one step"));
            }
            let named = [
                ("queue", &step.queue, &queues),
                ("template", &step.template, &templates),
                ("page", &step.page, &pages),
            ];
            for (field, value, known) in named {
                let Some(value) = value else { continue };
                let what = if field == "page" { "notify" } else { field };
                faults.extend(unknown(&format!("{at}/{field}"), what, value, known));
            }
        }
    }
    faults
}

fn unknown(path: &str, what: &str, name: &str, known: &[&str]) -> Option<Fault> {
    if known.contains(&name) {
        return None;
    }
    let help = read::suggestion(name, known).unwrap_or_else(|| format!("add a [[{what}]]"));
    Some(fault(path, format!("there is no {what} `{}`", read::excerpt(name)), help))
}

fn fault(path: &str, detail: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::InvalidField, path, detail, help)
}

/// Whether a queue says nothing of it, so that it need not stand in the bundle.
pub(super) fn is_plain(work: &QueueWork) -> bool {
    let first_touch: Option<&Sla> = work.first_touch.as_ref();
    work.reviewers == 1 && first_touch.is_none() && work.steps.is_empty() && work.overflow.is_none()
}

fn name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}

//! Whether an overlay could make the work of people less careful: the terms of `[work]`, and what a
//! case loses where another queue takes it.

use super::strict::{Findings, Item};
use crate::case::{ClockKind, MarkAction};
use crate::policy::{Policy, Queue};
use crate::work::{QueueWork, WorkPolicy};

/// Tells terms that let a case lie longer, or one reviewer hold more.
pub(super) fn loosened(findings: &mut Findings, base: &Policy, merged: &Policy) {
    let (Ok(old), Ok(new)) = (WorkPolicy::of(base), WorkPolicy::of(merged)) else { return };
    let item = |name| Item { section: "work", name: Some(name), pointer: "/work" };
    let waiting = (Some(old.waiting_ms), Some(new.waiting_ms));
    findings.at_most_ms(item("waiting"), "waiting", waiting);
    let (was, is) = (old.open_leases_max, new.open_leases_max);
    if is > was {
        let detail = format!("`open_leases_max` is {is}, the base has {was}");
        let help = format!("write at most {was}");
        findings.loosens(item("open_leases_max"), "open_leases_max", detail, help);
    }
}

/// What a case loses where one queue takes it in the place of another, and what would prevent it.
///
/// Who is warned and paged on the way is the overlay's own affair; how many decide, that a missed
/// deadline brings somebody higher, and that nobody ends the case unseen, is not.
pub(super) fn lost(
    (from, old): (&Queue, &WorkPolicy),
    (to, new): (&Queue, &WorkPolicy),
) -> Option<(String, String)> {
    let (was, is) = (old.queue(&from.queue), new.queue(&to.queue));
    let (asked, asks) = (old.reviewers(&from.queue), new.reviewers(&to.queue));
    if asks < asked {
        let detail = format!("{asked} reviewers are asked, in the other {asks}");
        return Some((detail, format!("`reviewers = {asked}` there")));
    }
    if let Some(at) = first(was, is_raise)
        && first(is, is_raise).is_none_or(|later| later > at)
    {
        let detail = format!("somebody higher is asked at {at} % of the time, in the other later");
        let help = format!("`steps = [{{ at = {at}, then = \"escalate\" }}]` there");
        return Some((detail, help));
    }
    let ends = |then| then == MarkAction::Expire;
    if let Some(at) = first(is, ends)
        && first(was, ends).is_none_or(|before| before > at)
    {
        let detail = format!("nobody ends a case so soon, in the other it ends at {at} %");
        return Some((detail, "another `then` than `expire` there".to_owned()));
    }
    None
}

fn is_raise(then: MarkAction) -> bool {
    matches!(then, MarkAction::Escalate | MarkAction::RaiseAuthority)
}

/// The first percent of the time at which one of these is done.
fn first(work: Option<&QueueWork>, is_meant: impl Fn(MarkAction) -> bool) -> Option<i64> {
    let steps = work.map_or(&[][..], |work| &work.steps);
    let meant =
        steps.iter().filter(|step| step.clock == ClockKind::Resolution && is_meant(step.then));
    meant.map(|step| step.percent).min()
}

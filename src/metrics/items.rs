//! What of the rows each measure counts, at which instant, and on which side of the line.

use std::collections::BTreeMap;

use super::rows::{AnswerRow, CaseRow, Dimensions, DroppedRow, Ending, Rows, VerdictRow};
use super::{Breakdown, Metric, Selection};
use crate::case::ReviewVerdict;
use crate::request::Release;
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long after delivery a rating counts.
pub(super) const RATING_MS_MAX: i64 = 7 * DAY_MS;
/// How long after a case was resolved the same reason counts as repeated.
const REPEAT_MS_MAX: i64 = 30 * DAY_MS;
/// How long after a case was resolved its conversation counts as the same matter.
const REOPEN_MS_MAX: i64 = 7 * DAY_MS;

/// Tenant, subject and first trigger.
type Reason<'a> = (&'a Id, Option<&'a str>, &'a str);

/// On which side of the line something counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    /// Above and below.
    Hit,
    /// Below only.
    Miss,
    /// Below, and above with an amount.
    Amount(f64),
}

/// How something counts in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartSign {
    /// As a count alone.
    Count,
    /// Above and below the part's own line.
    Hit,
    /// Below the part's own line.
    Miss,
}

/// One thing that a measure counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item<'a> {
    /// The instant by which it belongs to a period.
    pub(super) at: TimestampMs,
    pub(super) dimensions: &'a Dimensions,
    /// How it counts in the measure itself, if it does.
    pub(super) sign: Option<Sign>,
    /// How many alike it stands for.
    pub(super) count: i64,
    pub(super) parts: Vec<(&'static str, PartSign)>,
}

impl Item<'_> {
    /// Whether it is selected; a verdict belongs below the line of every queue.
    pub(super) fn is_in(&self, metric: Metric, selection: &Selection) -> bool {
        let Selection { from, until, queue, domain, release, .. } = selection;
        let Dimensions { queue: own_queue, domain: own_domain, release: own, .. } = self.dimensions;
        let equal =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        (*from..*until).contains(&self.at)
            && (metric == Metric::EscalationRate || equal(queue, own_queue))
            && equal(domain, own_domain)
            && equal(&release.model, &own.model)
            && equal(&release.prompt, &own.prompt)
            && equal(&release.index, &own.index)
    }

    /// Its value in a breakdown.
    pub(super) fn key(&self, by: Breakdown) -> Option<String> {
        match by {
            Breakdown::Day => self.at.to_string().split('T').next().map(str::to_owned),
            Breakdown::Queue => self.dimensions.queue.clone(),
            Breakdown::Domain => self.dimensions.domain.clone(),
            Breakdown::Tenant => Some(self.dimensions.tenant_id.as_str().to_owned()),
            Breakdown::Release => release_key(&self.dimensions.release),
        }
    }

    /// The same where only escalations to one queue are above the line.
    pub(super) fn seen_from(&self, queue: &str) -> Self {
        let elsewhere = self.dimensions.queue.as_deref() != Some(queue);
        let sign = if elsewhere { Some(Sign::Miss) } else { self.sign };
        Self { sign, ..self.clone() }
    }
}

/// What a measure counts.
pub(super) fn items<'a>(metric: Metric, rows: &'a Rows, selection: &Selection) -> Vec<Item<'a>> {
    let cases = rows.primary();
    match metric {
        Metric::EscalationRate => {
            let item = |verdict: VerdictRow<'a>| {
                let sign = if verdict.escalated { Sign::Hit } else { Sign::Miss };
                counted(verdict.evaluated_at, verdict.dimensions, sign)
            };
            let verdicts = rows.verdicts().into_iter().map(item);
            verdicts.chain(rows.dropped.iter().filter_map(dropped)).collect()
        }
        Metric::ApprovalRate => cases.filter_map(|case| outcome(case, true)).collect(),
        Metric::RejectionRate => cases.filter_map(|case| outcome(case, false)).collect(),
        Metric::HandlingTime => cases.filter_map(handling).collect(),
        Metric::SlaMissRate => cases.filter_map(|case| obligation(case, selection.now)).collect(),
        Metric::DraftAcceptance => cases.filter_map(draft_use).collect(),
        Metric::EditDistance => cases.filter_map(edit).collect(),
        Metric::RepeatReasons => repeats(rows),
        Metric::Satisfaction => rows.answers().into_iter().flat_map(ratings).collect(),
    }
}

/// Decisions without a record. What went to a person has a case, which is counted already.
fn dropped(row: &DroppedRow) -> Option<Item<'_>> {
    let DroppedRow { dimensions, hour, disposition, count } = row;
    let parts = vec![("without_record", PartSign::Count)];
    let item = Item { at: *hour, dimensions, sign: Some(Sign::Miss), count: *count, parts };
    (*disposition != Disposition::Escalate).then_some(item)
}

fn counted(at: TimestampMs, dimensions: &Dimensions, sign: Sign) -> Item<'_> {
    Item { at, dimensions, sign: Some(sign), count: 1, parts: Vec::new() }
}

fn apart<'a>(at: TimestampMs, dimensions: &'a Dimensions, name: &'static str) -> Item<'a> {
    Item { at, dimensions, sign: None, count: 1, parts: vec![(name, PartSign::Count)] }
}

const fn is_approved(verdict: ReviewVerdict) -> bool {
    matches!(verdict, ReviewVerdict::Accepted | ReviewVerdict::Edited)
}

const fn hit_if(hit: bool) -> Sign {
    if hit { Sign::Hit } else { Sign::Miss }
}

/// A final decision, or why there is none; `approved` says which of the two rates it is for.
fn outcome(case: &CaseRow, approved: bool) -> Option<Item<'_>> {
    let (at, sign, part) = match case.ending {
        Ending::Open => return None,
        Ending::Resolved { verdict, decided_at, .. } => {
            (decided_at, Some(hit_if(is_approved(verdict) == approved)), PartSign::Miss)
        }
        Ending::Expired { at } | Ending::Withdrawn { at } => (at, None, PartSign::Hit),
    };
    Some(Item {
        at,
        dimensions: &case.dimensions,
        sign,
        count: 1,
        parts: vec![("undecided", part)],
    })
}

fn handling(case: &CaseRow) -> Option<Item<'_>> {
    let Ending::Resolved { decided_at, .. } = case.ending else { return None };
    let measured = case.touches.iter().filter(|touch| touch.active_ms > 0);
    let times: Vec<i64> = measured.map(|touch| touch.active_ms.min(touch.held_ms)).collect();
    if times.is_empty() {
        return Some(apart(decided_at, &case.dimensions, "not_measured"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a sum of times of at most a day each")]
    let seconds = times.iter().sum::<i64>() as f64 / 1_000.0;
    Some(counted(decided_at, &case.dimensions, Sign::Amount(seconds)))
}

fn obligation(case: &CaseRow, now: TimestampMs) -> Option<Item<'_>> {
    if case.due_at > now {
        return None;
    }
    let missed = match case.ending {
        Ending::Resolved { released_at, .. } => released_at > case.due_at,
        Ending::Withdrawn { at } if at < case.due_at => return None,
        Ending::Open | Ending::Expired { .. } | Ending::Withdrawn { .. } => true,
    };
    Some(counted(case.due_at, &case.dimensions, hit_if(missed)))
}

fn draft_use(case: &CaseRow) -> Option<Item<'_>> {
    let Ending::Resolved { decided_at, .. } = case.ending else { return None };
    Some(match case.draft {
        Some(draft) => counted(decided_at, &case.dimensions, hit_if(draft.same)),
        None => apart(decided_at, &case.dimensions, "without_draft"),
    })
}

fn edit(case: &CaseRow) -> Option<Item<'_>> {
    let Ending::Resolved { verdict, decided_at, .. } = case.ending else { return None };
    let amount = |distance| counted(decided_at, &case.dimensions, Sign::Amount(distance));
    Some(match verdict {
        ReviewVerdict::Accepted => amount(0.0),
        // A text that was edited from nothing is wholly new.
        ReviewVerdict::Edited => amount(case.draft.map_or(1.0, |draft| draft.distance)),
        ReviewVerdict::Rejected => apart(decided_at, &case.dimensions, "rejected"),
        ReviewVerdict::Replaced => apart(decided_at, &case.dimensions, "replaced"),
    })
}

/// Cases whose reason, or whose conversation, a case that was resolved before them had too.
fn repeats<'a>(rows: &'a Rows) -> Vec<Item<'a>> {
    let mut by_reason: BTreeMap<Reason<'_>, Vec<TimestampMs>> = BTreeMap::new();
    let mut by_conversation: BTreeMap<(&Id, &Id), Vec<TimestampMs>> = BTreeMap::new();
    for case in rows.primary() {
        let Ending::Resolved { released_at, .. } = case.ending else { continue };
        if let Some(reason) = reason_of(case) {
            by_reason.entry(reason).or_default().push(released_at);
        }
        if let Some(conversation_id) = &case.conversation_id {
            let key = (&case.dimensions.tenant_id, conversation_id);
            by_conversation.entry(key).or_default().push(released_at);
        }
    }
    let was_before = |resolved: Option<&Vec<TimestampMs>>, case: &CaseRow, within_ms: i64| {
        let earliest = case.created_at.saturating_add(-within_ms);
        resolved.is_some_and(|all| all.iter().any(|at| (earliest..case.created_at).contains(at)))
    };
    let item = |case: &'a CaseRow| {
        let CaseRow { created_at, dimensions, conversation_id, .. } = case;
        let conversation = conversation_id.as_ref();
        let earlier = conversation.and_then(|id| by_conversation.get(&(&dimensions.tenant_id, id)));
        if was_before(earlier, case, REOPEN_MS_MAX) {
            return apart(*created_at, dimensions, "reopened");
        }
        let earlier = reason_of(case).and_then(|reason| by_reason.get(&reason));
        counted(*created_at, dimensions, hit_if(was_before(earlier, case, REPEAT_MS_MAX)))
    };
    rows.primary().map(item).collect()
}

/// What two cases have in common that came for the same reason.
fn reason_of(case: &CaseRow) -> Option<Reason<'_>> {
    let Dimensions { tenant_id, domain, .. } = &case.dimensions;
    Some((tenant_id, domain.as_deref(), case.trigger_id.as_deref()?))
}

/// The ratings of one answer, and whether it was rated at all.
fn ratings(answer: AnswerRow<'_>) -> Vec<Item<'_>> {
    let AnswerRow { dimensions, delivered_at: at, origin, ratings } = answer;
    let answered = if ratings.is_empty() { PartSign::Miss } else { PartSign::Hit };
    let response = Item { at, dimensions, sign: None, count: 1, parts: vec![("rated", answered)] };
    let rating = |positive: bool| {
        let part = if positive { PartSign::Hit } else { PartSign::Miss };
        Item { at, dimensions, sign: Some(hit_if(positive)), count: 1, parts: vec![(origin, part)] }
    };
    std::iter::once(response).chain(ratings.into_iter().map(rating)).collect()
}

/// Model, prompt and index in one text; `None` where none of them is known.
fn release_key(release: &Release) -> Option<String> {
    let parts = [&release.model, &release.prompt, &release.index];
    let known = parts.iter().any(|part| part.is_some());
    let words: Vec<&str> = parts.iter().map(|part| part.as_deref().unwrap_or("–")).collect();
    known.then(|| words.join(" · "))
}

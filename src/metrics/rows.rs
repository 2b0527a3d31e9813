//! What is counted: records, cases and observations without their texts.

use std::collections::BTreeMap;

use crate::case::{Purpose, ReviewVerdict};
use crate::request::Release;
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;

/// A request and what became of it belong together by the tenant's own id of the request.
type RequestKey<'a> = (&'a Id, &'a Id);

/// Everything that measures are computed from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Decision records of edges.
    pub records: Vec<RecordRow>,
    /// Decisions of which only a count is known.
    pub dropped: Vec<DroppedRow>,
    /// Cases, those of the 30 days before the period included.
    pub cases: Vec<CaseRow>,
    /// Ratings, in the order in which they came.
    pub observations: Vec<ObservationRow>,
}

/// What a count can be broken down by; as it was when the request was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimensions {
    /// The tenant.
    pub tenant_id: Id,
    /// The queue; none where nobody had to see it.
    pub queue: Option<String>,
    /// The subject.
    pub domain: Option<String>,
    /// Which versions made the draft.
    pub release: Release,
}

/// A decision record of an edge.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordRow {
    /// Its dimensions.
    pub dimensions: Dimensions,
    /// The request.
    pub request_id: Option<Id>,
    /// The decision's digest.
    pub digest: String,
    /// When it was decided.
    pub evaluated_at: TimestampMs,
    /// What was decided.
    pub disposition: Disposition,
}

/// Decisions whose records an edge dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct DroppedRow {
    /// Their dimensions; no queue.
    pub dimensions: Dimensions,
    /// The beginning of the hour in which they were decided.
    pub hour: TimestampMs,
    /// What was decided.
    pub disposition: Disposition,
    /// How many.
    pub count: i64,
}

/// A case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRow {
    /// Its dimensions.
    pub dimensions: Dimensions,
    /// Why it exists; only primary ones are measured.
    pub purpose: Purpose,
    /// The request.
    pub request_id: Option<Id>,
    /// The digest of the edge's decision, where it claimed one.
    pub claimed_digest: Option<String>,
    /// The conversation.
    pub conversation_id: Option<Id>,
    /// The first trigger that fired.
    pub trigger_id: Option<String>,
    /// When it was sent.
    pub created_at: TimestampMs,
    /// When it was to be resolved.
    pub due_at: TimestampMs,
    /// How it ended.
    pub ending: Ending,
    /// What became of the draft; none where there was none, or no decision is final.
    pub draft: Option<DraftUse>,
    /// Decisions with the claims that they ended, those undone included.
    pub touches: Vec<Touch>,
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// Not yet: somebody has to work on it, or the decision can still be undone.
    Open,
    /// The answer was released.
    Resolved {
        /// What the reviewer said of the draft.
        verdict: ReviewVerdict,
        /// When they decided.
        decided_at: TimestampMs,
        /// When the answer was released.
        released_at: TimestampMs,
        /// Whether the user got a text.
        answered: bool,
    },
    /// Time ended it.
    Expired {
        /// When.
        at: TimestampMs,
    },
    /// Who sent it took it back.
    Withdrawn {
        /// When.
        at: TimestampMs,
    },
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DraftUse {
    /// Whether the released text equals it, in normal form NFC and trimmed.
    pub same: bool,
    /// How far the released text is from it, in graphemes, from 0 to 1.
    pub distance: f64,
}

/// One claim that ended with a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// How long the claim lasted, in milliseconds.
    pub held_ms: i64,
    /// How long the reviewer was active, as their screen measured it; 0 where nothing was measured.
    pub active_ms: i64,
}

/// A rating of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRow {
    /// The tenant.
    pub tenant_id: Id,
    /// The request whose answer it is about.
    pub request_id: Id,
    /// Who rated; all that are unnamed are one.
    pub rated_by: Option<String>,
    /// Whether the rater belongs to the staff.
    pub is_staff: bool,
    /// Whether it is good.
    pub is_positive: bool,
    /// When it was observed.
    pub observed_at: TimestampMs,
    /// When the answer reached the user, where the sender knew.
    pub delivered_at: Option<TimestampMs>,
}

/// The effective verdict on one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VerdictRow<'a> {
    pub(super) dimensions: &'a Dimensions,
    pub(super) evaluated_at: TimestampMs,
    pub(super) escalated: bool,
    /// The first record of the request, if an edge sent one.
    pub(super) record: Option<&'a RecordRow>,
    /// The case of the request, if there is one.
    pub(super) case: Option<&'a CaseRow>,
}

/// An answer that reached a user, and the ratings that count.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AnswerRow<'a> {
    pub(super) dimensions: &'a Dimensions,
    pub(super) delivered_at: TimestampMs,
    /// Who made it: `auto` for an edge alone, or what a reviewer did.
    pub(super) origin: &'static str,
    /// One per user.
    pub(super) ratings: Vec<bool>,
}

impl Rows {
    /// The cases that are measured.
    pub(super) fn primary(&self) -> impl Iterator<Item = &CaseRow> {
        self.cases.iter().filter(|case| case.purpose == Purpose::Primary)
    }

    /// One verdict per request: the more cautious of what edge and host said.
    pub(super) fn verdicts(&self) -> Vec<VerdictRow<'_>> {
        let mut verdicts: Vec<VerdictRow<'_>> = Vec::new();
        let mut by_request: BTreeMap<RequestKey<'_>, usize> = BTreeMap::new();
        let mut by_digest: BTreeMap<(&Id, &str), usize> = BTreeMap::new();
        for record in &self.records {
            let tenant_id = &record.dimensions.tenant_id;
            let known = match &record.request_id {
                Some(request_id) => by_request.get(&(tenant_id, request_id)),
                None => by_digest.get(&(tenant_id, record.digest.as_str())),
            };
            let escalated = record.disposition == Disposition::Escalate;
            match known.and_then(|index| verdicts.get_mut(*index)) {
                Some(verdict) => {
                    if escalated && !verdict.escalated {
                        (verdict.dimensions, verdict.escalated) = (&record.dimensions, true);
                    }
                    verdict.evaluated_at = verdict.evaluated_at.min(record.evaluated_at);
                }
                None => {
                    let index = verdicts.len();
                    if let Some(request_id) = &record.request_id {
                        by_request.insert((tenant_id, request_id), index);
                    }
                    by_digest.insert((tenant_id, &record.digest), index);
                    verdicts.push(VerdictRow {
                        dimensions: &record.dimensions,
                        evaluated_at: record.evaluated_at,
                        escalated,
                        record: Some(record),
                        case: None,
                    });
                }
            }
        }
        for case in self.primary() {
            let tenant_id = &case.dimensions.tenant_id;
            let by_id = case.request_id.as_ref().and_then(|id| by_request.get(&(tenant_id, id)));
            let digest = case.claimed_digest.as_deref();
            let by_claim = || digest.and_then(|digest| by_digest.get(&(tenant_id, digest)));
            match by_id.or_else(by_claim).and_then(|index| verdicts.get_mut(*index)) {
                Some(verdict) => {
                    verdict.dimensions = &case.dimensions;
                    verdict.escalated = true;
                    verdict.case = Some(case);
                }
                None => {
                    if let Some(request_id) = &case.request_id {
                        by_request.insert((tenant_id, request_id), verdicts.len());
                    }
                    verdicts.push(VerdictRow {
                        dimensions: &case.dimensions,
                        evaluated_at: case.created_at,
                        escalated: true,
                        record: None,
                        case: Some(case),
                    });
                }
            }
        }
        verdicts
    }

    /// The answers that users got, with the ratings that count.
    pub(super) fn answers<'a>(&'a self) -> Vec<AnswerRow<'a>> {
        let mut ratings: BTreeMap<RequestKey<'a>, Vec<&'a ObservationRow>> = BTreeMap::new();
        for row in &self.observations {
            ratings.entry((&row.tenant_id, &row.request_id)).or_default().push(row);
        }
        let answer = |verdict: VerdictRow<'a>| {
            let (origin, released_at) = verdict.delivery()?;
            let dimensions = verdict.dimensions;
            let key = verdict.request_id().map(|request_id| (&dimensions.tenant_id, request_id));
            let given = key.and_then(|key| ratings.get(&key)).map_or(&[][..], Vec::as_slice);
            // Who delivers knows better than who released.
            let told = given.iter().filter_map(|row| row.delivered_at).min();
            let delivered_at = told.unwrap_or(released_at);
            let ratings = last_ratings(given, delivered_at);
            Some(AnswerRow { dimensions, delivered_at, origin, ratings })
        };
        self.verdicts().into_iter().filter_map(answer).collect()
    }
}

impl<'a> VerdictRow<'a> {
    fn request_id(&self) -> Option<&'a Id> {
        let of_case = self.case.and_then(|case| case.request_id.as_ref());
        of_case.or_else(|| self.record.and_then(|record| record.request_id.as_ref()))
    }

    /// Who answered and when, where the user got an answer.
    fn delivery(&self) -> Option<(&'static str, TimestampMs)> {
        match (self.case.map(|case| case.ending), self.record) {
            (Some(Ending::Resolved { verdict, released_at, answered: true, .. }), _) => {
                Some((origin(verdict), released_at))
            }
            (Some(_), _) => None,
            (None, Some(record)) if !self.escalated => {
                let answered =
                    matches!(record.disposition, Disposition::Answer | Disposition::LimitedAnswer);
                answered.then_some(("auto", self.evaluated_at))
            }
            (None, _) => None,
        }
    }
}

const fn origin(verdict: ReviewVerdict) -> &'static str {
    match verdict {
        ReviewVerdict::Accepted => "approved",
        ReviewVerdict::Edited => "edited",
        ReviewVerdict::Rejected => "rejected",
        ReviewVerdict::Replaced => "replaced",
    }
}

/// The last rating of each user within seven days of delivery, without those of the staff.
fn last_ratings(given: &[&ObservationRow], delivered_at: TimestampMs) -> Vec<bool> {
    let until = delivered_at.saturating_add(super::items::RATING_MS_MAX);
    let mut last: BTreeMap<Option<&str>, &ObservationRow> = BTreeMap::new();
    let counts = |row: &&&ObservationRow| {
        !row.is_staff && row.observed_at >= delivered_at && row.observed_at <= until
    };
    for row in given.iter().filter(counts) {
        let of_user = last.entry(row.rated_by.as_deref()).or_insert(row);
        // Of two at one instant, the one that came later.
        if row.observed_at >= of_user.observed_at {
            *of_user = row;
        }
    }
    last.into_values().map(|row| row.is_positive).collect()
}

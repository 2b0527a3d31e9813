//! The case that follows from a resolved one: the same question, with what the user got as its draft.

use crate::case::{Case, CaseState, Decision, FollowUp, Purpose, Timing};
use crate::limits;
use crate::units::{Id, TimestampMs};

/// What a case that follows from another has of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Successor {
    /// Its id.
    pub case_id: Id,
    /// Why there is one.
    pub kind: FollowUp,
    /// In words.
    pub reason: Option<String>,
    /// Who asked for it.
    pub requested_by: Id,
    /// The person who answers for them.
    pub requested_by_person: Option<Id>,
    /// Its clocks.
    pub timing: Timing,
}

impl Case {
    /// The case that follows from this one.
    #[must_use]
    pub fn followed_by(&self, successor: Successor, now: TimestampMs) -> Self {
        let Successor { case_id, kind, reason, requested_by, requested_by_person, timing } =
            successor;
        let why = match kind {
            FollowUp::Reopen => "reopened",
            FollowUp::Appeal => "the user does not accept the decision",
            FollowUp::CorrectReleased => "the answer that was released is wrong",
            FollowUp::QualityReview => "a check of how it was decided",
        };
        let delivered = self.answer.as_ref().and_then(|answer| answer.text.clone());
        Self {
            purpose: match kind {
                FollowUp::Appeal => Purpose::Appeal,
                FollowUp::QualityReview => Purpose::Quality,
                FollowUp::Reopen | FollowUp::CorrectReleased => Purpose::PostAnswer,
            },
            requested_by,
            requested_by_person,
            model_draft: delivered.or_else(|| self.model_draft.clone()),
            reason_for_escalation: reason
                .map_or_else(|| why.to_owned(), |said| format!("{why}: {said}")),
            excluded: match kind {
                FollowUp::Appeal | FollowUp::QualityReview => self.reviewers(),
                FollowUp::Reopen | FollowUp::CorrectReleased => self.excluded.clone(),
            },
            ..self.afresh(case_id, timing, now)
        }
    }

    /// The same draft for another reviewer, who sees nothing of what was decided: nobody who had a part
    /// in that may take it, and one alone is asked.
    #[must_use]
    pub fn second_review(&self, case_id: Id, timing: Timing, now: TimestampMs) -> Self {
        let is_audit = self.purpose == Purpose::Audit;
        Self {
            purpose: Purpose::Second,
            excluded: self.reviewers(),
            reviewers_needed: 1,
            // What an edge said tells that the user has an answer.
            claimed: self.claimed.clone().filter(|_| !is_audit),
            differences: if is_audit { Vec::new() } else { self.differences.clone() },
            ..self.afresh(case_id, timing, now)
        }
    }

    /// The same question, as it was before anybody worked on it.
    fn afresh(&self, case_id: Id, timing: Timing, now: TimestampMs) -> Self {
        Self {
            revision: 1,
            state: CaseState::Ready,
            epoch: 0,
            parent_case_id: Some(self.case_id.clone()),
            dedupe_key: None,
            proposal_ids: Vec::new(),
            assigned_to: None,
            created_at: now,
            due_at: timing.due_at,
            sla_deadline: timing.due_at,
            deadline_version: 1,
            original_due_at: timing.original_due_at,
            first_touch_due_at: timing.first_touch_due_at,
            first_touched_at: None,
            marks: timing.marks,
            notices: Vec::new(),
            stale_since: None,
            work: None,
            votes: Vec::new(),
            adjudicating: false,
            decision: None,
            decided_by_person: None,
            effective_at: None,
            answer: None,
            closed_at: None,
            reopened_as: Vec::new(),
            case_id,
            ..self.clone()
        }
    }

    /// Everybody who had a part in the decision, and who had none in it either because of an earlier
    /// one: by principal, and by human being where a vote names one.
    fn reviewers(&self) -> Vec<Id> {
        let decided_by = |decision: &Decision| decision.decided_by.clone();
        let mut found = self.excluded.clone();
        found.extend(self.decision.as_ref().map(decided_by));
        found.extend(self.decided_by_person.clone());
        for vote in &self.votes {
            found.push(decided_by(&vote.decision));
            found.extend(vote.person_id.clone());
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(limits::LIST_LENGTH_MAX);
        found
    }
}

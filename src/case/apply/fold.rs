//! What each event leaves behind.

use crate::case::{Answer, Case, CaseState, ClockKind, Event, Mark, Place, Timing};
use crate::units::TimestampMs;

impl Case {
    /// The case after an event.
    #[must_use]
    pub fn with(mut self, event: &Event) -> Self {
        self.revision += 1;
        match event {
            Event::CaseCreated { case } => return (**case).clone(),
            Event::CaseClaimed { leased_by, lease_until, epoch, first_touched_at } => {
                self.state = CaseState::Leased;
                self.leased_by = Some(leased_by.clone());
                self.lease_until = Some(*lease_until);
                self.epoch = *epoch;
                self.first_touched_at = Some(*first_touched_at);
            }
            Event::LeaseExtended { lease_until } => self.lease_until = Some(*lease_until),
            Event::WorkSaved { work } => self.work = Some(work.clone()),
            Event::CaseReleased { epoch, .. } => {
                self.go(CaseState::Ready);
                self.epoch = *epoch;
            }
            Event::CaseRerouted { place, epoch, timing, .. } => {
                self.go(CaseState::Ready);
                self.move_to(place);
                self.epoch = *epoch;
                self.set(timing.as_ref());
            }
            Event::QuestionSent { waiting } => {
                self.go(CaseState::Waiting);
                self.waiting = Some(waiting.clone());
            }
            Event::QuestionDelivered { delivered_at } => {
                self.paused_at = Some(*delivered_at);
                if let Some(waiting) = &mut self.waiting {
                    waiting.delivered_at = Some(*delivered_at);
                }
            }
            Event::TurnAppended { message, timing } => {
                self.messages.push(message.clone());
                self.stale_since = Some(self.revision);
                if self.state == CaseState::Waiting {
                    self.go(CaseState::Ready);
                    self.set(timing.as_ref());
                }
            }
            Event::WaitEnded { timing } => {
                self.go(CaseState::Ready);
                self.set(timing.as_ref());
            }
            Event::CaseDeferred { until, .. } => {
                self.go(CaseState::Deferred);
                self.deferred_until = Some(*until);
            }
            Event::CaseWoken {} => self.go(CaseState::Ready),
            Event::CaseDecided { decision, person_id, effective_at } => {
                self.go(CaseState::Held);
                self.decision = Some(decision.clone());
                self.decided_by_person.clone_from(person_id);
                self.effective_at = Some(*effective_at);
                self.stale_since = None;
            }
            Event::VoteRecorded { vote, adjudication } => {
                self.go(CaseState::Ready);
                self.votes.push(vote.clone());
                // Whoever comes next judges by themselves.
                self.work = None;
                self.assigned_to = None;
                if let Some(authority) = adjudication {
                    self.adjudicating = true;
                    self.authority = authority.clone();
                }
            }
            Event::DecisionUndone { .. } => self.undo(),
            Event::AnswerReleased { released_at } => {
                self.end(CaseState::Resolved, *released_at);
                self.answer = self.decision.as_ref().map(|decision| Answer {
                    text: decision.answer.clone(),
                    outcome: decision.outcome,
                    released_at: *released_at,
                });
            }
            Event::CaseReopened { case_id, .. } => self.reopened_as.push(case_id.clone()),
            Event::SlaWarned { clock, percent, fired_at, .. }
            | Event::SlaBreached { clock, percent, fired_at, .. } => {
                self.pass(*clock, *percent, *fired_at);
            }
            Event::CaseRetimed { priority, deadline_version, timing, .. } => {
                self.priority = *priority;
                self.deadline_version = *deadline_version;
                self.set(timing.as_ref());
            }
            Event::ProposalLinked { proposal_id } => self.proposal_ids.push(proposal_id.clone()),
            Event::UserNotified { notice } => self.notices.push(notice.clone()),
            Event::CaseExpired { answer } => {
                self.end(CaseState::Expired, answer.released_at);
                self.answer = Some(answer.clone());
            }
            Event::CaseWithdrawn { withdrawn_at, .. } => {
                self.end(CaseState::Withdrawn, *withdrawn_at);
            }
            Event::CaseRejudged { rejudged } => {
                self.raise(rejudged);
                self.set(rejudged.timing.as_ref());
            }
            Event::CaseMerged { into, merged_at } => {
                self.end(CaseState::Withdrawn, *merged_at);
                self.merged_into = Some(into.clone());
            }
        }
        self
    }

    /// Changes the state; ends the lease, and whatever was waited for.
    fn go(&mut self, state: CaseState) {
        self.state = state;
        self.leased_by = None;
        self.lease_until = None;
        self.waiting = None;
        self.paused_at = None;
        self.deferred_until = None;
    }

    fn end(&mut self, state: CaseState, at: TimestampMs) {
        self.go(state);
        self.closed_at = Some(at);
    }

    fn move_to(&mut self, place: &Place) {
        self.queue.clone_from(&place.queue);
        self.authority = place.authority.clone();
        self.skills.clone_from(&place.skills);
        self.assigned_to.clone_from(&place.assigned_to);
    }

    fn set(&mut self, timing: Option<&Timing>) {
        let Some(timing) = timing else { return };
        self.due_at = timing.due_at;
        self.sla_deadline = timing.due_at;
        self.original_due_at = timing.original_due_at;
        self.first_touch_due_at = timing.first_touch_due_at;
        self.marks.clone_from(&timing.marks);
    }

    fn pass(&mut self, clock: ClockKind, percent: i64, at: TimestampMs) {
        let of_level = |mark: &&mut Mark| mark.clock == clock && mark.percent == percent;
        for mark in self.marks.iter_mut().filter(of_level) {
            mark.fired_at = Some(at);
        }
    }

    /// The decision goes, and with it the vote that made it.
    fn undo(&mut self) {
        self.go(CaseState::Ready);
        self.effective_at = None;
        self.decided_by_person = None;
        let decider = self.decision.take().map(|decision| decision.decided_by);
        let by_vote =
            |vote: &crate::case::CaseVote| Some(&vote.decision.decided_by) == decider.as_ref();
        if !self.adjudicating && self.votes.last().is_some_and(by_vote) {
            self.votes.pop();
        }
    }
}

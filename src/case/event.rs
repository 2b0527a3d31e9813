//! What happened to a case: the only way in which its state changes.

use serde::Serialize;

use crate::case::{
    Answer, Case, CaseVote, ClockKind, Decision, FollowUp, Place, Rejudged, RerouteKind, Timing,
    UserNotice, Waiting, Work,
};
use crate::policy::Authority;
use crate::request::Message;
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// Why a case went back to its queue.
    pub enum ReleaseReason {
        /// The holder gave it back.
        Released = "released",
        /// The holder passed it over.
        Skipped = "skipped",
        /// The lease ended.
        Timeout = "timeout",
    }
}

/// One thing that happened; its name on the wire is [`Event::name`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Event {
    /// It was sent, judged and routed.
    CaseCreated {
        /// The case as it was then.
        case: Box<Case>,
    },
    /// Somebody took it.
    CaseClaimed {
        /// Who.
        leased_by: Id,
        /// Until when.
        lease_until: TimestampMs,
        /// Which claim this is.
        epoch: i64,
        /// When it was taken for the first time.
        first_touched_at: TimestampMs,
    },
    /// The holder is still there.
    LeaseExtended {
        /// Until when.
        lease_until: TimestampMs,
    },
    /// The holder saved work.
    WorkSaved {
        /// What they saved.
        work: Work,
    },
    /// It went back to its queue; saved work is kept.
    CaseReleased {
        /// Why.
        reason: ReleaseReason,
        /// In the holder's words.
        note: Option<String>,
        /// The epoch from here on; a lost lease raises it.
        epoch: i64,
    },
    /// It went to another queue, person or authority; clocks and history are kept.
    CaseRerouted {
        /// Why.
        kind: RerouteKind,
        /// Where to.
        place: Place,
        /// In words.
        note: Option<String>,
        /// The epoch from here on; a lost lease raises it.
        epoch: i64,
        /// How the clocks go on, where they stood still.
        timing: Option<Timing>,
    },
    /// The customer was asked.
    QuestionSent {
        /// What, and how long an answer is waited for.
        waiting: Waiting,
    },
    /// The question reached the customer; the clocks stand still.
    QuestionDelivered {
        /// When.
        delivered_at: TimestampMs,
    },
    /// The user wrote again: the draft is stale.
    TurnAppended {
        /// What.
        message: Message,
        /// How the clocks go on, where they stood still.
        timing: Option<Timing>,
    },
    /// Nobody answered in time.
    WaitEnded {
        /// How the clocks go on, where they stood still.
        timing: Option<Timing>,
    },
    /// The holder put it off.
    CaseDeferred {
        /// Until when.
        until: TimestampMs,
        /// In the holder's words.
        reason: Option<String>,
    },
    /// The time to which it was put off has come.
    CaseWoken {},
    /// A reviewer decided.
    CaseDecided {
        /// What.
        decision: Decision,
        /// The human being who decided.
        person_id: Option<Id>,
        /// When it takes effect.
        effective_at: TimestampMs,
    },
    /// One of several reviewers said what they would decide.
    VoteRecorded {
        /// What.
        vote: CaseVote,
        /// Who decides now, where they disagree.
        adjudication: Option<Authority>,
    },
    /// The reviewer took the decision back, or it could not be kept.
    DecisionUndone {
        /// Why it could not be kept.
        reason: Option<String>,
    },
    /// The answer was released.
    AnswerReleased {
        /// When.
        released_at: TimestampMs,
    },
    /// Another case was opened about what this one ended with.
    CaseReopened {
        /// Why.
        kind: FollowUp,
        /// The other case.
        case_id: Id,
        /// In words.
        reason: Option<String>,
    },
    /// A part of the time is over.
    SlaWarned {
        /// Which clock.
        clock: ClockKind,
        /// How much, in percent.
        percent: i64,
        /// Of which deadline.
        deadline_version: i64,
        /// How much later than it should this was seen, in milliseconds.
        late_ms: i64,
        /// When.
        fired_at: TimestampMs,
    },
    /// The time is over.
    SlaBreached {
        /// Which clock.
        clock: ClockKind,
        /// How much, in percent.
        percent: i64,
        /// Of which deadline.
        deadline_version: i64,
        /// How much later than it should this was seen, in milliseconds.
        late_ms: i64,
        /// When.
        fired_at: TimestampMs,
    },
    /// It is more or less urgent, or has another deadline.
    CaseRetimed {
        /// From 0 to 3.
        priority: i64,
        /// Which deadline this is.
        deadline_version: i64,
        /// The clocks, where they changed.
        timing: Option<Timing>,
        /// In words.
        reason: Option<String>,
    },
    /// An action was proposed that the answer depends on.
    ProposalLinked {
        /// The proposal.
        proposal_id: Id,
    },
    /// The user was told something.
    UserNotified {
        /// What.
        notice: UserNotice,
    },
    /// Time ended it.
    CaseExpired {
        /// What the user gets.
        answer: Answer,
    },
    /// Who sent it took it back.
    CaseWithdrawn {
        /// In their words.
        reason: Option<String>,
        /// When.
        withdrawn_at: TimestampMs,
    },
    /// A newly released policy raised it.
    CaseRejudged {
        /// What, and under which policy.
        rejudged: Box<Rejudged>,
    },
    /// It is the same as another case.
    CaseMerged {
        /// The other.
        into: Id,
        /// When.
        merged_at: TimestampMs,
    },
}

impl Event {
    /// Every name that an event can have.
    pub const NAMES: &[&str] = &[
        "case_created",
        "case_claimed",
        "lease_extended",
        "work_saved",
        "case_released",
        "case_rerouted",
        "question_sent",
        "question_delivered",
        "turn_appended",
        "wait_ended",
        "case_deferred",
        "case_woken",
        "case_decided",
        "vote_recorded",
        "decision_undone",
        "answer_released",
        "case_reopened",
        "sla_warned",
        "sla_breached",
        "case_retimed",
        "proposal_linked",
        "user_notice",
        "case_expired",
        "case_withdrawn",
        "case_rejudged",
        "case_merged",
    ];

    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CaseCreated { .. } => "case_created",
            Self::CaseClaimed { .. } => "case_claimed",
            Self::LeaseExtended { .. } => "lease_extended",
            Self::WorkSaved { .. } => "work_saved",
            Self::CaseReleased { .. } => "case_released",
            Self::CaseRerouted { .. } => "case_rerouted",
            Self::QuestionSent { .. } => "question_sent",
            Self::QuestionDelivered { .. } => "question_delivered",
            Self::TurnAppended { .. } => "turn_appended",
            Self::WaitEnded { .. } => "wait_ended",
            Self::CaseDeferred { .. } => "case_deferred",
            Self::CaseWoken {} => "case_woken",
            Self::CaseDecided { .. } => "case_decided",
            Self::VoteRecorded { .. } => "vote_recorded",
            Self::DecisionUndone { .. } => "decision_undone",
            Self::AnswerReleased { .. } => "answer_released",
            Self::CaseReopened { .. } => "case_reopened",
            Self::SlaWarned { .. } => "sla_warned",
            Self::SlaBreached { .. } => "sla_breached",
            Self::CaseRetimed { .. } => "case_retimed",
            Self::ProposalLinked { .. } => "proposal_linked",
            Self::UserNotified { .. } => "user_notice",
            Self::CaseExpired { .. } => "case_expired",
            Self::CaseWithdrawn { .. } => "case_withdrawn",
            Self::CaseRejudged { .. } => "case_rejudged",
            Self::CaseMerged { .. } => "case_merged",
        }
    }
}

//! What somebody wants done to a case.

use crate::case::{
    Answer, ClockKind, Decision, FollowUp, Place, Rejudged, RerouteKind, Timing, UserNotice, Work,
};
use crate::identity::CaseOperation;
use crate::policy::Authority;
use crate::request::Message;
use crate::units::{Id, TimestampMs};

/// How it stands with the proposals that an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Depends {
    /// Each was done, or there is none.
    Met,
    /// One is still decided upon, or carried out.
    Pending,
    /// One will not be done; why, in words.
    Failed(String),
}

/// What follows from a mark besides telling of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// Nothing.
    Told,
    /// It goes to this place.
    Reroute(Place),
    /// It ends, and the user gets this.
    Expire(Answer),
}

/// One command; a holder's commands carry the epoch of their claim. Where the clocks stood still,
/// `timing` says how they go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take the case.
    Claim {
        /// How long without a sign of life, in milliseconds.
        lease_duration_ms: i64,
    },
    /// Say that the holder is still there.
    Heartbeat {
        /// The holder's epoch.
        epoch: i64,
        /// How long from now, in milliseconds.
        lease_duration_ms: i64,
    },
    /// Keep work that is not decided yet.
    Save {
        /// The holder's epoch.
        epoch: i64,
        /// The work.
        work: Work,
    },
    /// Give the case back.
    Release {
        /// The holder's epoch.
        epoch: i64,
    },
    /// Pass the case over.
    Skip {
        /// The holder's epoch.
        epoch: i64,
        /// Why.
        reason: String,
    },
    /// The lease ended.
    Timeout,
    /// Move it to another queue, person or authority.
    Reroute {
        /// Why.
        kind: RerouteKind,
        /// The holder's epoch, where the holder moves it.
        epoch: Option<i64>,
        /// Where to.
        place: Place,
        /// In words.
        note: Option<String>,
        /// How the clocks go on.
        timing: Option<Timing>,
    },
    /// Ask the customer, and wait.
    AskCustomer {
        /// The holder's epoch.
        epoch: i64,
        /// What is asked.
        question: String,
        /// How long an answer is waited for.
        until: TimestampMs,
    },
    /// The question reached the customer.
    Deliver,
    /// The user wrote again.
    AppendTurn {
        /// What.
        message: Message,
        /// How the clocks go on.
        timing: Option<Timing>,
    },
    /// Nobody answered in time.
    EndWait {
        /// How the clocks go on.
        timing: Option<Timing>,
    },
    /// Put it off.
    Defer {
        /// The holder's epoch.
        epoch: i64,
        /// Until when.
        until: TimestampMs,
        /// Why.
        reason: Option<String>,
    },
    /// The time to which it was put off has come.
    Wake,
    /// Decide.
    Decide {
        /// The holder's epoch.
        epoch: i64,
        /// The case that the holder saw; needed once the user wrote again.
        revision: Option<i64>,
        /// What is decided.
        decision: Decision,
    },
    /// Say what one would decide, where several reviewers are asked.
    Vote {
        /// The holder's epoch.
        epoch: i64,
        /// The case that the holder saw; needed once the user wrote again.
        revision: Option<i64>,
        /// What the voter would decide.
        decision: Decision,
        /// Who decides where they disagree.
        adjudication: Authority,
    },
    /// Take the decision back.
    Undo,
    /// Let the decision take effect.
    Finalize {
        /// How it stands with what the answer depends on.
        depends: Depends,
    },
    /// Open another case about what this one ended with.
    Follow {
        /// Why.
        kind: FollowUp,
        /// The other case.
        case_id: Id,
        /// In words.
        reason: Option<String>,
    },
    /// A mark of a clock has come.
    Fire {
        /// Which clock.
        clock: ClockKind,
        /// Which mark.
        percent: i64,
        /// For which deadline.
        deadline_version: i64,
        /// What is done.
        consequence: Consequence,
    },
    /// Make it more or less urgent.
    SetPriority {
        /// From 0 to 3.
        priority: i64,
        /// Why.
        reason: Option<String>,
    },
    /// Give it another deadline.
    SetDue {
        /// The clocks from then on.
        timing: Timing,
        /// Why.
        reason: Option<String>,
    },
    /// An action was proposed that the answer depends on.
    Link {
        /// The proposal.
        proposal_id: Id,
    },
    /// Tell the user.
    Notify {
        /// What.
        notice: UserNotice,
    },
    /// Take the case back.
    Withdraw {
        /// Why.
        reason: Option<String>,
    },
    /// Raise what a newly released policy raises.
    Rejudge {
        /// What, and under which policy.
        rejudged: Box<Rejudged>,
    },
    /// It is the same as another case.
    Merge {
        /// The other.
        into: Id,
    },
}

impl Command {
    /// The command's name in the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Save { .. } => "save",
            Self::Release { .. } => "release",
            Self::Skip { .. } => "skip",
            Self::Timeout => "timeout",
            Self::Reroute { kind, .. } => match kind {
                RerouteKind::Assigned => "assign",
                RerouteKind::Transferred => "transfer",
                RerouteKind::Delegated => "delegate",
                RerouteKind::Escalated => "escalate",
                RerouteKind::HandedOver => "handover",
                RerouteKind::Overflowed => "overflow",
                RerouteKind::Reassigned => "reassign",
            },
            Self::AskCustomer { .. } => "ask_customer",
            Self::Deliver => "deliver",
            Self::AppendTurn { .. } => "append_turn",
            Self::EndWait { .. } => "end_wait",
            Self::Defer { .. } => "defer",
            Self::Wake => "wake",
            Self::Decide { .. } => "decide",
            Self::Vote { .. } => "vote",
            Self::Undo => "undo",
            Self::Finalize { .. } => "finalize",
            Self::Follow { kind, .. } => kind.as_str(),
            Self::Fire { .. } => "fire",
            Self::SetPriority { .. } => "set_priority",
            Self::SetDue { .. } => "set_due",
            Self::Link { .. } => "link",
            Self::Notify { .. } => "notify",
            Self::Withdraw { .. } => "withdraw",
            Self::Rejudge { .. } => "rejudge",
            Self::Merge { .. } => "merge",
        }
    }

    /// The right that the command needs.
    #[must_use]
    pub const fn operation(&self) -> CaseOperation {
        match self {
            Self::Claim { .. }
            | Self::Heartbeat { .. }
            | Self::Save { .. }
            | Self::Release { .. }
            | Self::Skip { .. }
            | Self::AskCustomer { .. }
            | Self::Defer { .. } => CaseOperation::Work,
            Self::Reroute { epoch: Some(_), .. } => CaseOperation::Work,
            Self::Reroute { kind: RerouteKind::Escalated, .. } => CaseOperation::Escalate,
            Self::Reroute { kind: RerouteKind::Overflowed | RerouteKind::Reassigned, .. } => {
                CaseOperation::PassTime
            }
            Self::Reroute { .. }
            | Self::SetPriority { .. }
            | Self::SetDue { .. }
            | Self::Merge { .. } => CaseOperation::Direct,
            Self::Follow { kind, .. } => match kind {
                FollowUp::Appeal => CaseOperation::Append,
                FollowUp::Reopen | FollowUp::QualityReview => CaseOperation::Direct,
                FollowUp::CorrectReleased => CaseOperation::Decide,
            },
            Self::AppendTurn { .. } | Self::Deliver => CaseOperation::Append,
            Self::Decide { .. } | Self::Vote { .. } => CaseOperation::Decide,
            Self::Undo => CaseOperation::Undo,
            Self::Withdraw { .. } => CaseOperation::Withdraw,
            Self::Timeout
            | Self::EndWait { .. }
            | Self::Wake
            | Self::Finalize { .. }
            | Self::Fire { .. }
            | Self::Link { .. }
            | Self::Notify { .. }
            | Self::Rejudge { .. } => CaseOperation::PassTime,
        }
    }
}

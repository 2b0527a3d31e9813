//! What somebody wants done to a case.

use crate::case::{Decision, Rejudged, Work};
use crate::identity::CaseOperation;

/// One command; a holder's commands carry the epoch of their claim.
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
    /// Decide.
    Decide {
        /// The holder's epoch.
        epoch: i64,
        /// What is decided.
        decision: Decision,
    },
    /// Take the decision back.
    Undo,
    /// Let the decision take effect.
    Finalize,
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
            Self::Decide { .. } => "decide",
            Self::Undo => "undo",
            Self::Finalize => "finalize",
            Self::Withdraw { .. } => "withdraw",
            Self::Rejudge { .. } => "rejudge",
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
            | Self::Skip { .. } => CaseOperation::Work,
            Self::Decide { .. } | Self::Undo => CaseOperation::Decide,
            Self::Withdraw { .. } => CaseOperation::Withdraw,
            Self::Timeout | Self::Finalize | Self::Rejudge { .. } => CaseOperation::PassTime,
        }
    }
}

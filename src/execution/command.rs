//! What is to be done with an execution.

use crate::execution::Attempt;
use crate::identity::ProposalOperation;
use crate::json::Json;
use crate::units::TimestampMs;

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make durable that a request goes out now: the first one, or one more with the same key.
    Start {
        /// The request.
        attempt: Attempt,
        /// Whether the executor was asked, and says that nothing happened so far.
        is_absent: bool,
    },
    /// Its proposal ended, or an earlier step of the plan did not succeed.
    Cancel {
        /// Why.
        reason: String,
    },
    /// The executor says that it happened; key and digest were compared.
    Succeed {
        /// What it gave back.
        result: Option<Json>,
    },
    /// The executor declares that it had no effect.
    Fail {
        /// Whether it was the precondition that did not hold.
        drifted: bool,
        /// What it said.
        reason: String,
    },
    /// Whether it happened is not known.
    Lose {
        /// What is known.
        detail: String,
        /// When it is tried or asked about again; `None` where a person has to find out.
        next_attempt_at: Option<TimestampMs>,
    },
    /// A person found out.
    Reconcile {
        /// Whether it happened.
        happened: bool,
        /// How they know.
        note: String,
    },
    /// Ask to stop it.
    Stop {
        /// Why.
        reason: String,
    },
}

impl Command {
    /// The command's name in the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Cancel { .. } => "cancel",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
            Self::Lose { .. } => "lose",
            Self::Reconcile { .. } => "reconcile",
            Self::Stop { .. } => "stop",
        }
    }

    /// The right on its proposal that the command needs.
    #[must_use]
    pub const fn operation(&self) -> ProposalOperation {
        match self {
            Self::Reconcile { .. } | Self::Stop { .. } => ProposalOperation::Decide,
            _ => ProposalOperation::Carry,
        }
    }
}

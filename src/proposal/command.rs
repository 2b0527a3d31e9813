//! What somebody wants done to a proposal.

use crate::identity::ProposalOperation;
use crate::proposal::Preview;
use crate::units::Id;

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The dry run answered, or none was asked for; people may decide now.
    Preview {
        /// What it said.
        preview: Option<Preview>,
        /// The digest over the proposal with it.
        binding_digest: String,
    },
    /// A dry run is needed, and there is none.
    PreviewFailed {
        /// Why.
        reason: String,
    },
    /// Agree to exactly what the digest covers.
    Approve {
        /// What is agreed to.
        binding_digest: String,
        /// In the approver's words.
        note: Option<String>,
        /// The id that the authorization gets where this vote is the last one needed.
        authorization_id: Id,
        /// Whether nothing of its line is prepared, started or unknown.
        line_is_clear: bool,
    },
    /// Say no.
    Reject {
        /// Why.
        reason: String,
    },
    /// Say no, and tell the agent what to do instead.
    Respond {
        /// What the agent is told.
        message: String,
    },
    /// Put another proposal in its place.
    Supersede {
        /// The other one.
        successor_id: Id,
    },
    /// Take it back.
    Withdraw {
        /// Why.
        reason: Option<String>,
    },
    /// Its time is over.
    Expire,
    /// What was approved does not hold any more.
    Void {
        /// Why.
        reason: String,
        /// The proposal in its place, where there is one.
        successor_id: Option<Id>,
    },
    /// Take one's own approval back before it takes effect.
    Undo,
    /// Take the approval back, or ask to stop what was started.
    Revoke {
        /// Why.
        reason: String,
    },
    /// Use the authorization: its executions are prepared.
    Start,
}

impl Command {
    /// The command's name in the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Preview { .. } => "preview",
            Self::PreviewFailed { .. } => "preview_failed",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Respond { .. } => "respond",
            Self::Supersede { .. } => "edit",
            Self::Withdraw { .. } => "withdraw",
            Self::Expire => "expire",
            Self::Void { .. } => "void",
            Self::Undo => "undo",
            Self::Revoke { .. } => "revoke",
            Self::Start => "start",
        }
    }

    /// The right that the command needs.
    #[must_use]
    pub const fn operation(&self) -> ProposalOperation {
        match self {
            Self::Approve { .. }
            | Self::Reject { .. }
            | Self::Respond { .. }
            | Self::Supersede { .. }
            | Self::Undo
            | Self::Revoke { .. } => ProposalOperation::Decide,
            Self::Withdraw { .. } => ProposalOperation::Withdraw,
            Self::Preview { .. }
            | Self::PreviewFailed { .. }
            | Self::Expire
            | Self::Void { .. }
            | Self::Start => ProposalOperation::Carry,
        }
    }
}

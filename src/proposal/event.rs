//! What happened to a proposal: the only way in which its state changes.

use serde::Serialize;

use crate::limits;
use crate::proposal::{Closing, Preview, Proposal, ProposalState, Vote};
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};

/// One thing that happened; its name on the wire is [`Event::name`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// It was proposed, and judged.
    ApprovalRequested {
        /// The proposal as it was then.
        proposal: Box<Proposal>,
    },
    /// The dry run answered, or none was asked for.
    PreviewRecorded {
        /// What it said.
        preview: Option<Preview>,
        /// What is to be approved from here on.
        binding_digest: String,
    },
    /// Somebody agreed.
    ApprovalRecorded {
        /// Who, and to what.
        vote: Vote,
    },
    /// It is decided.
    ApprovalResolved {
        /// `approved` or `rejected`.
        state: ProposalState,
        /// The right to execute it once, where it is approved.
        authorization_id: Option<Id>,
        /// When the approval takes effect.
        effective_at: Option<TimestampMs>,
        /// Why it was rejected.
        closing: Option<Closing>,
    },
    /// Another proposal stands in its place.
    ProposalSuperseded {
        /// The other one.
        successor_id: Id,
        /// Who edited it.
        closing: Closing,
    },
    /// Who proposed it took it back.
    ProposalWithdrawn {
        /// Why.
        closing: Closing,
    },
    /// Nobody agreed in time.
    ApprovalExpired {
        /// When.
        closing: Closing,
    },
    /// What was approved, or the right to approve it, does not hold any more.
    ProposalVoided {
        /// Why.
        closing: Closing,
        /// The proposal in its place, where there is one.
        successor_id: Option<Id>,
    },
    /// An approver took the approval back in time.
    ApprovalUndone {
        /// Whose vote does not count any more.
        person_id: Id,
    },
    /// The approval was taken back before it was used.
    ApprovalRevoked {
        /// Why.
        closing: Closing,
    },
    /// The authorization is used.
    ApprovalConsumed {
        /// When.
        consumed_at: TimestampMs,
    },
    /// Somebody asked to stop what was started.
    StopRequested {
        /// Why.
        reason: String,
        /// When.
        requested_at: TimestampMs,
    },
}

impl Event {
    /// Every name that an event can have.
    pub const NAMES: &[&str] = &[
        "approval_requested",
        "preview_recorded",
        "approval_recorded",
        "approval_resolved",
        "proposal_superseded",
        "proposal_withdrawn",
        "approval_expired",
        "proposal_voided",
        "approval_undone",
        "approval_revoked",
        "approval_consumed",
        "stop_requested",
    ];

    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ApprovalRequested { .. } => "approval_requested",
            Self::PreviewRecorded { .. } => "preview_recorded",
            Self::ApprovalRecorded { .. } => "approval_recorded",
            Self::ApprovalResolved { .. } => "approval_resolved",
            Self::ProposalSuperseded { .. } => "proposal_superseded",
            Self::ProposalWithdrawn { .. } => "proposal_withdrawn",
            Self::ApprovalExpired { .. } => "approval_expired",
            Self::ProposalVoided { .. } => "proposal_voided",
            Self::ApprovalUndone { .. } => "approval_undone",
            Self::ApprovalRevoked { .. } => "approval_revoked",
            Self::ApprovalConsumed { .. } => "approval_consumed",
            Self::StopRequested { .. } => "stop_requested",
        }
    }

    /// Reads the stored data of an event of that name.
    ///
    /// # Errors
    /// `invalid_field` if the name is not known or the data does not fit it.
    pub fn read(name: &str, node: Node<'_>) -> Read<Self> {
        let text = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        let mut fields = node.object()?;
        let event = match name {
            "approval_requested" => Self::ApprovalRequested {
                proposal: Box::new(fields.required("proposal", Proposal::read)?),
            },
            "preview_recorded" => Self::PreviewRecorded {
                preview: fields.optional("preview", Preview::read)?,
                binding_digest: fields.required("binding_digest", text)?,
            },
            "approval_recorded" => {
                Self::ApprovalRecorded { vote: fields.required("vote", Vote::read)? }
            }
            "approval_resolved" => Self::ApprovalResolved {
                state: fields.required("state", ProposalState::read)?,
                authorization_id: fields.optional("authorization_id", read::id)?,
                effective_at: fields.optional("effective_at", read::timestamp)?,
                closing: fields.optional("closing", Closing::read)?,
            },
            "proposal_superseded" => Self::ProposalSuperseded {
                successor_id: fields.required("successor_id", read::id)?,
                closing: fields.required("closing", Closing::read)?,
            },
            "proposal_withdrawn" => {
                Self::ProposalWithdrawn { closing: fields.required("closing", Closing::read)? }
            }
            "approval_expired" => {
                Self::ApprovalExpired { closing: fields.required("closing", Closing::read)? }
            }
            "proposal_voided" => Self::ProposalVoided {
                closing: fields.required("closing", Closing::read)?,
                successor_id: fields.optional("successor_id", read::id)?,
            },
            "approval_undone" => {
                Self::ApprovalUndone { person_id: fields.required("person_id", read::id)? }
            }
            "approval_revoked" => {
                Self::ApprovalRevoked { closing: fields.required("closing", Closing::read)? }
            }
            "approval_consumed" => Self::ApprovalConsumed {
                consumed_at: fields.required("consumed_at", read::timestamp)?,
            },
            "stop_requested" => Self::StopRequested {
                reason: fields.required("reason", note)?,
                requested_at: fields.required("requested_at", read::timestamp)?,
            },
            _ => {
                let detail = format!("there is no event `{name}` of a proposal");
                return Err(node.invalid(detail, "use a newer reader"));
            }
        };
        fields.finish()?;
        Ok(event)
    }
}

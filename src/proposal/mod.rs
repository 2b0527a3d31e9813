//! The proposal: what a model wants done, and who has to agree before it is done.
//!
//! [`apply`] says which events follow from a command, [`Proposal::with`] says what a proposal looks
//! like after an event. Nothing else changes a proposal, so that folding its events always gives its
//! state. What people approve is what [`binding::digest`] covers; a change of anything in it is a new
//! proposal, without votes.
//!
//! ```text
//!  propose ── deny ──► rejected                       ┌──── undo ────┐
//!     │                                               ▼              │
//!     ├── require_approval ──► previewing ──► pending ── quorum ──► approved ── start ──► consumed
//!     │                            │            │ reject, respond      ▲          (executions)
//!     └── allow ───────────────────┼────────────┼──────────────────────┘
//!                                  │            └──► rejected
//!  previewing, pending, approved ──┴─ edit ──► superseded    withdraw ──► withdrawn
//!                                     expire ──► expired      void ──► void
//!  approved ── revoke ──► revoked     consumed ── revoke ──► consumed, its executions are stopped
//! ```

mod apply;
pub mod binding;
mod command;
mod event;
mod notice;
mod open;
mod record;

pub use apply::apply;
pub use command::Command;
pub use event::Event;
pub use notice::{ProposalEvent, ProposalEventData};
pub use open::{Edit, Opening, Request, editor_counts, open};
pub use record::{
    Author, Closing, PROPOSAL_VERSION, Preview, PreviewChange, Proposal, ProposalState,
    Requirement, Vote,
};

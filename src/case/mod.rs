//! The case: what a person handles, and the one function that moves it.
//!
//! [`apply`] says which events follow from a command, [`Case::with`] says what a case looks like
//! after an event. Nothing else changes a case, so that folding its events always gives its state.
//!
//! ```text
//!            claim                    decide, undo window
//!   ready ──────────► leased ───────────────────────────► held ──► resolved
//!     ▲ ▲              │ │ ▲                               │  finalize
//!     │ └── release ───┘ │ └─ heartbeat, save              │
//!     │     skip         └── decide, no window ──► resolved│
//!     │     timeout                                        │
//!     └───────────────────── undo ─────────────────────────┘
//!
//!   ready, leased, waiting, deferred, held ── withdraw ──► withdrawn
//!   expired: reached only where a policy says what the user then gets
//! ```

mod apply;
mod command;
mod decision;
mod escalation;
mod event;
mod notice;
mod record;
mod rejudged;

pub use apply::apply;
pub use command::Command;
pub use decision::{
    Answer, Decision, IncorrectEvidence, IncorrectReason, Outcome, ReviewVerdict, Work,
};
pub use escalation::{Claimed, Escalation};
pub use event::{Event, ReleaseReason};
pub use notice::{CaseEvent, CaseEventData};
pub(crate) use notice::{source_of, type_of};
pub use record::{Attachment, CASE_VERSION, Case, CaseState, Purpose};
pub use rejudged::Rejudged;

//! The case: what a person handles, and the one function that moves it.
//!
//! [`apply`] says which events follow from a command, [`Case::with`] says what a case looks like
//! after an event. Nothing else changes a case, so that folding its events always gives its state.
//!
//! ```text
//!            claim                      decide, undo window
//!   ready ──────────► leased ─────────────────────────────► held ──► resolved
//!   ▲ ▲ ▲              │ │ │ ▲                               │  finalize, once every action
//!   │ │ └── release ───┘ │ │ └─ heartbeat, save              │  that it depends on was done
//!   │ │     skip          │ ├── decide, no window ─► resolved │
//!   │ │     timeout       │ └── vote ─► ready; held at quorum; │
//!   │ │     vote          │     adjudication on disagreement   │
//!   │ └─────────────────────── undo ──────────────────────────┘
//!   │                     │
//!   ├── append_turn ── waiting ◄── ask_customer ──┤   deliver: the clocks stand still
//!   │   end_wait                                  │
//!   └── wake ──────── deferred ◄── defer ─────────┘
//!
//!   ready, leased, waiting, deferred (open):
//!     assign, transfer, delegate, escalate, handover ──► ready; clocks and history are kept
//!     append_turn ──► the same, the draft stale: it must be seen before deciding
//!     fire (a mark of a clock) ──► the same, ready elsewhere, or expired where the policy says so
//!     set_priority, set_due ──► the same; another deadline, whose marks count anew
//!   open, held ── withdraw, merge ──► withdrawn
//!   open, held ── link (a proposal), notify (the user) ──► the same
//!   resolved ── reopen, appeal, correct_released, quality_review ──► resolved, and another case
//! ```

mod apply;
mod command;
mod decision;
mod escalation;
mod event;
mod follow_up;
mod notice;
mod parts;
mod record;
mod rejudged;
mod stored_event;
mod timing;

pub use apply::apply;
pub use command::{Command, Consequence, Depends};
pub use decision::{
    Answer, Decision, IncorrectEvidence, IncorrectReason, Outcome, ReviewVerdict, Work,
};
pub use escalation::{Claimed, Escalation};
pub use event::{Event, ReleaseReason};
pub use follow_up::Successor;
pub use notice::{CaseEvent, CaseEventData};
pub(crate) use notice::{source_of, type_of};
pub use parts::{CaseVote, FollowUp, NoticeKind, Place, RerouteKind, UserNotice, Waiting};
pub use record::{Attachment, CASE_VERSION, Case, CaseState, Purpose};
pub use rejudged::Rejudged;
pub use timing::{ClockKind, Mark, MarkAction, Step, Timing};

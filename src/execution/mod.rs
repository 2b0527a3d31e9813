//! The execution: one action of an approved proposal, done at most as often as its executor promises.
//!
//! [`apply`] says which events follow from a command, [`Execution::with`] says what an execution
//! looks like after an event. `started` is durable before the first byte leaves; what is not known is
//! `unknown`, never `failed`.
//!
//! ```text
//!  prepare ──► prepared ── start ──► started ── result ──► succeeded
//!                 │                   │ ▲ │
//!                 │ proposal ended    │ │ └─ refusal without effect ──► failed
//!                 ▼                   │ └─ resend, same key ─┐
//!             cancelled               └── timeout, 5xx ──► unknown ── status, reconcile ──► succeeded,
//!                                                                                           failed
//! ```

mod apply;
mod command;
mod event;
mod record;

pub use apply::apply;
pub use command::Command;
pub use event::Event;
pub use record::{
    Approver, Attempt, AttemptOutcome, EXECUTION_VERSION, Execution, ExecutionState, Guarantee,
};

//! Why a state does not take a command.

use super::lease;
use crate::case::CaseState;
use crate::error::{ErrorCode, Fault};

/// What only a holder does: one whose lease was taken away finds the case back in its queue.
const OF_HOLDERS: &[&str] =
    &["heartbeat", "save", "release", "skip", "ask_customer", "defer", "decide", "vote"];

pub(super) fn refusal(state: CaseState, command: &str) -> Fault {
    let fault = |code, detail: &str, help: &str| Fault::new(code, "", detail, help);
    match state {
        CaseState::Held | CaseState::Resolved if command != "withdraw" => {
            fault(ErrorCode::AlreadyDecided, "this case is decided", "read the case again")
        }
        CaseState::Resolved => {
            fault(ErrorCode::AlreadyDecided, "the answer was released", "read the case again")
        }
        CaseState::Withdrawn => {
            fault(ErrorCode::Withdrawn, "this case was withdrawn", "take another case")
        }
        CaseState::Expired => fault(ErrorCode::Expired, "this case expired", "take another case"),
        CaseState::Ready if OF_HOLDERS.contains(&command) => lease::lost(),
        CaseState::Ready
        | CaseState::Leased
        | CaseState::Waiting
        | CaseState::Deferred
        | CaseState::Held => fault(
            ErrorCode::InvalidState,
            &format!("a case that is `{state}` does not take `{command}`"),
            "read the case again",
        ),
    }
}

/// The state would take the command, but not as things stand.
pub(super) fn not_now(detail: &str) -> Fault {
    Fault::new(ErrorCode::InvalidState, "", detail, "read the case again")
}

//! What happened to an execution: the only way in which its state changes.

use serde::Serialize;

use crate::execution::{Approver, Attempt, Execution};
use crate::identity::ActorReference;
use crate::json::Json;
use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::TimestampMs;

/// One thing that happened; its name on the wire is [`Event::name`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// The authorization is used for it.
    ExecutionPrepared {
        /// The execution as it was then.
        execution: Box<Execution>,
    },
    /// A request goes out.
    AttemptStarted {
        /// The request.
        attempt: Attempt,
    },
    /// It will never be sent.
    ExecutionCancelled {
        /// Why.
        reason: String,
        /// When.
        closed_at: TimestampMs,
    },
    /// It happened.
    ExecutionSucceeded {
        /// What the executor gave back.
        result: Option<Json>,
        /// Who approved it.
        approved_by: Vec<Approver>,
        /// When that was known.
        closed_at: TimestampMs,
    },
    /// It had no effect.
    ExecutionFailed {
        /// Why.
        reason: String,
        /// Whether the state that the preview saw had moved on.
        drifted: bool,
        /// Who approved it.
        approved_by: Vec<Approver>,
        /// When that was known.
        closed_at: TimestampMs,
    },
    /// Whether it happened is not known.
    ExecutionUnknown {
        /// What is known.
        detail: String,
        /// When it is tried or asked about again.
        next_attempt_at: Option<TimestampMs>,
        /// When the attempt ended.
        ended_at: TimestampMs,
    },
    /// A person found out what happened.
    ExecutionReconciled {
        /// Whether it happened.
        happened: bool,
        /// How they know.
        note: String,
        /// Who.
        by: ActorReference,
        /// When.
        closed_at: TimestampMs,
    },
    /// Somebody asked to stop it.
    StopRequested {
        /// Why.
        reason: String,
        /// When.
        requested_at: TimestampMs,
    },
    /// Something else was said after the end than before it; the state stays.
    Conflict {
        /// What was said.
        said: String,
        /// When.
        at: TimestampMs,
    },
}

impl Event {
    /// Every name that an event can have.
    pub const NAMES: &[&str] = &[
        "execution_prepared",
        "attempt_started",
        "execution_cancelled",
        "execution_succeeded",
        "execution_failed",
        "execution_unknown",
        "execution_reconciled",
        "stop_requested",
        "conflict",
    ];

    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ExecutionPrepared { .. } => "execution_prepared",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::ExecutionCancelled { .. } => "execution_cancelled",
            Self::ExecutionSucceeded { .. } => "execution_succeeded",
            Self::ExecutionFailed { .. } => "execution_failed",
            Self::ExecutionUnknown { .. } => "execution_unknown",
            Self::ExecutionReconciled { .. } => "execution_reconciled",
            Self::StopRequested { .. } => "stop_requested",
            Self::Conflict { .. } => "conflict",
        }
    }

    /// Reads the stored data of an event of that name.
    ///
    /// # Errors
    /// `invalid_field` if the name is not known or the data does not fit it.
    pub fn read(name: &str, node: Node<'_>) -> Read<Self> {
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        let value = |node: Node<'_>| Ok(node.json().clone());
        let approvers = |node: Node<'_>| node.list(limits::LIST_LENGTH_MAX, Approver::read);
        let mut fields = node.object()?;
        let event = match name {
            "execution_prepared" => Self::ExecutionPrepared {
                execution: Box::new(fields.required("execution", Execution::read)?),
            },
            "attempt_started" => {
                Self::AttemptStarted { attempt: fields.required("attempt", Attempt::read)? }
            }
            "execution_cancelled" => Self::ExecutionCancelled {
                reason: fields.required("reason", note)?,
                closed_at: fields.required("closed_at", read::timestamp)?,
            },
            "execution_succeeded" => Self::ExecutionSucceeded {
                result: fields.optional("result", value)?,
                approved_by: fields.required("approved_by", approvers)?,
                closed_at: fields.required("closed_at", read::timestamp)?,
            },
            "execution_failed" => Self::ExecutionFailed {
                reason: fields.required("reason", note)?,
                drifted: fields.required("drifted", read::bool)?,
                approved_by: fields.required("approved_by", approvers)?,
                closed_at: fields.required("closed_at", read::timestamp)?,
            },
            "execution_unknown" => Self::ExecutionUnknown {
                detail: fields.required("detail", note)?,
                next_attempt_at: fields.optional("next_attempt_at", read::timestamp)?,
                ended_at: fields.required("ended_at", read::timestamp)?,
            },
            "execution_reconciled" => Self::ExecutionReconciled {
                happened: fields.required("happened", read::bool)?,
                note: fields.required("note", note)?,
                by: fields.required("by", ActorReference::read)?,
                closed_at: fields.required("closed_at", read::timestamp)?,
            },
            "stop_requested" => Self::StopRequested {
                reason: fields.required("reason", note)?,
                requested_at: fields.required("requested_at", read::timestamp)?,
            },
            "conflict" => Self::Conflict {
                said: fields.required("said", note)?,
                at: fields.required("at", read::timestamp)?,
            },
            _ => {
                let detail = format!("there is no event `{name}` of an execution");
                return Err(node.invalid(detail, "use a newer reader"));
            }
        };
        fields.finish()?;
        Ok(event)
    }
}

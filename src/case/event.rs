//! What happened to a case: the only way in which its state changes.

use serde::Serialize;

use crate::case::{Case, Decision, Rejudged, Work};
use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// Why a case went back to its queue.
    pub enum ReleaseReason {
        /// The holder gave it back.
        Released = "released",
        /// The holder passed it over.
        Skipped = "skipped",
        /// The lease ended.
        Timeout = "timeout",
    }
}

/// One thing that happened; its name on the wire is [`Event::name`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Event {
    /// It was sent, judged and routed.
    CaseCreated {
        /// The case as it was then.
        case: Box<Case>,
    },
    /// Somebody took it.
    CaseClaimed {
        /// Who.
        leased_by: Id,
        /// Until when.
        lease_until: TimestampMs,
        /// Which claim this is.
        epoch: i64,
    },
    /// The holder is still there.
    LeaseExtended {
        /// Until when.
        lease_until: TimestampMs,
    },
    /// The holder saved work.
    WorkSaved {
        /// What they saved.
        work: Work,
    },
    /// It went back to its queue; saved work is kept.
    CaseReleased {
        /// Why.
        reason: ReleaseReason,
        /// In the holder's words.
        note: Option<String>,
        /// The epoch from here on; a lost lease raises it.
        epoch: i64,
    },
    /// A reviewer decided.
    CaseDecided {
        /// What.
        decision: Decision,
        /// When it takes effect.
        effective_at: TimestampMs,
    },
    /// The reviewer took the decision back.
    DecisionUndone {},
    /// The answer was released.
    AnswerReleased {
        /// When.
        released_at: TimestampMs,
    },
    /// Who sent it took it back.
    CaseWithdrawn {
        /// In their words.
        reason: Option<String>,
        /// When.
        withdrawn_at: TimestampMs,
    },
    /// A newly released policy raised it.
    CaseRejudged {
        /// What, and under which policy.
        rejudged: Box<Rejudged>,
    },
}

impl Event {
    /// Every name that an event can have.
    pub const NAMES: &[&str] = &[
        "case_created",
        "case_claimed",
        "lease_extended",
        "work_saved",
        "case_released",
        "case_decided",
        "decision_undone",
        "answer_released",
        "case_withdrawn",
        "case_rejudged",
    ];

    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CaseCreated { .. } => "case_created",
            Self::CaseClaimed { .. } => "case_claimed",
            Self::LeaseExtended { .. } => "lease_extended",
            Self::WorkSaved { .. } => "work_saved",
            Self::CaseReleased { .. } => "case_released",
            Self::CaseDecided { .. } => "case_decided",
            Self::DecisionUndone {} => "decision_undone",
            Self::AnswerReleased { .. } => "answer_released",
            Self::CaseWithdrawn { .. } => "case_withdrawn",
            Self::CaseRejudged { .. } => "case_rejudged",
        }
    }

    /// Reads the stored data of an event of that name; the case before it gives what a decision
    /// refers to.
    ///
    /// # Errors
    /// `invalid_field` if the name is not known or the data does not fit it.
    pub fn read(name: &str, node: Node<'_>, before: Option<&Case>) -> Read<Self> {
        let epoch = |node: Node<'_>| node.integer(0, crate::json::INTEGER_MAX);
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        let draft = before.and_then(|case| case.model_draft.as_deref());
        let mut fields = node.object()?;
        let event = match name {
            "case_created" => {
                Self::CaseCreated { case: Box::new(fields.required("case", Case::read)?) }
            }
            "case_claimed" => Self::CaseClaimed {
                leased_by: fields.required("leased_by", read::id)?,
                lease_until: fields.required("lease_until", read::timestamp)?,
                epoch: fields.required("epoch", epoch)?,
            },
            "lease_extended" => Self::LeaseExtended {
                lease_until: fields.required("lease_until", read::timestamp)?,
            },
            "work_saved" => Self::WorkSaved { work: fields.required("work", Work::read_stored)? },
            "case_released" => Self::CaseReleased {
                reason: fields.required("reason", ReleaseReason::read)?,
                note: fields.optional("note", note)?,
                epoch: fields.required("epoch", epoch)?,
            },
            "case_decided" => Self::CaseDecided {
                decision: fields.required("decision", |node| Decision::read(node, draft))?,
                effective_at: fields.required("effective_at", read::timestamp)?,
            },
            "decision_undone" => Self::DecisionUndone {},
            "answer_released" => Self::AnswerReleased {
                released_at: fields.required("released_at", read::timestamp)?,
            },
            "case_withdrawn" => Self::CaseWithdrawn {
                reason: fields.optional("reason", note)?,
                withdrawn_at: fields.required("withdrawn_at", read::timestamp)?,
            },
            "case_rejudged" => Self::CaseRejudged {
                rejudged: Box::new(fields.required("rejudged", Rejudged::read)?),
            },
            _ => {
                return Err(
                    node.invalid(format!("there is no event `{name}`"), "use a newer reader")
                );
            }
        };
        fields.finish()?;
        Ok(event)
    }
}

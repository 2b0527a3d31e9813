//! Events as they are read back from the audit log.

use crate::case::{
    Answer, Case, CaseVote, ClockKind, Decision, Event, FollowUp, Place, Rejudged, ReleaseReason,
    RerouteKind, Timing, UserNotice, Waiting, Work,
};
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::policy::Authority;
use crate::read::{self, Fields, Node, Read};
use crate::request::read_message;

impl Event {
    /// Reads the stored data of an event of that name; the case before it gives what a decision
    /// refers to.
    ///
    /// # Errors
    /// `invalid_field` if the name is not known or the data does not fit it.
    pub fn read(name: &str, node: Node<'_>, before: Option<&Case>) -> Read<Self> {
        let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
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
                epoch: fields.required("epoch", counter)?,
                first_touched_at: fields.required("first_touched_at", read::timestamp)?,
            },
            "lease_extended" => Self::LeaseExtended {
                lease_until: fields.required("lease_until", read::timestamp)?,
            },
            "work_saved" => Self::WorkSaved { work: fields.required("work", Work::read_stored)? },
            "case_released" => Self::CaseReleased {
                reason: fields.required("reason", ReleaseReason::read)?,
                note: fields.optional("note", note)?,
                epoch: fields.required("epoch", counter)?,
            },
            "case_rerouted" => Self::CaseRerouted {
                kind: fields.required("kind", RerouteKind::read)?,
                place: fields.required("place", Place::read)?,
                note: fields.optional("note", note)?,
                epoch: fields.required("epoch", counter)?,
                timing: fields.optional("timing", Timing::read)?,
            },
            "question_sent" => {
                Self::QuestionSent { waiting: fields.required("waiting", Waiting::read)? }
            }
            "question_delivered" => Self::QuestionDelivered {
                delivered_at: fields.required("delivered_at", read::timestamp)?,
            },
            "turn_appended" => Self::TurnAppended {
                message: fields.required("message", read_message)?,
                timing: fields.optional("timing", Timing::read)?,
            },
            "wait_ended" => Self::WaitEnded { timing: fields.optional("timing", Timing::read)? },
            "case_deferred" => Self::CaseDeferred {
                until: fields.required("until", read::timestamp)?,
                reason: fields.optional("reason", note)?,
            },
            "case_woken" => Self::CaseWoken {},
            "case_decided" => Self::CaseDecided {
                decision: fields.required("decision", |node| Decision::read(node, draft))?,
                person_id: fields.optional("person_id", read::id)?,
                effective_at: fields.required("effective_at", read::timestamp)?,
            },
            "vote_recorded" => Self::VoteRecorded {
                vote: fields.required("vote", |node| CaseVote::read(node, draft))?,
                adjudication: fields.optional("adjudication", Authority::read)?,
            },
            "decision_undone" => Self::DecisionUndone { reason: fields.optional("reason", note)? },
            "answer_released" => Self::AnswerReleased {
                released_at: fields.required("released_at", read::timestamp)?,
            },
            "case_reopened" => Self::CaseReopened {
                kind: fields.required("kind", FollowUp::read)?,
                case_id: fields.required("case_id", read::id)?,
                reason: fields.optional("reason", note)?,
            },
            "sla_warned" | "sla_breached" => read_mark(name, &mut fields)?,
            "case_retimed" => Self::CaseRetimed {
                priority: fields.required("priority", counter)?,
                deadline_version: fields.required("deadline_version", counter)?,
                timing: fields.optional("timing", Timing::read)?,
                reason: fields.optional("reason", note)?,
            },
            "proposal_linked" => {
                Self::ProposalLinked { proposal_id: fields.required("proposal_id", read::id)? }
            }
            "user_notice" => {
                Self::UserNotified { notice: fields.required("notice", UserNotice::read)? }
            }
            "case_expired" => {
                Self::CaseExpired { answer: fields.required("answer", Answer::read)? }
            }
            "case_withdrawn" => Self::CaseWithdrawn {
                reason: fields.optional("reason", note)?,
                withdrawn_at: fields.required("withdrawn_at", read::timestamp)?,
            },
            "case_merged" => Self::CaseMerged {
                into: fields.required("into", read::id)?,
                merged_at: fields.required("merged_at", read::timestamp)?,
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

fn read_mark(name: &str, fields: &mut Fields<'_>) -> Read<Event> {
    let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
    let clock = fields.required("clock", ClockKind::read)?;
    let percent = fields.required("percent", counter)?;
    let deadline_version = fields.required("deadline_version", counter)?;
    let late_ms = fields.required("late_ms", counter)?;
    let fired_at = fields.required("fired_at", read::timestamp)?;
    Ok(match name {
        "sla_warned" => Event::SlaWarned { clock, percent, deadline_version, late_ms, fired_at },
        _ => Event::SlaBreached { clock, percent, deadline_version, late_ms, fired_at },
    })
}

//! Commands on cases: what each body says, and what it means under the policy in force.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, reply};
use super::cases::{find, read_tenant};
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::show::{self, CaseOnly};
use super::write::Operation;
use crate::case::{Case, Command, Decision, FollowUp, NoticeKind, RerouteKind, Work};
use crate::error::{ErrorCode, Fault};
use crate::host::store::idempotency::Reply;
use crate::host::store::{Failure, Tx, moves, policies};
use crate::host::work;
use crate::identity::Actor;
use crate::json::{INTEGER_MAX, Json};
use crate::limits::{NOTE_LENGTH_MAX, TEXT_LENGTH_MAX};
use crate::read::{self, Fields, Node};
use crate::request::{Message, Role};
use crate::units::{Id, TimestampMs};

/// Commands that must not be carried out twice because an answer was lost.
const ONCE: &[&str] =
    &["decide", "vote", "append_turn", "reopen", "appeal", "correct_released", "quality_review"];

/// `POST /v1/cases/{case_id}/…`: the command of this name.
pub(super) async fn command(
    name: &'static str,
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(case_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let tenant_id = parameters.read(read_tenant)?;
    let once = ONCE.contains(&name);
    let write = if once { operation.with_key(&body)? } else { operation.with(&body) };
    write
        .run(&app, caller.key, move |tx, actor| {
            let case = find(tx, actor, &case_id, tenant_id.as_ref())?;
            match follow_up(name) {
                Some(kind) => follow(tx, actor, case, kind, &body),
                None => perform(tx, actor, case, name, &body),
            }
        })
        .await
}

fn follow_up(name: &str) -> Option<FollowUp> {
    FollowUp::WORDS.iter().find(|(word, _)| *word == name).map(|(_, kind)| *kind)
}

/// Opens a case about what this one ended with, and answers with the new one.
fn follow(
    tx: &Tx<'_>,
    actor: &Actor,
    case: Case,
    kind: FollowUp,
    body: &Json,
) -> Result<Reply, Failure> {
    let mut fields = Node::root(body).object()?;
    let reason = fields.required("reason", note)?;
    fields.finish()?;
    let case = work::follow(tx, actor, case, kind, Some(reason))?;
    let case = work::tell(tx, case, NoticeKind::Received)?;
    reply(StatusCode::CREATED, &CaseOnly { case: &show::shown_to(actor, case, tx.now) })
}

fn perform(
    tx: &Tx<'_>,
    actor: &Actor,
    case: Case,
    name: &str,
    body: &Json,
) -> Result<Reply, Failure> {
    let command = read_command(tx, actor, &case, name, body)?;
    if name == "claim" {
        work::require_capacity(tx, actor)?;
    }
    let case = moves::perform(tx, actor, case, command)?;
    let case = if name == "set_due" { work::tell(tx, case, NoticeKind::Expected)? } else { case };
    reply(StatusCode::OK, &CaseOnly { case: &show::shown_to(actor, case, tx.now) })
}

fn read_command(
    tx: &Tx<'_>,
    actor: &Actor,
    case: &Case,
    name: &str,
    body: &Json,
) -> Result<Command, Failure> {
    let lease_duration_ms = policies::of_tenant(tx, &case.tenant_id)?.bundle().lease_duration_ms;
    let mut fields = Node::root(body).object()?;
    let command = match name {
        "claim" => Command::Claim { lease_duration_ms },
        "heartbeat" => {
            Command::Heartbeat { epoch: fields.required("epoch", counter)?, lease_duration_ms }
        }
        "save" => Command::Save {
            epoch: fields.required("epoch", counter)?,
            work: fields.required("work", |node| {
                Work::read(node, actor.principal.principal_id.clone(), tx.now)
            })?,
        },
        "release" => Command::Release { epoch: fields.required("epoch", counter)? },
        "skip" => Command::Skip {
            epoch: fields.required("epoch", counter)?,
            reason: fields.required("reason", note)?,
        },
        "assign" | "transfer" | "delegate" | "escalate" | "handover" => {
            read_reroute(tx, case, name, &mut fields)?
        }
        "ask_customer" => Command::AskCustomer {
            epoch: fields.required("epoch", counter)?,
            question: fields.required("question", note)?,
            until: work::waits_until(tx, case)?,
        },
        "deliver" => Command::Deliver,
        "append_turn" => Command::AppendTurn {
            message: Message {
                role: Role::User,
                content: fields.required("content", |node| node.filled_text(TEXT_LENGTH_MAX))?,
                at: Some(fields.optional("at", read::timestamp)?.unwrap_or(tx.now)),
            },
            timing: work::resumed(tx, case)?,
        },
        "defer" => Command::Defer {
            epoch: fields.required("epoch", counter)?,
            until: fields.required("until", read::timestamp)?,
            reason: fields.optional("reason", note)?,
        },
        "decide" | "vote" => read_decision(tx, actor, case, name, &mut fields)?,
        "undo" => Command::Undo,
        "set_priority" => Command::SetPriority {
            priority: fields.required("priority", |node| node.integer(0, 3))?,
            reason: fields.optional("reason", note)?,
        },
        "set_due" => {
            let due_at = fields.required("due_at", |node| ahead(node, tx.now))?;
            let reason = fields.optional("reason", note)?;
            Command::SetDue { timing: work::retimed(tx, case, due_at)?, reason }
        }
        "merge" => {
            let into = fields.required("into", read::id)?;
            Command::Merge { into: other(tx, actor, case, into)? }
        }
        _ => Command::Withdraw { reason: fields.optional("reason", note)? },
    };
    fields.finish()?;
    Ok(command)
}

fn read_decision(
    tx: &Tx<'_>,
    actor: &Actor,
    case: &Case,
    name: &str,
    fields: &mut Fields<'_>,
) -> Result<Command, Failure> {
    let epoch = fields.required("epoch", counter)?;
    let revision = fields.optional("revision", counter)?;
    let draft = case.model_draft.as_deref();
    let decided_by = actor.principal.principal_id.clone();
    let decision = Decision::read_fields(fields, draft, decided_by, tx.now)?;
    Ok(match name {
        "vote" => {
            let adjudication = work::adjudication(tx, case)?;
            Command::Vote { epoch, revision, decision, adjudication }
        }
        _ => Command::Decide { epoch, revision, decision },
    })
}

fn read_reroute(
    tx: &Tx<'_>,
    case: &Case,
    name: &str,
    fields: &mut Fields<'_>,
) -> Result<Command, Failure> {
    let (kind, needs_epoch, takes_epoch) = match name {
        "assign" => (RerouteKind::Assigned, false, false),
        "transfer" => (RerouteKind::Transferred, false, true),
        "delegate" => (RerouteKind::Delegated, true, true),
        "escalate" => (RerouteKind::Escalated, false, true),
        _ => (RerouteKind::HandedOver, true, true),
    };
    let epoch = match (needs_epoch, takes_epoch) {
        (true, _) => Some(fields.required("epoch", counter)?),
        (false, true) => fields.optional("epoch", counter)?,
        (false, false) => None,
    };
    let place = match kind {
        RerouteKind::Assigned | RerouteKind::Delegated => {
            let to = fields.required("to", read::id)?;
            work::for_colleague(tx, case, &to)?
        }
        RerouteKind::Transferred => {
            let queue = fields.required("queue", name_of)?;
            work::in_queue(tx, case, &queue)?
        }
        RerouteKind::Escalated => match fields.optional("queue", name_of)? {
            Some(queue) => work::in_queue(tx, case, &queue)?,
            None => work::above(tx, case)?,
        },
        _ => match fields.optional("to", read::id)? {
            Some(to) => work::for_colleague(tx, case, &to)?,
            None => crate::work::place_of(case, None),
        },
    };
    let note = match kind {
        RerouteKind::Escalated | RerouteKind::HandedOver => Some(fields.required("note", note)?),
        _ => fields.optional("note", note)?,
    };
    Ok(Command::Reroute { kind, epoch, place, note, timing: work::resumed(tx, case)? })
}

/// The case that another is merged into: of the same tenant, and itself not merged or taken back.
fn other(tx: &Tx<'_>, actor: &Actor, case: &Case, into: Id) -> Result<Id, Failure> {
    let found = find(tx, actor, &into, Some(&case.tenant_id));
    let found = found.map_err(|failure| match failure {
        Failure::Refused(fault) => Failure::Refused(Fault { path: "/into".to_owned(), ..fault }),
        other => other,
    })?;
    if found.closed_at.is_some() && found.answer.is_none() {
        return Err(Failure::Refused(Fault::new(
            ErrorCode::InvalidState,
            "/into",
            format!("the case `{into}` is {}", found.state),
            "name a case that is still open, or was answered",
        )));
    }
    Ok(into)
}

fn ahead(node: Node<'_>, now: TimestampMs) -> read::Read<TimestampMs> {
    let at = node.timestamp()?;
    if at <= now {
        let detail = format!("the deadline {at} has passed, it is {now}");
        return Err(node.fault(ErrorCode::InvalidTime, detail, "send a deadline that lies ahead"));
    }
    Ok(at)
}

fn note(node: Node<'_>) -> read::Read<String> {
    node.filled_text(NOTE_LENGTH_MAX)
}

fn name_of(node: Node<'_>) -> read::Read<String> {
    node.filled_text(crate::limits::NAME_LENGTH_MAX)
}

fn counter(node: Node<'_>) -> read::Read<i64> {
    node.integer(0, INTEGER_MAX)
}

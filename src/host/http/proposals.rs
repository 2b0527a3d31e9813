//! Proposals: made, listed, read, decided; and what is said of their executions.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok, reply};
use super::problem::Problem;
use super::query::{Parameters, PathId, whole};
use super::show_proposal::{self, ProposalAndExecutions, ProposalSummary};
use super::write::Operation;
use crate::error::{ErrorCode, Fault};
use crate::execution::{self, ExecutionState};
use crate::host::executor::stop_plan;
use crate::host::ids;
use crate::host::people::{HostActor, host_actor};
use crate::host::propose::{edit, propose};
use crate::host::store::idempotency::Reply;
use crate::host::store::proposals::{self, ListQuery, Order, View};
use crate::host::store::{Failure, Tx, approvals, executions};
use crate::identity::Actor;
use crate::json::Json;
use crate::limits::{NAME_LENGTH_MAX, NOTE_LENGTH_MAX};
use crate::proposal::{Command, Edit, Proposal, ProposalState, Request};
use crate::read::{self, Fields, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

/// Proposals of one page.
const PAGE: usize = 100;
const PAGE_MAX: usize = 500;

/// A page of proposals.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProposalsReply")]
pub(super) struct Page {
    proposals: Vec<ProposalSummary>,
    next_cursor: Option<String>,
    now: TimestampMs,
}

/// `GET /v1/proposals`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = parameters.read(read_list_query)?;
    let page = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let listed = proposals::list(snapshot, &caller.actor, &query)?;
        let is_full = listed.len() == query.limit;
        let last = listed.last().filter(|_| is_full);
        let next_cursor = last.map(|(key, proposal)| {
            format!("{key} {} {}", proposal.proposal_id, proposal.tenant_id)
        });
        let summary = |(_, proposal): &(i64, Proposal)| show_proposal::summary(snapshot, proposal);
        let proposals: Result<Vec<_>, Failure> = listed.iter().map(summary).collect();
        Ok(Page { proposals: proposals?, next_cursor, now: snapshot.now })
    });
    ok(&page.await?)
}

/// `GET /v1/proposals/{proposal_id}`
pub(super) async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(proposal_id): PathId,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let tenant_id = parameters.read(read_tenant)?;
    let view = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let proposal = approvals::find(snapshot, &caller.actor, &proposal_id, tenant_id.as_ref())?;
        show_proposal::view(snapshot, &caller.actor, proposal)
    });
    ok(&view.await?)
}

/// `POST /v1/proposals`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let executors = Arc::clone(&app.executors);
    let job = move |tx: &Tx<'_>, actor: &Actor| {
        let request = Request::read(Node::root(&body), &actor.principal.tenant_id)?;
        let proposal = propose(tx, actor, request, &executors)?;
        answer(tx, StatusCode::CREATED, proposal)
    };
    write.run(&app, caller.key, job).await
}

/// `POST /v1/proposals/{proposal_id}/…`: the command of this name.
pub(super) async fn command(
    name: &'static str,
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(proposal_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let tenant_id = parameters.read(read_tenant)?;
    // What is sent twice must not be decided twice.
    let write = match name {
        "approve" | "reject" | "respond" | "edit" => operation.with_key(&body)?,
        _ => operation.with(&body),
    };
    let executors = Arc::clone(&app.executors);
    let job = move |tx: &Tx<'_>, actor: &Actor| {
        let proposal = approvals::find(tx, actor, &proposal_id, tenant_id.as_ref())?;
        let proposal = match name {
            "edit" => edit(tx, actor, proposal, Edit::read(Node::root(&body))?, &executors)?,
            "revoke" => revoke(tx, actor, proposal, &body)?,
            _ => {
                let command = read_command(tx, &proposal, name, &body)?;
                approvals::perform(tx, actor, proposal, command)?
            }
        };
        answer(tx, StatusCode::OK, proposal)
    };
    write.run(&app, caller.key, job).await
}

/// `POST /v1/executions/{execution_id}/reconcile`
pub(super) async fn reconcile(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(execution_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let job = move |tx: &Tx<'_>, actor: &Actor| {
        let nothing = || {
            let help = "check the id";
            Fault::new(ErrorCode::NotFound, "", "there is no such execution", help)
        };
        let execution = executions::get(tx, &execution_id)?.ok_or_else(nothing)?;
        let proposal = approvals::proposal_of(tx, &execution)?;
        // Whoever may not know of the proposal does not learn of its executions.
        approvals::find(tx, actor, &proposal.proposal_id, Some(&proposal.tenant_id))
            .map_err(|_| nothing())?;
        let mut fields = Node::root(&body).object()?;
        let happened = fields.required("happened", read::bool)?;
        let note = fields.required("note", read_note)?;
        fields.finish()?;
        let command = execution::Command::Reconcile { happened, note };
        let execution = approvals::carry(tx, actor, execution, command)?;
        if execution.state == ExecutionState::Failed {
            let by = host_actor(tx, HostActor::Scheduler)?;
            stop_plan(tx, &by, &proposal, "an earlier step did not succeed")?;
        }
        answer(tx, StatusCode::OK, proposal)
    };
    write.run(&app, caller.key, job).await
}

/// Takes an approval back; what was started is asked to stop, and what was not is never sent.
fn revoke(
    tx: &Tx<'_>,
    actor: &Actor,
    proposal: Proposal,
    body: &Json,
) -> Result<Proposal, Failure> {
    let mut fields = Node::root(body).object()?;
    let reason = fields.required("reason", read_note)?;
    fields.finish()?;
    let command = Command::Revoke { reason: reason.clone() };
    let proposal = approvals::perform(tx, actor, proposal, command)?;
    if proposal.state != ProposalState::Consumed {
        return Ok(proposal);
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    stop_plan(tx, &by, &proposal, "the approval was taken back")?;
    for execution in executions::of_proposal(tx, &proposal.tenant_id, &proposal.proposal_id)? {
        if matches!(execution.state, ExecutionState::Started | ExecutionState::Unknown) {
            let command = execution::Command::Stop { reason: reason.clone() };
            approvals::carry(tx, actor, execution, command)?;
        }
    }
    Ok(proposal)
}

fn read_command(
    tx: &Tx<'_>,
    proposal: &Proposal,
    name: &str,
    body: &Json,
) -> Result<Command, Failure> {
    let text = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let mut fields = Node::root(body).object()?;
    let command = match name {
        "approve" => Command::Approve {
            binding_digest: fields.required("binding_digest", text)?,
            note: fields.optional("note", read_note)?,
            authorization_id: ids::new_id("auth", tx.now)?,
            line_is_clear: proposals::line_is_clear(tx, proposal)?,
        },
        "reject" => Command::Reject { reason: fields.required("reason", read_note)? },
        "respond" => Command::Respond { message: fields.required("message", read_note)? },
        "undo" => Command::Undo,
        _ => Command::Withdraw { reason: fields.optional("reason", read_note)? },
    };
    fields.finish()?;
    Ok(command)
}

fn answer(tx: &Tx<'_>, status: StatusCode, proposal: Proposal) -> Result<Reply, Failure> {
    let executions = executions::of_proposal(tx, &proposal.tenant_id, &proposal.proposal_id)?;
    reply(status, &ProposalAndExecutions { proposal, executions })
}

fn read_note(node: Node<'_>) -> Read<String> {
    node.filled_text(NOTE_LENGTH_MAX)
}

fn read_tenant(fields: &mut Fields<'_>) -> Read<Option<Id>> {
    fields.optional("tenant_id", read::id)
}

fn read_list_query(fields: &mut Fields<'_>) -> Read<ListQuery> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let mut equal = Vec::new();
    if let Some(state) = fields.optional("state", ProposalState::read)? {
        equal.push(("state", state.as_str().to_owned()));
    }
    if let Some(risk_level) = fields.optional("risk_level", RiskLevel::read)? {
        equal.push(("risk_level", risk_level.as_str().to_owned()));
    }
    for column in ["tenant_id", "case_id"] {
        if let Some(id) = fields.optional(column, read::id)? {
            equal.push((column, id.as_str().to_owned()));
        }
    }
    Ok(ListQuery {
        view: fields.optional("view", View::read)?.unwrap_or(View::Open),
        order: fields.optional("order", Order::read)?.unwrap_or(Order::Expires),
        equal,
        text: fields.optional("q", name)?,
        after: fields.optional("cursor", read_cursor)?,
        limit: fields.optional("limit", |node| whole(node, 1, PAGE_MAX))?.unwrap_or(PAGE),
    })
}

fn read_cursor(node: Node<'_>) -> Read<(i64, Id, Id)> {
    let cursor = |text: &str| {
        let mut parts = text.splitn(3, ' ');
        let key = parts.next()?.parse().ok()?;
        Some((key, Id::new(parts.next()?)?, Id::new(parts.next()?)?))
    };
    cursor(node.str()?).ok_or_else(|| {
        node.invalid(
            "not a cursor of this order",
            "send `next_cursor` as it was given, with the same order",
        )
    })
}

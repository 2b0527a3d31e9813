//! Queues: what waits in them, and the next case to be taken.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok};
use super::cases::{claim_command, moved};
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::write::Operation;
use crate::case::Case;
use crate::error::{ErrorCode, Fault};
use crate::host::store::{Failure, Snapshot, cases, inbox, needs, next, policies};
use crate::host::work;
use crate::identity::{Actor, CaseOperation, GrantRole, PrincipalKind, authorize};
use crate::policy::{Authority, Policy, Queue};
use crate::read::Node;
use crate::units::TimestampMs;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QueuesReply")]
pub(super) struct Queues {
    queues: Vec<QueueView>,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QueueSummary")]
pub(super) struct QueueView {
    queue: String,
    title: String,
    sla_ms: i64,
    authority: Authority,
    counts: Counts,
    next_due_at: Option<TimestampMs>,
    mine: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QueueCounts")]
pub(super) struct Counts {
    ready: i64,
    leased: i64,
    held: i64,
    overdue: i64,
}

/// `GET /v1/queues`: the queues of the policy in force, with the cases that the caller may see.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let queues = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let counts = inbox::counts(snapshot, &caller.actor)?;
        let view = |policy: &Policy, queue: &Queue| {
            let counted = counts.get(&queue.queue).copied().unwrap_or_default();
            QueueView {
                queue: queue.queue.clone(),
                title: queue.title.clone(),
                sla_ms: sla_ms(policy, queue, snapshot.now),
                authority: queue.authority.clone(),
                counts: Counts {
                    ready: counted.ready,
                    leased: counted.leased,
                    held: counted.held,
                    overdue: counted.overdue,
                },
                next_due_at: counted.next_due_at,
                mine: is_mine(&caller.actor, queue, snapshot.now),
            }
        };
        let mut queues: Vec<QueueView> = Vec::new();
        for policy in policies_seen(snapshot, &caller.actor)? {
            for queue in &policy.bundle().queues {
                if queues.iter().all(|known| known.queue != queue.queue) {
                    queues.push(view(&policy, queue));
                }
            }
        }
        Ok(Queues { queues, now: snapshot.now })
    });
    ok(&queues.await?)
}

/// `POST /v1/queues/{queue}/claim`: the first case that the caller may work on.
pub(super) async fn claim_next(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(queue): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    Node::root(&body).object()?.finish()?;
    let write = operation.with(&body);
    let wanted = queue.as_str().to_owned();
    let asking = caller.actor.clone();
    // From what is committed: which needs somebody meets is remembered for the next time.
    let met = app
        .store
        .read_as(caller.actor.clone(), move |snapshot| needs::met_by(snapshot, &asking, &wanted))
        .await?;
    write
        .run(&app, caller.key, move |tx, actor| {
            let queue = queue.as_str();
            // A queue that the policy gave up still has to be emptied.
            if !has_queue(tx, actor, queue)? && !cases::has_queue(tx, queue)? {
                return Err(Failure::Refused(Fault::new(
                    ErrorCode::UnknownQueue,
                    "/queue",
                    format!("the policy has no queue `{}`", crate::read::excerpt(queue)),
                    "see `GET /v1/queues`",
                )));
            }
            if !covers(actor, queue, tx.now) {
                let detail = format!("no reviewer's grant covers the queue `{queue}`");
                let help = "ask an administrator for the grant";
                return Err(Failure::Refused(Fault::new(
                    ErrorCode::NotPermitted,
                    "",
                    detail,
                    help,
                )));
            }
            work::require_capacity(tx, actor)?;
            let may = |case: &Case| {
                let mine = &actor.principal.principal_id;
                let offered = case.assigned_to.as_ref().is_none_or(|to| to == mine);
                offered && authorize(actor, CaseOperation::Work, case, tx.now).is_ok()
            };
            let case = next::of_queue(tx, queue, &met, may)?.ok_or_else(|| {
                let detail = "there is nothing to claim in this queue";
                Fault::new(ErrorCode::NotFound, "", detail, "look again later")
            })?;
            next::served(tx, queue, &case.tenant_id)?;
            let command = claim_command(tx, &case)?;
            moved(tx, actor, case, command)
        })
        .await
}

/// The policies whose queues an actor may work in: the one of their own tenant first, which says the
/// terms where several have a queue of one name, then those of other tenants that a grant covers.
fn policies_seen(snapshot: &Snapshot<'_>, actor: &Actor) -> Result<Vec<Arc<Policy>>, Failure> {
    let mut seen = vec![policies::of_tenant(snapshot, &actor.principal.tenant_id)?];
    let covers = |tenant_id: &str| {
        actor.grants.iter().any(|grant| {
            grant.in_force(snapshot.now)
                && grant.tenants.iter().any(|name| name == "*" || name == tenant_id)
        })
    };
    for place in policies::places(snapshot)? {
        if place.tenant_id == "*" || covers(&place.tenant_id) {
            seen.extend(policies::find(snapshot, &place.hash)?);
        }
    }
    Ok(seen)
}

fn has_queue(snapshot: &Snapshot<'_>, actor: &Actor, queue: &str) -> Result<bool, Failure> {
    let seen = policies_seen(snapshot, actor)?;
    Ok(seen.iter().any(|policy| policy.queue(queue).is_some()))
}

/// How long a case that arrives now has, by the queue's calendar.
fn sla_ms(policy: &Policy, queue: &Queue, now: TimestampMs) -> i64 {
    let calendar = queue.calendar.as_deref().and_then(|name| policy.calendar(name));
    queue.sla.deadline(calendar, now).due_at.as_ms() - now.as_ms()
}

fn covers(actor: &Actor, queue: &str, now: TimestampMs) -> bool {
    let mut grants = actor.grants.iter();
    grants.any(|grant| {
        grant.role == GrantRole::Reviewer && grant.in_force(now) && grant.covers_queue(queue)
    })
}

/// Whether the caller may claim what the queue usually holds; a case may ask for more.
fn is_mine(actor: &Actor, queue: &Queue, now: TimestampMs) -> bool {
    let grant_reaches = actor.grants.iter().any(|grant| {
        grant.role == GrantRole::Reviewer
            && grant.in_force(now)
            && grant.covers_queue(&queue.queue)
            && grant.covers_authority(&queue.authority)
    });
    grant_reaches
        && actor.principal.kind == PrincipalKind::Person
        && queue.skills.iter().all(|skill| actor.principal.skills.contains(skill))
}

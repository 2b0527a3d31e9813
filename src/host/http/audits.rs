//! Random audits: an edge delivers the request that the host picked, or says that it has it no more.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, reply};
use super::cases::read_escalation;
use super::decisions::require_caller;
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::write::Operation;
use crate::case::{Claimed, Escalation, Purpose};
use crate::error::{ErrorCode, Fault};
use crate::host::store::idempotency::Reply;
use crate::host::store::random_audits::{self, AuditState, LostReason, RandomAudit};
use crate::host::store::{Failure, Tx, moves, policies};
use crate::host::{ids, work};
use crate::identity::Actor;
use crate::json::Json;
use crate::read::Node;
use crate::units::Id;
use crate::verdict::evaluate;

#[derive(Serialize, JsonSchema)]
/// What became of a random audit.
#[schemars(rename = "AuditReceipt")]
pub(super) struct Receipt {
    audit_id: Id,
    state: AuditState,
    /// The case in which a person judges it.
    case_id: Option<Id>,
    /// Why nobody will.
    lost: Option<LostReason>,
}

/// `POST /v1/audits/{audit_id}`
pub(super) async fn deliver(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(audit_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let job = move |tx: &Tx<'_>, actor: &Actor| {
        let audit = wanted(tx, actor, &audit_id)?;
        receipt(judge(tx, actor, audit, body.clone())?)
    };
    write.run(&app, caller.key, job).await
}

/// `POST /v1/audits/{audit_id}/lose`
pub(super) async fn lose(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(audit_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    Node::root(&body).object()?.finish()?;
    let write = operation.with_key(&body)?;
    let job = move |tx: &Tx<'_>, actor: &Actor| {
        let audit = wanted(tx, actor, &audit_id)?;
        receipt(random_audits::lose(tx, audit, LostReason::NotKept, actor.reference())?)
    };
    write.run(&app, caller.key, job).await
}

/// The audit, where its texts are still waited for.
fn wanted(tx: &Tx<'_>, actor: &Actor, audit_id: &Id) -> Result<RandomAudit, Failure> {
    require_caller(actor, tx.now)?;
    let audit = random_audits::get(tx, &actor.principal.tenant_id, audit_id)?;
    if audit.state == AuditState::Wanted {
        return Ok(audit);
    }
    Err(Failure::Refused(Fault::new(
        ErrorCode::InvalidState,
        "",
        format!("this audit is `{}`, and nothing more is wanted for it", audit.state),
        "drop the request",
    )))
}

/// Opens a case like any other, where the request is the one that was decided; what is not is lost,
/// because nothing can be concluded from another one.
fn judge(
    tx: &Tx<'_>,
    actor: &Actor,
    audit: RandomAudit,
    body: Json,
) -> Result<RandomAudit, Failure> {
    let sent = read_escalation(actor, body, tx.now)?;
    let in_force = policies::of_tenant(tx, &actor.principal.tenant_id)?;
    let decided_by = policies::find(tx, &audit.policy_hash)?;
    let verdict = match decided_by {
        Some(policy) => {
            let verdict = evaluate(&policy, &sent.request, audit.evaluated_at);
            if verdict.digest != audit.digest || sent.request.request_id != audit.request_id {
                return random_audits::lose(tx, audit, LostReason::OtherRequest, actor.reference());
            }
            if verdict.disposition != audit.disposition || verdict.risk_level != audit.risk_level {
                return random_audits::lose(tx, audit, LostReason::OtherVerdict, actor.reference());
            }
            verdict
        }
        None => {
            return random_audits::lose(tx, audit, LostReason::UnknownPolicy, actor.reference());
        }
    };
    let claimed = Claimed {
        disposition: audit.disposition,
        policy_hash: audit.policy_hash.clone(),
        digest: audit.digest.clone(),
        evaluated_at: audit.evaluated_at,
    };
    // What the caller adds to a case of its own has no part in a sample.
    let sent = Escalation {
        case_id: None,
        reason_for_escalation: None,
        sla_deadline: None,
        dedupe_key: None,
        claimed: Some(claimed),
        ..sent
    };
    let case_id = ids::new_id("case", tx.now)?;
    let mut case = sent.open(case_id, actor, &in_force, verdict, tx.now)?;
    case.purpose = Purpose::Audit;
    let case = moves::create(tx, actor, work::prepared(&in_force, case)?)?;
    let case = work::placed(tx, &in_force, case)?;
    random_audits::opened(tx, audit, &case.case_id, actor.reference())
}

fn receipt(audit: RandomAudit) -> Result<Reply, Failure> {
    let RandomAudit { audit_id, state, case_id, lost, .. } = audit;
    reply(StatusCode::OK, &Receipt { audit_id, state, case_id, lost })
}

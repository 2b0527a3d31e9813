//! Decision records from edges: features of every decision, also of those that needed nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, reply};
use super::problem::Problem;
use super::query::Parameters;
use super::write::Operation;
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;
use crate::host::store::decisions::{Batch, Receipt as Stored, record as store_batch};
use crate::host::store::random_audits::Wanted;
use crate::identity::{Actor, GrantRole};
use crate::json::{INTEGER_MAX, Json};
use crate::limits::{
    DECISION_RECORDS_MAX, LIST_LENGTH_MAX, NAME_LENGTH_MAX, POLICY_FACTS_MAX, TRIGGERS_MAX,
};
use crate::metrics::DroppedGroup;
use crate::read::{self, Node, Read};
use crate::request::{RiskLevel, read_signal};
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DecisionReceipt")]
pub(super) struct Receipt {
    accepted: i64,
    next_sequence: i64,
    gap: Option<Gap>,
    /// How many of the gap's numbers the batch brought a count of.
    counted: i64,
    /// Decisions whose requests the host wants to see, picked at random among those of this run: deliver
    /// each with `POST /v1/audits/{audit_id}`.
    wanted: Vec<WantedAudit>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct WantedAudit {
    audit_id: Id,
    /// The sequence of its record.
    sequence: i64,
    request_id: Option<Id>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SequenceGap")]
pub(super) struct Gap {
    from: i64,
    to: i64,
}

/// `POST /v1/decisions`
pub(super) async fn record(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let batch = read_batch(&body)?;
    let key = app.sampling_key.clone();
    write
        .run(&app, caller.key, move |tx, actor| {
            require_caller(actor, tx.now)?;
            let tenant_id = &actor.principal.tenant_id;
            let receipt = store_batch(tx, tenant_id, &batch, &key, actor.reference())?;
            let gap = receipt.gap.map(|(from, to)| Gap { from, to });
            let Stored { accepted, next_sequence, counted, .. } = receipt;
            let told = |Wanted { audit_id, sequence, request_id }| WantedAudit {
                audit_id,
                sequence,
                request_id,
            };
            let wanted = receipt.wanted.into_iter().map(told).collect();
            reply(StatusCode::ACCEPTED, &Receipt { accepted, next_sequence, gap, counted, wanted })
        })
        .await
}

/// Only who may send cases may say what became of requests.
pub(super) fn require_caller(actor: &Actor, now: TimestampMs) -> Result<(), Failure> {
    let tenant_id = &actor.principal.tenant_id;
    if actor.grants_of(GrantRole::Caller, tenant_id, now).next().is_some() {
        return Ok(());
    }
    let detail = format!("no grant of the role `caller` for tenant `{tenant_id}`");
    let help = "ask an administrator for the grant";
    Err(Failure::Refused(Fault::new(ErrorCode::NotPermitted, "", detail, help)))
}

fn read_batch(body: &Json) -> Read<Batch> {
    let mut fields = Node::root(body).object()?;
    fields.required("version", |node| node.integer(1, 1))?;
    let sequence = fields.required("sequence", |node| node.integer(0, INTEGER_MAX))?;
    let dropped = |node: Node<'_>| DroppedGroup::read_all(node, sequence);
    let batch = Batch {
        edge: fields.required("edge", read::id)?,
        boot: fields.required("boot", read::id)?,
        sequence,
        dropped: fields.optional("dropped", dropped)?.unwrap_or_default(),
        records: fields.required("records", |node| node.list(DECISION_RECORDS_MAX, read_record))?,
    };
    fields.finish()?;
    Ok(batch)
}

/// Checks what this host knows of a record, and keeps the record as it was sent: an edge may be newer.
fn read_record(node: Node<'_>) -> Read<Json> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let fact = |node: Node<'_>| match node.json() {
        Json::Array(_) => node
            .list(LIST_LENGTH_MAX, |node| match node.json() {
                Json::Number(_) => Ok(()),
                _ => node.text(NAME_LENGTH_MAX).map(|_| ()),
            })
            .map(|_| ()),
        Json::Object(_) => {
            Err(node.invalid("a fact is a value or a list of values", "send such a value"))
        }
        _ => Ok(()),
    };
    let mut fields = node.object()?;
    fields.optional("request_id", read::id)?;
    fields.required("evaluated_at", read::timestamp)?;
    fields.required("disposition", Disposition::read)?;
    fields.required("risk_level", RiskLevel::read)?;
    fields.required("probability", read::score)?;
    fields.list("trigger_ids", TRIGGERS_MAX, name)?;
    fields.list("shadow_trigger_ids", TRIGGERS_MAX, name)?;
    fields.optional("queue", name)?;
    fields.required("policy_hash", name)?;
    fields.required("digest", name)?;
    fields.optional("facts", |node| node.map(POLICY_FACTS_MAX, fact))?;
    fields.optional("signals", |node| node.map(POLICY_FACTS_MAX, read_signal))?;
    let _ = fields.finish_listing_unknown();
    Ok(node.json().clone())
}

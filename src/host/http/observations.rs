//! Observations: what is known of an answer only after it was given.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, reply};
use super::decisions::require_caller;
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::write::Operation;
use crate::host::ids;
use crate::host::store::observations;
use crate::metrics::Observation;
use crate::read::Node;

#[derive(Serialize, JsonSchema)]
pub(super) struct ObservationOnly<'a> {
    observation: &'a Observation,
}

/// `POST /v1/requests/{request_id}/observations`
pub(super) async fn record(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(request_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    write
        .run(&app, caller.key, move |tx, actor| {
            require_caller(actor, tx.now)?;
            let observation_id = ids::new_id("obs", tx.now)?;
            // The request may be one whose record is still on its way.
            let tenant_id = actor.principal.tenant_id.clone();
            let node = Node::root(&body);
            let observation =
                Observation::read(node, observation_id, tenant_id, request_id.clone(), tx.now)?;
            observations::insert(tx, &observation, actor.reference())?;
            reply(StatusCode::CREATED, &ObservationOnly { observation: &observation })
        })
        .await
}

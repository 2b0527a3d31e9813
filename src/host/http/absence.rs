//! One's own absence: said, and taken back.

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
use crate::host::absence;
use crate::identity::Away;
use crate::json::Json;
use crate::read::{self, Node};

#[derive(Serialize, JsonSchema)]
pub(super) struct Absence {
    /// The absence; `null` where there is none.
    away: Option<Away>,
}

/// `POST /v1/me/absence`
pub(super) async fn say(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with(&body);
    write
        .run(&app, caller.key, move |tx, actor| {
            let mut fields = Node::root(&body).object()?;
            let from = fields.optional("from", read::timestamp)?;
            let until = fields.required("until", read::timestamp)?;
            let delegate = fields.optional("delegate", read::id)?;
            fields.finish()?;
            let (id, by) = (&actor.principal.principal_id, actor.reference());
            let away = absence::leave(tx, id, from, until, delegate, by)?;
            reply(StatusCode::OK, &Absence { away: Some(away) })
        })
        .await
}

/// `DELETE /v1/me/absence`
pub(super) async fn take_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with(&Json::Null);
    write
        .run(&app, caller.key, move |tx, actor| {
            let (id, by) = (&actor.principal.principal_id, actor.reference());
            absence::come_back(tx, id, by)?;
            reply(StatusCode::OK, &Absence { away: None })
        })
        .await
}

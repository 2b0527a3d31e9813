//! Releases: what is in force, signed; what waits for a second person; and their confirmation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok, reply};
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::write::Operation;
use crate::compile::compile;
use crate::error::{ErrorCode, Fault};
use crate::host::release_key::ReleaseKey;
use crate::host::store::{Failure, monitors, policies, releases};
use crate::limits::{NAME_LENGTH_MAX, NOTE_LENGTH_MAX, POLICY_BYTES_MAX};
use crate::read::Node;
use crate::release::{PolicyRelease, owns_policies};

/// Releases that are listed.
const LIST_MAX: usize = 100;

#[derive(Serialize, JsonSchema)]
/// One release.
#[schemars(rename = "ReleaseReply")]
pub(super) struct ReleaseOnly {
    release: PolicyRelease,
}

#[derive(Serialize, JsonSchema)]
/// The newest releases.
#[schemars(rename = "ReleasesReply")]
pub(super) struct Releases {
    releases: Vec<PolicyRelease>,
}

/// `GET /v1/policies/current/manifest`
pub(super) async fn manifest(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let manifest = app.store.read(move |snapshot| {
        let mut manifest = releases::manifest(snapshot)?;
        let policy = policies::in_force(snapshot)?;
        let tenant_id = &caller.actor.principal.tenant_id;
        manifest.certificates_void = monitors::ended_certificates(snapshot, &policy, tenant_id)?;
        Ok(manifest)
    });
    ok(&ReleaseKey::open(&app.release_key)?.sign(manifest.await?)?)
}

/// `GET /v1/policies/releases`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        owns_policies(&caller.actor, snapshot.now).map_err(Failure::Refused)?;
        releases::list(snapshot, LIST_MAX)
    });
    ok(&Releases { releases: read.await? })
}

/// `POST /v1/policies/releases`
pub(super) async fn propose(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    owns_policies(&caller.actor, app.store.now())?;
    let mut fields = Node::root(&body).object()?;
    let source = fields.required("source", |node| node.text(POLICY_BYTES_MAX))?;
    let reason = fields.optional("reason", |node| node.filled_text(NOTE_LENGTH_MAX))?;
    fields.finish()?;
    let compiled = spawn_blocking(move || compile(&source, "policy.toml")).await;
    let compiled =
        compiled.map_err(|error| Failure::internal(format!("the compiler panicked: {error}")))?;
    let compiled = compiled.map_err(|diagnostics| {
        let first = diagnostics.first().map(ToString::to_string).unwrap_or_default();
        let help = "see every mistake with `POST /v1/policies/check`";
        Fault::new(ErrorCode::PolicyRejected, "/source", first, help)
    })?;
    write
        .run(&app, caller.key, move |tx, actor| {
            owns_policies(actor, tx.now).map_err(Failure::Refused)?;
            let release = releases::propose(tx, &compiled, reason.clone(), actor.reference())?;
            reply(StatusCode::CREATED, &ReleaseOnly { release })
        })
        .await
}

/// `POST /v1/policies/releases/{release_id}/approve`
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(release_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let mut fields = Node::root(&body).object()?;
    let changes_hash = fields.required("changes_hash", |node| node.filled_text(NAME_LENGTH_MAX))?;
    fields.finish()?;
    write
        .run(&app, caller.key, move |tx, actor| {
            // Whoever may not confirm learns nothing of what there is.
            owns_policies(actor, tx.now).map_err(Failure::Refused)?;
            let release = releases::approve(tx, actor, &release_id, &changes_hash)?;
            reply(StatusCode::OK, &ReleaseOnly { release })
        })
        .await
}

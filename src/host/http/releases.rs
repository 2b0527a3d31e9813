//! Releases: what is in force, signed; what waits for a second person; and their confirmation.

use std::collections::BTreeMap;
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
use crate::error::{ErrorCode, Fault};
use crate::host::layers::{Refusal, candidate};
use crate::host::policy_diff::{PolicyDiff, diff};
use crate::host::release_key::ReleaseKey;
use crate::host::store::{Failure, Snapshot, identity, monitors, policies, releases};
use crate::identity::{Actor, GrantRole};
use crate::limits::{NAME_LENGTH_MAX, NOTE_LENGTH_MAX, POLICY_BYTES_MAX};
use crate::policy::PolicyReference;
use crate::read::{Node, Read};
use crate::release::{EVERY_TENANT, PolicyRelease, owns_policies};
use crate::units::{Id, TimestampMs};

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
    /// The names of those who proposed, confirmed or withdrew them, by id.
    people: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
/// One release, with what it changes in words.
#[schemars(rename = "ReleaseDetails")]
pub(super) struct Details {
    release: PolicyRelease,
    diff: PolicyDiff,
}

#[derive(Serialize, JsonSchema)]
/// What is in force, for every tenant and for those that have their own.
#[schemars(rename = "PoliciesInForceReply")]
pub(super) struct InForceReply {
    policies: Vec<PolicyInForce>,
    /// The names of those who proposed and confirmed them, by id.
    people: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
/// A policy in force.
#[schemars(rename = "PolicyInForce")]
pub(super) struct PolicyInForce {
    /// The tenant; `*` for all without one of their own.
    tenant_id: String,
    /// The policy.
    policy: PolicyReference,
    /// Its place among what came into force there.
    sequence: i64,
    /// Since when.
    since: TimestampMs,
    /// The release that two people made; null where the operator put it into force.
    release: Option<PolicyRelease>,
}

/// `GET /v1/policies/current/manifest`
pub(super) async fn manifest(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let tenant_id = caller.actor.principal.tenant_id.clone();
    let read = app.store.read_as(caller.actor, move |snapshot| {
        let mut manifest = releases::manifest(snapshot, tenant_id.as_str())?;
        let policy = policies::of_tenant(snapshot, &tenant_id)?;
        manifest.certificates_void = monitors::ended_certificates(snapshot, &policy, &tenant_id)?;
        Ok(manifest)
    });
    ok(&ReleaseKey::open(&app.release_key)?.sign(read.await?)?)
}

/// `GET /v1/policies/in-force`
pub(super) async fn in_force(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        owns_some(&caller.actor, snapshot.now)?;
        let mut found = Vec::new();
        for place in policies::places(snapshot)? {
            let is_base = place.tenant_id == EVERY_TENANT;
            if !is_base && owns_policies(&caller.actor, &place.tenant_id, snapshot.now).is_err() {
                continue;
            }
            let policy = policies::find(snapshot, &place.hash)?
                .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
            found.push(PolicyInForce {
                release: releases::of_place(snapshot, &place)?,
                tenant_id: place.tenant_id,
                policy: policy.reference().clone(),
                sequence: place.sequence,
                since: place.since,
            });
        }
        let people = names(snapshot, found.iter().filter_map(|one| one.release.as_ref()))?;
        Ok(InForceReply { policies: found, people })
    });
    ok(&read.await?)
}

/// `GET /v1/policies/releases`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        owns_some(&caller.actor, snapshot.now)?;
        let mut found = releases::list(snapshot, LIST_MAX)?;
        found.retain(|one| may_see(&caller.actor, one, snapshot.now));
        let people = names(snapshot, found.iter())?;
        let seen = found.into_iter().map(|one| seen_by(&caller.actor, one, snapshot.now));
        Ok(Releases { releases: seen.collect(), people })
    });
    ok(&read.await?)
}

/// `GET /v1/policies/releases/{release_id}`
pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(release_id): PathId,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let release = find(snapshot, &caller.actor, &release_id)?;
        let (old, new) = releases::both_policies(snapshot, &release)?;
        let diff = diff(&old, &new).map_err(Failure::Refused)?;
        Ok(Details { release, diff })
    });
    ok(&read.await?)
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
    let mut fields = Node::root(&body).object()?;
    let tenant_id = fields.optional("tenant_id", read_tenant)?;
    let source = fields.optional("source", |node| node.text(POLICY_BYTES_MAX))?;
    let reason = fields.optional("reason", |node| node.filled_text(NOTE_LENGTH_MAX))?;
    fields.finish()?;
    let tenant_id = tenant_id.unwrap_or_else(|| EVERY_TENANT.to_owned());
    owns_policies(&caller.actor, &tenant_id, app.store.now())?;
    let ground = app.store.read(policies::ground).await?;
    let tenant = tenant_id.clone();
    let compiled = spawn_blocking(move || {
        let file = if tenant == EVERY_TENANT { "policy.toml" } else { "overlay.toml" };
        candidate(ground.as_ref(), &tenant, source.as_deref(), file)
    });
    let compiled = compiled.await;
    let compiled =
        compiled.map_err(|error| Failure::internal(format!("the compiler panicked: {error}")))?;
    let compiled = compiled.map_err(Refusal::fault)?;
    write
        .run(&app, caller.key, move |tx, actor| {
            owns_policies(actor, &tenant_id, tx.now).map_err(Failure::Refused)?;
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
            find(tx, actor, &release_id)?;
            let release = releases::approve(tx, actor, &release_id, &changes_hash)?;
            reply(StatusCode::OK, &ReleaseOnly { release })
        })
        .await
}

/// `POST /v1/policies/releases/{release_id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(release_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    Node::root(&body).object()?.finish()?;
    let write = operation.with_key(&body)?;
    write
        .run(&app, caller.key, move |tx, actor| {
            find(tx, actor, &release_id)?;
            let release = releases::withdraw(tx, actor, &release_id)?;
            reply(StatusCode::OK, &ReleaseOnly { release })
        })
        .await
}

fn read_tenant(node: Node<'_>) -> Read<String> {
    match node.str()? {
        EVERY_TENANT => Ok(EVERY_TENANT.to_owned()),
        _ => Ok(node.id()?.as_str().to_owned()),
    }
}

/// Whoever owns no policy at all learns nothing of releases.
fn owns_some(actor: &Actor, now: TimestampMs) -> Result<(), Failure> {
    let owned = actor.tenants_of(GrantRole::PolicyOwner, now);
    let tenant_id = owned.first().copied().unwrap_or(EVERY_TENANT);
    owns_policies(actor, tenant_id, now).map_err(Failure::Refused)
}

/// A base is everybody's who owns a policy; an overlay is its own tenant's.
fn may_see(actor: &Actor, release: &PolicyRelease, now: TimestampMs) -> bool {
    release.tenant_id == EVERY_TENANT || owns_policies(actor, &release.tenant_id, now).is_ok()
}

/// The names of those who had a hand in releases.
fn names<'a>(
    snapshot: &Snapshot<'_>,
    releases: impl Iterator<Item = &'a PolicyRelease>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut people = BTreeMap::new();
    for release in releases {
        let others = [&release.approved_by, &release.withdrawn_by].into_iter().flatten();
        for id in others.chain([&release.proposed_by]) {
            if !people.contains_key(id.as_str())
                && let Some(principal) = identity::principal(snapshot, id)?
            {
                people.insert(id.as_str().to_owned(), principal.name);
            }
        }
    }
    Ok(people)
}

/// Of a base, without what becomes of tenants that are not the owner's.
fn seen_by(actor: &Actor, mut release: PolicyRelease, now: TimestampMs) -> PolicyRelease {
    release.overlays.retain(|one| owns_policies(actor, &one.tenant_id, now).is_ok());
    release
}

/// The release of that id that the actor may know of.
pub(super) fn find(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    release_id: &Id,
) -> Result<PolicyRelease, Failure> {
    owns_some(actor, snapshot.now)?;
    let found = releases::get(snapshot, release_id)?;
    if may_see(actor, &found, snapshot.now) {
        return Ok(seen_by(actor, found, snapshot.now));
    }
    Err(Failure::Refused(Fault::new(ErrorCode::NotFound, "", "no such release", "check the id")))
}

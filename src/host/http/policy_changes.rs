//! What another policy would change: compared with the one in force, in words and over the tenant's
//! decision records. Nothing is stored.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok};
use super::metrics::{measurable, visible_tenants};
use super::problem::Problem;
use super::query::{Parameters, PathId};
use super::releases;
use crate::compile::is_overlay_text;
use crate::error::{ErrorCode, Fault};
use crate::host::layers::{Ground, Refusal, candidate};
use crate::host::policy_diff::diff;
use crate::host::replay::{Handling, Kind, Line, PolicyReplay, Replay};
use crate::host::store::{
    Failure, Snapshot, policies, releases as stored_releases, replay as stored,
};
use crate::json::Json;
use crate::limits::POLICY_BYTES_MAX;
use crate::policy::Policy;
use crate::read::Node;
use crate::release::EVERY_TENANT;
use crate::units::Id;

/// The newest records of a tenant that one call looks at.
const RECORDS_MAX: usize = 20_000;
/// The latest policies under which they may have been made.
const RELEASED_MAX: usize = 10;
/// Minutes that a case takes where nothing was measured.
const ASSUMED_MINUTES: f64 = 5.0;
const EXAMPLES_MAX: usize = 5;

/// A replay keeps every core busy, so that there is one at a time.
static TURN: Semaphore = Semaphore::const_new(1);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyReplayAnswer")]
pub(super) struct Replayed {
    /// Decision records that the tenant has; the newest 20,000 of them are replayed.
    records: i64,
    replay: PolicyReplay,
}

/// `POST /v1/policies/diff`
pub(super) async fn compare(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let (old, new) = both(&app, &caller.actor.principal.tenant_id, &body).await?;
    ok(&diff(&old, &new)?)
}

/// `POST /v1/policies/replay`
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let tenant_id = caller.actor.principal.tenant_id.clone();
    let (old, new) = both(&app, &tenant_id, &body).await?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenant_id = tenant_id.as_str().to_owned();
        let covered = visible_tenants(&caller.actor, measurable(), snapshot.now)?;
        require_covered(covered.as_deref(), &tenant_id)?;
        recorded(snapshot, Some(vec![tenant_id]))
    });
    judge(old, new, read.await?).await
}

/// `POST /v1/policies/releases/{release_id}/replay`: what waits to be confirmed, over the records of
/// its tenant, or of every tenant whose measures the caller may see.
pub(super) async fn replay_release(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(release_id): PathId,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    Node::root(&body).object()?.finish()?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let release = releases::find(snapshot, &caller.actor, &release_id)?;
        let covered = visible_tenants(&caller.actor, measurable(), snapshot.now)?;
        let tenants = if release.tenant_id == EVERY_TENANT {
            covered
        } else {
            require_covered(covered.as_deref(), &release.tenant_id)?;
            Some(vec![release.tenant_id.clone()])
        };
        let (old, new) = stored_releases::both_policies(snapshot, &release)?;
        Ok((old, new, recorded(snapshot, tenants)?))
    });
    let (old, new, recorded) = read.await?;
    judge(old, new, recorded).await
}

fn require_covered(covered: Option<&[String]>, tenant_id: &str) -> Result<(), Failure> {
    if covered.is_none_or(|covered| covered.iter().any(|one| one == tenant_id)) {
        return Ok(());
    }
    let detail = format!("no right to see the decisions of the tenant `{tenant_id}`");
    let help = "ask an administrator for a grant of its own tenant";
    Err(Failure::Refused(Fault::new(ErrorCode::NotPermitted, "", detail, help)))
}

/// What a replay reads of the store.
struct Recorded {
    records: Vec<Line>,
    count: i64,
    released: Vec<Arc<Policy>>,
    handling: Handling,
}

fn recorded(snapshot: &Snapshot<'_>, tenants: Option<Vec<String>>) -> Result<Recorded, Failure> {
    Ok(Recorded {
        records: stored::records(snapshot, tenants.as_deref(), RECORDS_MAX)?,
        count: stored::record_count(snapshot, tenants.as_deref())?,
        released: stored::released(snapshot, RELEASED_MAX)?,
        handling: stored::handling(snapshot, tenants, ASSUMED_MINUTES)?,
    })
}

async fn judge(old: Arc<Policy>, new: Policy, recorded: Recorded) -> Result<Response, Problem> {
    let Recorded { records, count, released, handling } = recorded;
    let closed = |_| Failure::internal("replays are closed");
    let turn = TURN.acquire().await.map_err(closed)?;
    let work = move || -> Result<PolicyReplay, Fault> {
        let others: Vec<Policy> = released.iter().map(|policy| policy.as_ref().clone()).collect();
        let mut replay = Replay::new(&old, &new, &others, Kind::Records, EXAMPLES_MAX)?;
        replay.add(&records).map_err(|(_, fault)| fault)?;
        Ok(replay.report(&handling, None))
    };
    let replay = spawn_blocking(work).await;
    drop(turn);
    let replay =
        replay.map_err(|error| Failure::internal(format!("the replay panicked: {error}")))?;
    ok(&Replayed { records: count, replay: replay? })
}

/// The policy in force that a text would take the place of, and the text's: an overlay is for the
/// caller's tenant, anything else for every one.
async fn both(app: &App, tenant_id: &Id, body: &Json) -> Result<(Arc<Policy>, Policy), Problem> {
    let mut fields = Node::root(body).object()?;
    let source = fields.required("source", |node| node.text(POLICY_BYTES_MAX))?;
    fields.finish()?;
    let own = tenant_id.clone();
    let read = app.store.read(move |snapshot| {
        let ground = policies::ground(snapshot)?;
        Ok((ground, policies::in_force(snapshot)?, policies::of_tenant(snapshot, &own)?))
    });
    let (ground, base, own) = read.await?;
    let is_overlay = is_overlay_text(&source);
    let tenant_id = tenant_id.as_str().to_owned();
    // A long text takes long enough to hold up others.
    let compiled = spawn_blocking(move || {
        let ground = ground.map(|ground| match is_overlay {
            true => ground,
            // Tenants' overlays are looked at when it is proposed.
            false => Ground { tenants: Vec::new(), ..ground },
        });
        let tenant_id = if is_overlay { tenant_id.as_str() } else { EVERY_TENANT };
        candidate(ground.as_ref(), tenant_id, Some(&source), "policy.toml")
    });
    let compiled = compiled.await;
    let compiled =
        compiled.map_err(|error| Failure::internal(format!("the compiler panicked: {error}")))?;
    let new = compiled.map_err(Refusal::fault)?.own.compiled.policy;
    Ok((if is_overlay { own } else { base }, new))
}

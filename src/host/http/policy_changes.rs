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
use super::query::Parameters;
use crate::compile::compile;
use crate::error::{ErrorCode, Fault};
use crate::host::policy_diff::diff;
use crate::host::replay::{Kind, PolicyReplay, Replay};
use crate::host::store::{Failure, policies, replay as stored};
use crate::json::Json;
use crate::limits::POLICY_BYTES_MAX;
use crate::policy::Policy;
use crate::read::Node;

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
    _: Caller,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let new = compiled(&body).await?;
    let old = app.store.read(policies::in_force).await?;
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
    let new = compiled(&body).await?;
    let read = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenant_id = caller.actor.principal.tenant_id.as_str().to_owned();
        let covered = visible_tenants(&caller.actor, measurable(), snapshot.now)?;
        if covered.is_some_and(|covered| !covered.contains(&tenant_id)) {
            let detail = format!("no right to see the decisions of the tenant `{tenant_id}`");
            let help = "ask an administrator for a grant of its own tenant";
            let fault = Fault::new(ErrorCode::NotPermitted, "", detail, help);
            return Err(Failure::Refused(fault));
        }
        let tenants = vec![tenant_id];
        let records = stored::records(snapshot, Some(&tenants), RECORDS_MAX)?;
        let count = stored::record_count(snapshot, Some(&tenants))?;
        let released = stored::released(snapshot, RELEASED_MAX)?;
        let handling = stored::handling(snapshot, Some(tenants), ASSUMED_MINUTES)?;
        Ok((records, count, released, handling, policies::in_force(snapshot)?))
    });
    let (records, count, released, handling, old) = read.await?;
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

/// The policy that the body's text is.
async fn compiled(body: &Json) -> Result<Policy, Problem> {
    let mut fields = Node::root(body).object()?;
    let source = fields.required("source", |node| node.text(POLICY_BYTES_MAX))?;
    fields.finish()?;
    // A long text takes long enough to hold up others.
    let compiled = spawn_blocking(move || compile(&source, "policy.toml")).await;
    let compiled =
        compiled.map_err(|error| Failure::internal(format!("the compiler panicked: {error}")))?;
    let compiled = compiled.map_err(|diagnostics| {
        let told = diagnostics.first();
        let detail = told.map_or_else(String::new, |told| {
            format!("line {}, column {}: {}", told.line, told.column, told.message)
        });
        let help = "mend it; `POST /v1/policies/check` tells every mistake";
        Fault::new(ErrorCode::PolicyRejected, "/source", detail, help)
    })?;
    Ok(compiled.policy)
}

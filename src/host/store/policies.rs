//! Released policies: kept for ever under their digest, one of them in force.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::audit::{self, Entity, stored_json};
use super::hold::Hold;
use super::needs::NeedCache;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx};
use crate::compile::{Compiled, to_json};
use crate::identity::ActorReference;
use crate::json::Json;
use crate::policy::{Policy, PolicyReference};
use crate::units::{Id, TimestampMs};

/// The policy in force holds for every tenant; a tenant's own would stand under its id.
const EVERY_TENANT: &str = "*";

/// What was worked out before and keeps its meaning: policies that were loaded, by digest, and what
/// reviewers may take.
#[derive(Default)]
pub(super) struct PolicyCache(Mutex<BTreeMap<String, Arc<Policy>>>, pub(super) NeedCache);

/// The policy in force.
///
/// # Errors
/// Where none was released yet, or the store fails.
pub fn in_force(snapshot: &Snapshot<'_>) -> Result<Arc<Policy>, Failure> {
    let hash =
        hash_in_force(snapshot)?.ok_or_else(|| Failure::internal("no policy is in force"))?;
    find(snapshot, &hash)?.ok_or_else(|| Failure::internal("the policy in force is not stored"))
}

/// A policy that was released, by digest.
///
/// # Errors
/// Where the store fails.
pub fn find(snapshot: &Snapshot<'_>, hash: &str) -> Result<Option<Arc<Policy>>, Failure> {
    let cache = &snapshot.policies.0;
    if let Some(policy) = cache.lock().ok().and_then(|known| known.get(hash).cloned()) {
        return Ok(Some(policy));
    }
    let Some(text) = bundle(snapshot, hash)? else { return Ok(None) };
    let policy = Policy::load(&stored_json(&text)?)
        .map_err(|fault| Failure::internal(format!("a stored policy cannot be read: {fault}")))?;
    let policy = Arc::new(policy);
    if let Ok(mut known) = cache.lock() {
        known.insert(hash.to_owned(), Arc::clone(&policy));
    }
    Ok(Some(policy))
}

/// The bundle of a policy that was released, in canonical form.
///
/// # Errors
/// Where the store fails.
pub fn bundle(snapshot: &Snapshot<'_>, hash: &str) -> Result<Option<String>, Failure> {
    let select = "SELECT bundle FROM policies WHERE tenant_id = ?1 AND hash = ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.query_row([EVERY_TENANT, hash], |row| row.get(0)).optional()?)
}

/// The name of the policy in force, if there is one yet.
///
/// # Errors
/// Where the store fails.
pub fn reference_in_force(snapshot: &Snapshot<'_>) -> Result<Option<PolicyReference>, Failure> {
    let Some(hash) = hash_in_force(snapshot)? else { return Ok(None) };
    Ok(find(snapshot, &hash)?.map(|policy| policy.reference().clone()))
}

/// Puts a policy into force, unless it already is. Without a release that a second person confirmed
/// it is the operator's door, and the audit log says so.
///
/// # Errors
/// Where the store fails.
pub fn release(
    tx: &Tx<'_>,
    compiled: &Compiled,
    tenant_of_log: &Id,
    actor: ActorReference,
    release_id: Option<&Id>,
) -> Result<(), Failure> {
    let reference = compiled.policy.reference();
    tx.alone(&["policy in force"])?;
    if hash_in_force(tx)?.as_deref() == Some(reference.hash.as_str()) {
        return Ok(());
    }
    let insert = "INSERT INTO policies (tenant_id, hash, id, version, bundle, released_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    tx.connection.prepare_cached(insert)?.execute(params![
        EVERY_TENANT,
        reference.hash,
        reference.id.as_str(),
        reference.version,
        compiled.bundle.canonical(),
        tx.now.as_ms(),
    ])?;
    let sequence = put_in_force(tx, &reference.hash, tx.now)?;
    let text = |text: &str| Json::String(text.to_owned());
    let confirmed = if release_id.is_some() { "by_second_person" } else { "by_operator" };
    let data = Json::Object(BTreeMap::from([
        ("policy".to_owned(), to_json(reference)?),
        ("sequence".to_owned(), to_json(&sequence)?),
        ("confirmed".to_owned(), text(confirmed)),
        ("release_id".to_owned(), release_id.map_or(Json::Null, |id| text(id.as_str()))),
    ]));
    let entity = Entity { tenant_id: tenant_of_log, kind: "policy", id: &reference.id };
    audit::append(tx, entity, "policy_released", data, actor)
}

/// Gives the sequence of what is in force from here on.
fn put_in_force(tx: &Tx<'_>, hash: &str, since: TimestampMs) -> Result<i64, Failure> {
    let upsert = "INSERT INTO policy_in_force (tenant_id, hash, since, sequence) \
        VALUES (?1, ?2, ?3, 1) ON CONFLICT (tenant_id) DO UPDATE \
        SET hash = excluded.hash, since = excluded.since, sequence = policy_in_force.sequence + 1 \
        RETURNING sequence";
    let key = params![EVERY_TENANT, hash, since.as_ms()];
    Ok(tx.connection.prepare_cached(upsert)?.query_row(key, |row| row.get(0))?)
}

fn hash_in_force(snapshot: &Snapshot<'_>) -> Result<Option<String>, Failure> {
    let select = "SELECT hash FROM policy_in_force WHERE tenant_id = ?1";
    let select = snapshot.holding(select, Hold::Rely);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    Ok(statement.query_row([EVERY_TENANT], |row| row.get(0)).optional()?)
}

//! Released policies: kept for ever under their digest. One is in force for every tenant, and a
//! tenant may have one of its own, an overlay over that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::audit::{self, Entity, stored_json};
use super::fence::Fenced;
use super::hold::Hold;
use super::needs::NeedCache;
use super::rejudging;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx};
use crate::compile::{Compiled, to_json};
use crate::host::layers::{Candidate, Ground, TenantPolicy};
use crate::host::people::{HOST_TENANT, fixed_id};
use crate::identity::ActorReference;
use crate::json::Json;
use crate::policy::{Policy, PolicyReference};
use crate::release::EVERY_TENANT;
use crate::units::{Id, TimestampMs};

/// What was worked out before and keeps its meaning: policies that were loaded, by digest, and what
/// reviewers may take.
#[derive(Default)]
pub(super) struct PolicyCache(Mutex<BTreeMap<String, Arc<Policy>>>, pub(super) NeedCache);

/// The policy in force for every tenant without one of its own.
///
/// # Errors
/// Where none was released yet, or the store fails.
pub fn in_force(snapshot: &Snapshot<'_>) -> Result<Arc<Policy>, Failure> {
    let hash = place(snapshot, EVERY_TENANT)?
        .ok_or_else(|| Failure::internal("no policy is in force"))?
        .hash;
    find(snapshot, &hash)?.ok_or_else(|| Failure::internal("the policy in force is not stored"))
}

/// The policy in force for a tenant: its own, or the one for every tenant.
///
/// # Errors
/// As [`in_force`].
pub fn of_tenant(snapshot: &Snapshot<'_>, tenant_id: &Id) -> Result<Arc<Policy>, Failure> {
    let Some(own) = place(snapshot, tenant_id.as_str())? else { return in_force(snapshot) };
    find(snapshot, &own.hash)?.ok_or_else(|| Failure::internal("the policy in force is not stored"))
}

/// What is in force somewhere.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The tenant; `*` for all without their own.
    pub tenant_id: String,
    /// The policy's digest.
    pub hash: String,
    /// Since when.
    pub since: TimestampMs,
    /// Its place among what came into force there.
    pub sequence: i64,
}

/// What is in force under a tenant's own name, or under `*`.
///
/// # Errors
/// Where the store fails.
pub fn place(snapshot: &Snapshot<'_>, tenant_id: &str) -> Result<Option<InForce>, Failure> {
    let select =
        "SELECT tenant_id, hash, since, sequence FROM policy_in_force WHERE tenant_id = ?1";
    let select = snapshot.holding(select, Hold::Rely);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let row = statement.query_row([tenant_id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
    });
    row.optional()?.map(read_place).transpose()
}

/// Everything that is in force, `*` first.
///
/// # Errors
/// Where the store fails.
pub fn places(snapshot: &Snapshot<'_>) -> Result<Vec<InForce>, Failure> {
    let select = "SELECT tenant_id, hash, since, sequence FROM policy_in_force ORDER BY tenant_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
    })?;
    rows.map(|row| read_place(row?)).collect()
}

fn read_place(
    (tenant_id, hash, since, sequence): (String, String, i64, i64),
) -> Result<InForce, Failure> {
    let since =
        TimestampMs::new(since).ok_or_else(|| Failure::internal("a stored instant is not one"))?;
    Ok(InForce { tenant_id, hash, since, sequence })
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
    let select = "SELECT bundle FROM policies WHERE hash = ?1 ORDER BY tenant_id LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let text: Option<String> = statement.query_row([hash], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(None) };
    let policy = Policy::load(&stored_json(&text)?)
        .map_err(|fault| Failure::internal(format!("a stored policy cannot be read: {fault}")))?;
    let policy = Arc::new(policy);
    if let Ok(mut known) = cache.lock() {
        known.insert(hash.to_owned(), Arc::clone(&policy));
    }
    Ok(Some(policy))
}

/// The bundle of a policy that was released for every tenant or for this one, in canonical form.
///
/// # Errors
/// Where the store fails.
pub fn bundle(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    hash: &str,
) -> Result<Option<String>, Failure> {
    let select = "SELECT bundle FROM policies WHERE hash = ?1 AND tenant_id IN ('*', ?2) LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.query_row([hash, tenant_id.as_str()], |row| row.get(0)).optional()?)
}

/// The name of the policy in force, if there is one yet.
///
/// # Errors
/// Where the store fails.
pub fn reference_in_force(snapshot: &Snapshot<'_>) -> Result<Option<PolicyReference>, Failure> {
    let Some(own) = place(snapshot, EVERY_TENANT)? else { return Ok(None) };
    Ok(find(snapshot, &own.hash)?.map(|policy| policy.reference().clone()))
}

/// What a new policy is compiled over, and what it carries along; `None` before the first.
///
/// # Errors
/// Where the store fails.
pub fn ground(snapshot: &Snapshot<'_>) -> Result<Option<Ground>, Failure> {
    let mut base = None;
    let mut tenants = Vec::new();
    for place in places(snapshot)? {
        let select = "SELECT p.bundle, f.source FROM policy_in_force f JOIN policies p \
            ON p.tenant_id = f.tenant_id AND p.hash = f.hash WHERE f.tenant_id = ?1";
        let mut statement = snapshot.connection.prepare_cached(select)?;
        let (text, source): (String, Option<String>) =
            statement.query_row([&place.tenant_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let policy = find(snapshot, &place.hash)?
            .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
        match place.tenant_id.as_str() {
            EVERY_TENANT => base = Some((policy, text, source)),
            _ => tenants.push((place.tenant_id, policy.reference().clone(), source)),
        }
    }
    let Some((policy, bundle, source)) = base else { return Ok(None) };
    let bundle = stored_json(&bundle)?;
    let base = Compiled { policy: policy.as_ref().clone(), bundle };
    Ok(Some(Ground { base, source, tenants }))
}

/// Puts a policy into force, with what it carries along, unless it already is. Without a release that
/// a second person confirmed it is the operator's door, and the audit log says so.
///
/// # Errors
/// Where the store fails.
pub fn release(
    tx: &Tx<'_>,
    candidate: &Candidate,
    actor: &ActorReference,
    release_id: Option<&Id>,
) -> Result<(), Failure> {
    tx.alone(&["policy in force"])?;
    let own = place(tx, &candidate.own.tenant_id)?;
    if own.is_some_and(|own| own.hash == candidate.own.compiled.policy.reference().hash) {
        // Another text of the same policy: what overlays are compiled over is the newest.
        let update = "UPDATE policy_in_force SET source = ?2 WHERE tenant_id = ?1";
        let values = params![candidate.own.tenant_id, candidate.own.source];
        tx.connection.prepare_cached(update)?.execute(values)?;
        return Ok(());
    }
    for policy in [&candidate.own].into_iter().chain(&candidate.overlays) {
        put_in_force(tx, policy, actor, release_id, 1)?;
    }
    Ok(())
}

/// Puts what is in force into force again under a sequence of at least so much: after an old backup
/// was restored, edges refuse every sequence below the one that they have seen.
///
/// # Errors
/// Where the store fails, or nothing is in force.
pub fn raise_sequence(tx: &Tx<'_>, at_least: i64, actor: &ActorReference) -> Result<(), Failure> {
    let ground = ground(tx)?.ok_or_else(|| Failure::internal("no policy is in force"))?;
    let tenant_id = EVERY_TENANT.to_owned();
    let base = TenantPolicy { tenant_id, compiled: ground.base, source: ground.source };
    put_in_force(tx, &base, actor, None, at_least)?;
    for (tenant_id, reference, source) in ground.tenants {
        let policy = find(tx, &reference.hash)?
            .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
        let bundle = to_json(policy.bundle())?;
        let compiled = Compiled { policy: policy.as_ref().clone(), bundle };
        let own = TenantPolicy { tenant_id, compiled, source };
        put_in_force(tx, &own, actor, None, at_least)?;
    }
    Ok(())
}

fn put_in_force(
    tx: &Tx<'_>,
    policy: &TenantPolicy,
    actor: &ActorReference,
    release_id: Option<&Id>,
    sequence_min: i64,
) -> Result<(), Failure> {
    store(tx, policy)?;
    let tenant_id = policy.tenant_id.as_str();
    let reference = policy.compiled.policy.reference();
    let of = |tenant_id| -> Result<i64, Failure> {
        Ok(place(tx, tenant_id)?.map_or(0, |place| place.sequence))
    };
    // A tenant's own sequence is always above the one for every tenant, so that an edge that changes
    // from one to the other sees it rise.
    let before = match tenant_id {
        EVERY_TENANT => of(EVERY_TENANT)?,
        own => of(own)?.max(of(EVERY_TENANT)?),
    };
    let sequence = sequence_min.max(before + 1);
    tx.fence(&Fenced::Sequence(sequence))?;
    let upsert = "INSERT INTO policy_in_force (tenant_id, hash, since, sequence, source) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant_id) DO UPDATE SET hash = excluded.hash, \
        since = excluded.since, sequence = excluded.sequence, source = excluded.source";
    let values = params![tenant_id, reference.hash, tx.now.as_ms(), sequence, policy.source];
    tx.connection.prepare_cached(upsert)?.execute(values)?;
    rejudging::begin(tx, tenant_id, sequence)?;
    let text = |text: &str| Json::String(text.to_owned());
    let confirmed = if release_id.is_some() { "by_second_person" } else { "by_operator" };
    let data = Json::Object(BTreeMap::from([
        ("tenant_id".to_owned(), text(tenant_id)),
        ("policy".to_owned(), to_json(reference)?),
        ("sequence".to_owned(), to_json(&sequence)?),
        ("confirmed".to_owned(), text(confirmed)),
        ("release_id".to_owned(), release_id.map_or(Json::Null, |id| text(id.as_str()))),
    ]));
    let log = if tenant_id == EVERY_TENANT { HOST_TENANT } else { tenant_id };
    let entity = Entity { tenant_id: &fixed_id(log)?, kind: "policy", id: &reference.id };
    audit::append(tx, entity, "policy_released", data, actor.clone())
}

fn store(tx: &Tx<'_>, policy: &TenantPolicy) -> Result<(), Failure> {
    let insert = "INSERT INTO policies (tenant_id, hash, id, version, bundle, released_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let reference = policy.compiled.policy.reference();
    tx.connection.prepare_cached(insert)?.execute(params![
        policy.tenant_id,
        reference.hash,
        reference.id.as_str(),
        reference.version,
        policy.compiled.bundle.canonical(),
        tx.now.as_ms(),
    ])?;
    Ok(())
}

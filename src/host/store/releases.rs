//! Releases of policies: proposed by one, confirmed by another, each with its audit entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::audit::{self, Entity, stored_json};
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, policies};
use crate::compile::{Compiled, to_json};
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::layers::{Candidate, TenantPolicy};
use crate::host::people::{HOST_TENANT, fixed_id};
use crate::identity::{Actor, ActorReference};
use crate::image::image_hash;
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
use crate::release::{
    EVERY_TENANT, Manifest, PolicyRelease, RELEASE_VERSION, RELEASE_WAIT_MS, ReleaseState, changes,
};
use crate::units::Id;

/// How long a manifest counts, in milliseconds (7 days): an edge that hears nothing of its host for
/// longer cannot know whether its policy still holds.
pub const MANIFEST_DURATION_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// What is in force for a tenant, as of now: under its own name where it has a policy of its own.
///
/// # Errors
/// Where the store fails.
pub fn manifest(snapshot: &Snapshot<'_>, tenant_id: &str) -> Result<Manifest, Failure> {
    let own = match policies::place(snapshot, tenant_id)? {
        Some(own) => Some(own),
        None => policies::place(snapshot, EVERY_TENANT)?,
    };
    let own = own.ok_or_else(|| Failure::internal("no policy is in force"))?;
    let policy = policies::find(snapshot, &own.hash)?
        .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
    Ok(Manifest {
        version: RELEASE_VERSION,
        tenant_id: own.tenant_id,
        sequence: own.sequence,
        policy: policy.reference().clone(),
        image_hash: image_hash(&policy.image()),
        released_at: own.since,
        valid_until: snapshot.now.saturating_add(MANIFEST_DURATION_MS),
        certificates_void: Vec::new(),
    })
}

/// Keeps a policy that waits for a second person.
///
/// # Errors
/// `invalid_state` where it is in force already; `unknown_tenant`; `stale_version` where what it was
/// compiled over is not in force any more.
pub fn propose(
    tx: &Tx<'_>,
    candidate: &Candidate,
    reason: Option<String>,
    by: ActorReference,
) -> Result<PolicyRelease, Failure> {
    let tenant_id = &candidate.own.tenant_id;
    if tenant_id != EVERY_TENANT {
        require_tenant(tx, tenant_id)?;
    }
    candidate.require_ground(policies::ground(tx)?.as_ref())?;
    let in_force = manifest(tx, tenant_id)?;
    let (before, after) = (&in_force.policy, candidate.own.compiled.policy.reference());
    // A tenant's first policy of its own is one even where it says the same as the base.
    if before.hash == after.hash && in_force.tenant_id == *tenant_id {
        return Err(Failure::Refused(Fault::new(
            ErrorCode::InvalidState,
            "/source",
            "this policy is in force already",
            "change it, or leave it at that",
        )));
    }
    let old = policies::find(tx, &before.hash)?
        .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
    let old = to_json(old.bundle())?;
    let (changes, changes_hash) =
        changes((before, &old), (after, &candidate.own.compiled.bundle), &candidate.carried);
    let release = PolicyRelease {
        version: RELEASE_VERSION,
        release_id: ids::new_id("rel", tx.now)?,
        state: ReleaseState::Pending,
        tenant_id: tenant_id.clone(),
        policy: after.clone(),
        base: candidate.base.clone(),
        overlays: candidate.carried.clone(),
        replaces: before.clone(),
        changes,
        changes_hash,
        reason,
        proposed_by: by.principal_id.clone(),
        proposed_by_person: by.person_id.clone(),
        proposed_at: tx.now,
        expires_at: tx.now.saturating_add(RELEASE_WAIT_MS),
        withdrawn_by: None,
        closed_at: None,
        approved_by: None,
        released_at: None,
        sequence: None,
    };
    let insert = "INSERT INTO policy_releases (tenant_id, release_id, state, for_tenant, \
        proposed_at, expires_at, body, bundle, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.connection.prepare_cached(insert)?.execute(params![
        HOST_TENANT,
        release.release_id.as_str(),
        release.state.as_str(),
        release.tenant_id,
        release.proposed_at.as_ms(),
        release.expires_at.as_ms(),
        to_json(&release)?.canonical(),
        candidate.own.compiled.bundle.canonical(),
        candidate.own.source,
    ])?;
    let insert = "INSERT INTO policy_release_overlays (tenant_id, release_id, for_tenant, bundle, \
        source) VALUES (?1, ?2, ?3, ?4, ?5)";
    for overlay in &candidate.overlays {
        tx.connection.prepare_cached(insert)?.execute(params![
            HOST_TENANT,
            release.release_id.as_str(),
            overlay.tenant_id,
            overlay.compiled.bundle.canonical(),
            overlay.source,
        ])?;
    }
    tell(tx, &release, "release_proposed", by)?;
    Ok(release)
}

/// A tenant is one that somebody belongs to.
fn require_tenant(snapshot: &Snapshot<'_>, tenant_id: &str) -> Result<(), Failure> {
    let mut statement = snapshot
        .connection
        .prepare_cached("SELECT 1 FROM principals WHERE tenant_id = ?1 LIMIT 1")?;
    if statement.exists([tenant_id])? {
        return Ok(());
    }
    let detail = format!("nobody belongs to a tenant `{}`", crate::read::excerpt(tenant_id));
    let help = "check the id; make the tenant's first principal before its policy";
    Err(Failure::Refused(Fault::new(ErrorCode::UnknownTenant, "/tenant_id", detail, help)))
}

/// Puts a policy into force that somebody else proposed.
///
/// # Errors
/// As [`PolicyRelease::approve`], and `not_found`.
pub fn approve(
    tx: &Tx<'_>,
    actor: &Actor,
    release_id: &Id,
    changes_hash: &str,
) -> Result<PolicyRelease, Failure> {
    let release = get(tx, release_id)?;
    let in_force = manifest(tx, &release.tenant_id)?;
    // Checked before anything is done; the sequence is the one that it then gets.
    release
        .approve(actor, changes_hash, &in_force.policy, in_force.sequence + 1, tx.now)
        .map_err(Failure::Refused)?;
    let candidate = stored_candidate(tx, &release)?;
    candidate.require_ground(policies::ground(tx)?.as_ref())?;
    let by = actor.reference();
    policies::release(tx, &candidate, &by, Some(release_id))?;
    let sequence = manifest(tx, &release.tenant_id)?.sequence;
    let released = release
        .approve(actor, changes_hash, &in_force.policy, sequence, tx.now)
        .map_err(Failure::Refused)?;
    keep(tx, &released)?;
    tell(tx, &released, "release_approved", by)?;
    Ok(released)
}

/// Takes a release back that waits.
///
/// # Errors
/// As [`PolicyRelease::withdraw`], and `not_found`.
pub fn withdraw(tx: &Tx<'_>, actor: &Actor, release_id: &Id) -> Result<PolicyRelease, Failure> {
    let release = get(tx, release_id)?;
    let withdrawn = release.withdraw(actor, tx.now).map_err(Failure::Refused)?;
    keep(tx, &withdrawn)?;
    tell(tx, &withdrawn, "release_withdrawn", actor.reference())?;
    Ok(withdrawn)
}

/// Whether a release waits that nobody confirmed in time.
///
/// # Errors
/// Where the store fails.
pub fn has_overdue(snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
    let select =
        "SELECT 1 FROM policy_releases WHERE state = 'pending' AND expires_at <= ?1 LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.exists([snapshot.now.as_ms()])?)
}

/// Ends releases that nobody confirmed in time, at most so many.
///
/// # Errors
/// Where the store fails.
pub fn expire(tx: &Tx<'_>, limit: i64, by: &ActorReference) -> Result<(), Failure> {
    let select = "SELECT body FROM policy_releases WHERE state = 'pending' AND expires_at <= ?1 \
        ORDER BY expires_at LIMIT ?2";
    let mut statement = tx.connection.prepare_cached(select)?;
    let rows = statement.query_map([tx.now.as_ms(), limit], |row| row.get::<_, String>(0))?;
    let bodies: Vec<String> = rows.collect::<Result<_, _>>()?;
    for body in bodies {
        let expired = read(&body)?.expire(tx.now).map_err(Failure::Refused)?;
        keep(tx, &expired)?;
        tell(tx, &expired, "release_expired", by.clone())?;
    }
    Ok(())
}

/// What a release puts into force, as it was compiled when it was proposed.
fn stored_candidate(
    snapshot: &Snapshot<'_>,
    release: &PolicyRelease,
) -> Result<Candidate, Failure> {
    let loaded = |bundle: &str| -> Result<Compiled, Failure> {
        let bundle = stored_json(bundle)?;
        let policy = Policy::load(&bundle).map_err(Failure::Refused)?;
        Ok(Compiled { policy, bundle })
    };
    let select =
        "SELECT bundle, source FROM policy_releases WHERE tenant_id = ?1 AND release_id = ?2";
    let key = [HOST_TENANT, release.release_id.as_str()];
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let (bundle, source): (String, Option<String>) =
        statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let own =
        TenantPolicy { tenant_id: release.tenant_id.clone(), compiled: loaded(&bundle)?, source };
    let select = "SELECT for_tenant, bundle, source FROM policy_release_overlays \
        WHERE tenant_id = ?1 AND release_id = ?2 ORDER BY for_tenant";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map(key, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let mut overlays = Vec::new();
    for row in rows {
        let (tenant_id, bundle, source) = row?;
        overlays.push(TenantPolicy { tenant_id, compiled: loaded(&bundle)?, source });
    }
    let is_told = |overlay: &TenantPolicy| {
        release.overlays.iter().any(|told| {
            told.tenant_id == overlay.tenant_id
                && told.policy == *overlay.compiled.policy.reference()
        })
    };
    let whole = overlays.len() == release.overlays.len() && overlays.iter().all(is_told);
    if *own.compiled.policy.reference() != release.policy || !whole {
        return Err(Failure::internal("a stored bundle is not the one that was proposed"));
    }
    let (base, carried) = (release.base.clone(), release.overlays.clone());
    Ok(Candidate { own, base, overlays, carried })
}

/// The policies before and after a release.
///
/// # Errors
/// Where the store fails.
pub fn both_policies(
    snapshot: &Snapshot<'_>,
    release: &PolicyRelease,
) -> Result<(Arc<Policy>, Policy), Failure> {
    let old = policies::find(snapshot, &release.replaces.hash)?
        .ok_or_else(|| Failure::internal("the policy before a release is not stored"))?;
    Ok((old, stored_candidate(snapshot, release)?.own.compiled.policy))
}

fn keep(tx: &Tx<'_>, release: &PolicyRelease) -> Result<(), Failure> {
    let update = "UPDATE policy_releases SET state = ?3, body = ?4 \
        WHERE tenant_id = ?1 AND release_id = ?2 AND state = 'pending'";
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        HOST_TENANT,
        release.release_id.as_str(),
        release.state.as_str(),
        to_json(release)?.canonical(),
    ])?;
    if changed != 1 {
        return Err(Failure::internal("a release was not the one that was read"));
    }
    Ok(())
}

/// One release.
///
/// # Errors
/// `not_found`.
pub fn get(snapshot: &Snapshot<'_>, release_id: &Id) -> Result<PolicyRelease, Failure> {
    let select = "SELECT body FROM policy_releases WHERE tenant_id = ?1 AND release_id = ?2";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let found =
        statement.query_row([HOST_TENANT, release_id.as_str()], |row| row.get::<_, String>(0));
    let body = found.optional()?.ok_or_else(|| {
        Failure::Refused(Fault::new(ErrorCode::NotFound, "", "no such release", "check the id"))
    })?;
    read(&body)
}

/// Every release, newest first, at most so many.
///
/// # Errors
/// Where the store fails.
pub fn list(snapshot: &Snapshot<'_>, limit: usize) -> Result<Vec<PolicyRelease>, Failure> {
    let select = "SELECT body FROM policy_releases WHERE tenant_id = ?1 \
        ORDER BY proposed_at DESC, release_id DESC LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let bodies = statement.query_map(params![HOST_TENANT, limit], |row| row.get::<_, String>(0))?;
    bodies.map(|body| read(&body?)).collect()
}

/// The release by which something came into force; `None` where it was the operator's door.
///
/// # Errors
/// Where the store fails.
pub fn of_place(
    snapshot: &Snapshot<'_>,
    place: &policies::InForce,
) -> Result<Option<PolicyRelease>, Failure> {
    let select = "SELECT body FROM policy_releases WHERE tenant_id = ?1 AND state = 'released' \
        AND for_tenant = ?2 ORDER BY proposed_at DESC, release_id DESC";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let bodies = statement
        .query_map([HOST_TENANT, place.tenant_id.as_str()], |row| row.get::<_, String>(0))?;
    for body in bodies {
        let release = read(&body?)?;
        if release.sequence == Some(place.sequence) {
            return Ok(Some(release));
        }
    }
    Ok(None)
}

/// Whether a second person ever confirmed the policy of this hash.
///
/// # Errors
/// Where the store fails.
pub fn was_confirmed(snapshot: &Snapshot<'_>, hash: &str) -> Result<bool, Failure> {
    let select = "SELECT 1 FROM policy_releases \
        WHERE tenant_id = ?1 AND state = 'released' AND body ->> '$.policy.hash' = ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.exists([HOST_TENANT, hash])?)
}

fn read(body: &str) -> Result<PolicyRelease, Failure> {
    PolicyRelease::read(Node::root(&stored_json(body)?))
        .map_err(|fault| Failure::internal(format!("a stored release cannot be read: {fault}")))
}

fn tell(
    tx: &Tx<'_>,
    release: &PolicyRelease,
    event: &str,
    by: ActorReference,
) -> Result<(), Failure> {
    let tenant_id = fixed_id(HOST_TENANT)?;
    let entity = Entity { tenant_id: &tenant_id, kind: "policy_release", id: &release.release_id };
    let data = Json::Object(BTreeMap::from([("release".to_owned(), to_json(release)?)]));
    audit::append(tx, entity, event, data, by)
}

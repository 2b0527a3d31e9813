//! Releases of policies: proposed by one, confirmed by another, each with its audit entry.

use std::collections::BTreeMap;

use super::audit::{self, Entity, stored_json};
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, policies};
use crate::compile::{Compiled, to_json};
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::people::{HOST_TENANT, fixed_id};
use crate::identity::{Actor, ActorReference};
use crate::image::image_hash;
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
use crate::release::{Manifest, PolicyRelease, RELEASE_VERSION, ReleaseState, changes};
use crate::units::{Id, TimestampMs};

/// How long a manifest counts, in milliseconds (7 days): an edge that hears nothing of its host for
/// longer cannot know whether its policy still holds.
pub const MANIFEST_DURATION_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// What is in force, as of now.
///
/// # Errors
/// Where the store fails.
pub fn manifest(snapshot: &Snapshot<'_>) -> Result<Manifest, Failure> {
    let policy = policies::in_force(snapshot)?;
    let select = "SELECT sequence, since FROM policy_in_force WHERE tenant_id = '*'";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let (sequence, since) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let released_at =
        TimestampMs::new(since).ok_or_else(|| Failure::internal("a stored instant is not one"))?;
    Ok(Manifest {
        version: RELEASE_VERSION,
        tenant_id: "*".to_owned(),
        sequence,
        policy: policy.reference().clone(),
        image_hash: image_hash(&policy.image()),
        released_at,
        valid_until: snapshot.now.saturating_add(MANIFEST_DURATION_MS),
        certificates_void: Vec::new(),
    })
}

/// Keeps a policy that waits for a second person.
///
/// # Errors
/// `invalid_state` where it is in force already.
pub fn propose(
    tx: &Tx<'_>,
    compiled: &Compiled,
    reason: Option<String>,
    by: ActorReference,
) -> Result<PolicyRelease, Failure> {
    let in_force = policies::in_force(tx)?;
    let (before, after) = (in_force.reference(), compiled.policy.reference());
    if before.hash == after.hash {
        return Err(Failure::Refused(Fault::new(
            ErrorCode::InvalidState,
            "/source",
            "this policy is in force already",
            "change it, or leave it at that",
        )));
    }
    let text = policies::bundle(tx, &before.hash)?
        .ok_or_else(|| Failure::internal("the policy in force is not stored"))?;
    let (changes, changes_hash) =
        changes((before, &stored_json(&text)?), (after, &compiled.bundle));
    let release = PolicyRelease {
        version: RELEASE_VERSION,
        release_id: ids::new_id("rel", tx.now)?,
        state: ReleaseState::Pending,
        policy: after.clone(),
        replaces: before.clone(),
        changes,
        changes_hash,
        reason,
        proposed_by: by.principal_id.clone(),
        proposed_by_person: by.person_id.clone(),
        proposed_at: tx.now,
        approved_by: None,
        released_at: None,
        sequence: None,
    };
    let insert = "INSERT INTO policy_releases (tenant_id, release_id, state, proposed_at, body, bundle) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.connection.prepare_cached(insert)?.execute(params![
        HOST_TENANT,
        release.release_id.as_str(),
        release.state.as_str(),
        release.proposed_at.as_ms(),
        to_json(&release)?.canonical(),
        compiled.bundle.canonical(),
    ])?;
    tell(tx, &release, "release_proposed", by)?;
    Ok(release)
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
    let (release, bundle) = find(tx, release_id)?;
    let in_force = manifest(tx)?;
    let sequence = in_force.sequence + 1;
    let released = release
        .approve(actor, changes_hash, &in_force.policy, sequence, tx.now)
        .map_err(Failure::Refused)?;
    let bundle = stored_json(&bundle)?;
    let policy = Policy::load(&bundle).map_err(Failure::Refused)?;
    if *policy.reference() != released.policy {
        return Err(Failure::internal("a stored bundle is not the one that was proposed"));
    }
    let compiled = Compiled { policy, bundle };
    let by = actor.reference();
    policies::release(tx, &compiled, &fixed_id(HOST_TENANT)?, by.clone(), Some(release_id))?;
    let update = "UPDATE policy_releases SET state = ?3, body = ?4 \
        WHERE tenant_id = ?1 AND release_id = ?2 AND state = 'pending'";
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        HOST_TENANT,
        release_id.as_str(),
        released.state.as_str(),
        to_json(&released)?.canonical(),
    ])?;
    if changed != 1 {
        return Err(Failure::internal("a release was not the one that was read"));
    }
    tell(tx, &released, "release_approved", by)?;
    Ok(released)
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

fn find(snapshot: &Snapshot<'_>, release_id: &Id) -> Result<(PolicyRelease, String), Failure> {
    let select =
        "SELECT body, bundle FROM policy_releases WHERE tenant_id = ?1 AND release_id = ?2";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let found = statement.query_row([HOST_TENANT, release_id.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let (body, bundle) = found.optional()?.ok_or_else(|| {
        Failure::Refused(Fault::new(ErrorCode::NotFound, "", "no such release", "check the id"))
    })?;
    Ok((read(&body)?, bundle))
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

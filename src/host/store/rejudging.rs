//! Open cases and actions after a release: each is judged again once by what came into force, so
//! many at a time, from where the last transaction stopped.
//!
//! The place in the list is stored in the transaction that moves the cases before it, so that a host
//! that dies goes on there and no case is judged twice by one release. A release that comes while
//! another is worked off begins the list anew.

use super::sql::params;
use super::{Failure, Snapshot, Tx, cases, moves, policies};
use crate::case::Command;
use crate::host::executor::{self, Executors};
use crate::host::people::{HostActor, host_actor};
use crate::release::EVERY_TENANT;
use crate::units::Id;
use crate::word::words;

/// Cases or proposals that one transaction looks at.
const BATCH: i64 = 50;

words! {
    /// What is worked off.
    pub enum Kind {
        /// Open cases.
        Case = "case",
        /// Proposals that are not decided or not done.
        Proposal = "proposal",
        /// Nothing more.
        Done = "done",
    }
}

/// Where a release stands.
struct Place {
    tenant_id: String,
    sequence: i64,
    kind: Kind,
    after: (String, String),
}

/// Has everything that is open under a tenant's policy judged again.
///
/// # Errors
/// Where the store fails.
pub fn begin(tx: &Tx<'_>, tenant_id: &str, sequence: i64) -> Result<(), Failure> {
    let upsert = "INSERT INTO rejudgings (tenant_id, sequence, kind, after_tenant, after_id) \
        VALUES (?1, ?2, 'case', '', '') ON CONFLICT (tenant_id) DO UPDATE \
        SET sequence = excluded.sequence, kind = 'case', after_tenant = '', after_id = ''";
    tx.connection.prepare_cached(upsert)?.execute(params![tenant_id, sequence])?;
    Ok(())
}

/// Whether something is left to be judged.
///
/// # Errors
/// Where the store fails.
pub fn is_due(snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
    let select = "SELECT 1 FROM rejudgings WHERE kind <> 'done' LIMIT 1";
    Ok(snapshot.connection.prepare_cached(select)?.exists([])?)
}

/// Judges the next few.
///
/// # Errors
/// Where the store fails.
pub fn step(tx: &Tx<'_>, executors: &Executors) -> Result<(), Failure> {
    let Some(place) = next(tx)? else { return Ok(()) };
    let found = match place.kind {
        Kind::Case => open(tx, &place, CASES)?,
        Kind::Proposal => open(tx, &place, PROPOSALS)?,
        Kind::Done => Vec::new(),
    };
    if place.kind == Kind::Case {
        let actor = host_actor(tx, HostActor::Scheduler)?;
        for (tenant_id, case_id) in &found {
            let Some(case) = cases::get(tx, tenant_id, case_id)? else { continue };
            let policy = policies::of_tenant(tx, tenant_id)?;
            if let Some(rejudged) = case.rejudge(&policy, place.sequence, tx.now) {
                let command = Command::Rejudge { rejudged: Box::new(rejudged) };
                moves::perform(tx, &actor, case, command)?;
            }
        }
    }
    if place.kind == Kind::Proposal {
        for (tenant_id, proposal_id) in &found {
            executor::reconsider(tx, tenant_id, proposal_id, executors)?;
        }
    }
    let is_last = i64::try_from(found.len()).unwrap_or(0) < BATCH;
    let (kind, after) = match (place.kind, found.last()) {
        (Kind::Case, _) if is_last => (Kind::Proposal, (String::new(), String::new())),
        (kind, Some((tenant_id, id))) if !is_last => {
            (kind, (tenant_id.as_str().to_owned(), id.as_str().to_owned()))
        }
        _ => (Kind::Done, (String::new(), String::new())),
    };
    let update = "UPDATE rejudgings SET kind = ?3, after_tenant = ?4, after_id = ?5 \
        WHERE tenant_id = ?1 AND sequence = ?2";
    let values = params![place.tenant_id, place.sequence, kind.as_str(), after.0, after.1];
    tx.connection.prepare_cached(update)?.execute(values)?;
    Ok(())
}

/// Open cases in the order of their ids; one tenant's, or of every tenant without its own policy.
const CASES: [&str; 2] = [
    "SELECT tenant_id, case_id FROM cases WHERE tenant_id = ?1 AND case_id > ?3 AND ?2 <> '' \
     AND state IN ('ready', 'leased', 'waiting', 'deferred') ORDER BY case_id LIMIT ?4",
    "SELECT tenant_id, case_id FROM cases WHERE (tenant_id, case_id) > (?2, ?3) AND ?1 = '*' \
     AND state IN ('ready', 'leased', 'waiting', 'deferred') \
     AND tenant_id NOT IN (SELECT tenant_id FROM policy_in_force) \
     ORDER BY tenant_id, case_id LIMIT ?4",
];
const PROPOSALS: [&str; 2] = [
    "SELECT tenant_id, proposal_id FROM proposals WHERE tenant_id = ?1 AND proposal_id > ?3 \
     AND ?2 <> '' AND state IN ('previewing', 'pending', 'approved') ORDER BY proposal_id LIMIT ?4",
    "SELECT tenant_id, proposal_id FROM proposals WHERE (tenant_id, proposal_id) > (?2, ?3) \
     AND ?1 = '*' AND state IN ('previewing', 'pending', 'approved') \
     AND tenant_id NOT IN (SELECT tenant_id FROM policy_in_force) \
     ORDER BY tenant_id, proposal_id LIMIT ?4",
];

fn open(
    tx: &Tx<'_>,
    place: &Place,
    [of_one, of_others]: [&str; 2],
) -> Result<Vec<(Id, Id)>, Failure> {
    let for_all = place.tenant_id == EVERY_TENANT;
    let select = if for_all { of_others } else { of_one };
    let after_tenant = if for_all { place.after.0.as_str() } else { "own" };
    let mut statement = tx.connection.prepare_cached(select)?;
    let values = params![place.tenant_id, after_tenant, place.after.1, BATCH];
    let rows = statement
        .query_map(values, |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let id =
        |text: String| Id::new(&text).ok_or_else(|| Failure::internal("a stored id is not one"));
    rows.map(|row| {
        let (tenant_id, found) = row?;
        Ok((id(tenant_id)?, id(found)?))
    })
    .collect()
}

fn next(tx: &Tx<'_>) -> Result<Option<Place>, Failure> {
    use super::sql::OptionalExtension as _;
    let select = "SELECT tenant_id, sequence, kind, after_tenant, after_id FROM rejudgings \
        WHERE kind <> 'done' ORDER BY tenant_id LIMIT 1";
    let mut statement = tx.connection.prepare_cached(select)?;
    let row = statement.query_row([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, String>(2)?,
            (row.get::<_, String>(3)?, row.get::<_, String>(4)?),
        ))
    });
    Ok(row.optional()?.map(|(tenant_id, sequence, kind, after)| {
        let kind = if kind == Kind::Case.as_str() { Kind::Case } else { Kind::Proposal };
        Place { tenant_id, sequence, kind, after }
    }))
}

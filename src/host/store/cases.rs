//! Cases as they are stored: the record in canonical form, and copies of what indexes need.

use super::audit::stored_json;
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx};
use crate::case::Case;
use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::json::Json;
use crate::read::Node;
use crate::units::{Id, TimestampMs};

/// One case.
///
/// # Errors
/// Where the store fails.
pub fn get(snapshot: &Snapshot<'_>, tenant_id: &Id, case_id: &Id) -> Result<Option<Case>, Failure> {
    let select = "SELECT body FROM cases WHERE tenant_id = ?1 AND case_id = ?2";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = [tenant_id.as_str(), case_id.as_str()];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    body.map(|body| read(&body)).transpose()
}

/// The cases of that id, one per tenant at most.
///
/// # Errors
/// Where the store fails.
pub fn find(snapshot: &Snapshot<'_>, case_id: &Id) -> Result<Vec<Case>, Failure> {
    let select = "SELECT body FROM cases WHERE case_id = ?1 ORDER BY tenant_id";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let bodies = statement.query_map([case_id.as_str()], |row| row.get::<_, String>(0))?;
    bodies.map(|body| read(&body?)).collect()
}

/// Stores a new case.
///
/// # Errors
/// `duplicate` if the tenant has a case of that id.
pub fn insert(tx: &Tx<'_>, case: &Case) -> Result<(), Failure> {
    let insert = "INSERT INTO cases (tenant_id, case_id, revision, state, queue, priority, risk_level, \
        language, domain, due_at, created_at, leased_by, lease_until, effective_at, epoch, \
        requested_by, requested_by_person, body) VALUES \
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
        ON CONFLICT DO NOTHING";
    let changed = tx.connection.prepare_cached(insert)?.execute(params![
        case.tenant_id.as_str(),
        case.case_id.as_str(),
        case.revision,
        case.state.as_str(),
        case.queue,
        case.priority,
        case.risk_level.as_str(),
        case.language,
        case.domain,
        case.due_at.as_ms(),
        case.created_at.as_ms(),
        case.leased_by.as_ref().map(Id::as_str),
        case.lease_until.map(TimestampMs::as_ms),
        case.effective_at.map(TimestampMs::as_ms),
        case.epoch,
        case.requested_by.as_str(),
        case.requested_by_person.as_ref().map(Id::as_str),
        canonical(case)?,
    ])?;
    match changed {
        1 => Ok(()),
        _ => Err(Failure::Refused(Case::duplicate(&case.case_id))),
    }
}

/// Stores the new form of a case that was read at `revision_before`.
///
/// # Errors
/// `stale_version` if exactly one row did not change.
pub fn update(tx: &Tx<'_>, case: &Case, revision_before: i64) -> Result<(), Failure> {
    let update = "UPDATE cases SET revision = ?4, state = ?5, queue = ?6, priority = ?7, \
        risk_level = ?8, due_at = ?9, leased_by = ?10, lease_until = ?11, effective_at = ?12, \
        epoch = ?13, body = ?14 WHERE tenant_id = ?1 AND case_id = ?2 AND revision = ?3";
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        case.tenant_id.as_str(),
        case.case_id.as_str(),
        revision_before,
        case.revision,
        case.state.as_str(),
        case.queue,
        case.priority,
        case.risk_level.as_str(),
        case.due_at.as_ms(),
        case.leased_by.as_ref().map(Id::as_str),
        case.lease_until.map(TimestampMs::as_ms),
        case.effective_at.map(TimestampMs::as_ms),
        case.epoch,
        canonical(case)?,
    ])?;
    match changed {
        1 => Ok(()),
        _ => Err(Failure::Refused(stale())),
    }
}

/// The fault of a change to a case that was changed meanwhile.
#[must_use]
pub fn stale() -> Fault {
    Fault::new(
        ErrorCode::StaleVersion,
        "/revision",
        "the case has changed since it was read",
        "read the case again",
    )
}

/// Cases whose time has come: decisions that take effect, and leases that are over.
///
/// # Errors
/// Where the store fails.
pub fn due_to_move(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<(Id, Id)>, Failure> {
    let select = "SELECT tenant_id, case_id FROM \
        (SELECT tenant_id, case_id FROM cases WHERE state = 'held' AND effective_at <= ?1 \
         ORDER BY effective_at LIMIT ?2) AS held \
        UNION ALL SELECT tenant_id, case_id FROM \
        (SELECT tenant_id, case_id FROM cases WHERE lease_until IS NOT NULL AND lease_until <= ?1 \
         ORDER BY lease_until LIMIT ?2) AS leased";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map([snapshot.now.as_ms(), limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let id =
        |text: String| Id::new(&text).ok_or_else(|| Failure::internal("a stored id is not one"));
    rows.map(|row| {
        let (tenant_id, case_id) = row?;
        Ok((id(tenant_id)?, id(case_id)?))
    })
    .collect()
}

/// Walks the cases of a queue that wait for somebody, the next to be handled first, until `take`
/// gives something.
///
/// # Errors
/// Where the store or `take` fails.
pub fn first_ready<T>(
    snapshot: &Snapshot<'_>,
    queue: &str,
    mut take: impl FnMut(Case) -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let select = "SELECT body FROM cases WHERE queue = ?1 AND state = 'ready' \
        ORDER BY priority DESC, due_at, created_at, case_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.walk([queue])?;
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        let Some(case) = still_ready(snapshot, read(&body)?)? else { continue };
        if let Some(taken) = take(case)? {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

/// The case, held, where nobody else is taking it at this moment: one at a time, so that never more
/// are held than are taken.
fn still_ready(snapshot: &Snapshot<'_>, case: Case) -> Result<Option<Case>, Failure> {
    if !snapshot.must_take() {
        return Ok(Some(case));
    }
    let select = "SELECT body FROM cases WHERE tenant_id = ?1 AND case_id = ?2 AND queue = ?3 \
        AND state = 'ready'";
    let select = snapshot.holding(select, Hold::Take);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = (case.tenant_id.as_str(), case.case_id.as_str(), case.queue.as_str());
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    body.map(|body| read(&body)).transpose()
}

/// Whether any case was ever in a queue of that name.
///
/// # Errors
/// Where the store fails.
pub fn has_queue(snapshot: &Snapshot<'_>, queue: &str) -> Result<bool, Failure> {
    let mut statement =
        snapshot.connection.prepare_cached("SELECT 1 FROM cases WHERE queue = ?1 LIMIT 1")?;
    Ok(statement.exists([queue])?)
}

fn canonical(case: &Case) -> Result<String, Failure> {
    let value = to_json(case)?;
    readable(&value)?;
    Ok(value.canonical())
}

/// What could not be read again must not be stored: its limits are those of its parts together.
fn readable(value: &Json) -> Result<(), Failure> {
    Case::read(Node::root(value)).map(|_| ()).map_err(Failure::Refused)
}

/// A case from its stored form.
pub(super) fn read(body: &str) -> Result<Case, Failure> {
    Case::read(Node::root(&stored_json(body)?))
        .map_err(|fault| Failure::internal(format!("a stored case cannot be read: {fault}")))
}

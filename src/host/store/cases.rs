//! Cases as they are stored: the record in canonical form, and copies of what indexes need.

use super::audit::stored_json;
use super::events::stored_id;
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, instance, needs};
use crate::case::{Case, CaseState};
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
        requested_by, requested_by_person, body, dedupe_key, need_id, next_at) VALUES \
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
        ?21) ON CONFLICT DO NOTHING";
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
        case.dedupe_key,
        need(tx, case)?,
        next_at(case).map(TimestampMs::as_ms),
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
        epoch = ?13, body = ?14, need_id = ?15, next_at = ?16 WHERE tenant_id = ?1 AND case_id = ?2 AND revision = ?3";
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
        need(tx, case)?,
        next_at(case).map(TimestampMs::as_ms),
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

/// What an open case needs; one that is decided needs nobody.
fn need(tx: &Tx<'_>, case: &Case) -> Result<Option<i64>, Failure> {
    case.state.is_open().then(|| needs::of(tx, case)).transpose()
}

/// When the host's clock next has something to do with a case: a lease, a pause or an undo window
/// ends, or a mark of its deadlines comes.
fn next_at(case: &Case) -> Option<TimestampMs> {
    let ends = match case.state {
        CaseState::Leased => case.lease_until,
        CaseState::Held => case.effective_at,
        CaseState::Waiting => case.waiting.as_ref().map(|waiting| waiting.until),
        CaseState::Deferred => case.deferred_until,
        _ => None,
    };
    ends.into_iter().chain(case.next_mark().map(|mark| mark.at)).min()
}

/// Cases whose time has come, what should have happened first before the rest.
///
/// # Errors
/// Where the store fails.
pub fn due_to_move(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<(Id, Id)>, Failure> {
    // What was restored stands still until somebody looked at it.
    if instance::held_since(snapshot.connection)?.is_some() {
        return Ok(Vec::new());
    }
    let select = "SELECT tenant_id, case_id FROM cases WHERE next_at IS NOT NULL AND next_at <= ?1 \
        ORDER BY next_at, case_id LIMIT ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map(params![snapshot.now.as_ms(), limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (tenant_id, case_id) = row?;
        Ok((stored_id(&tenant_id)?, stored_id(&case_id)?))
    })
    .collect()
}

/// Looks at a case again later: what it waits for has not happened.
///
/// # Errors
/// Where the store fails.
pub fn postpone(
    tx: &Tx<'_>,
    tenant_id: &Id,
    case_id: &Id,
    next_at: TimestampMs,
) -> Result<(), Failure> {
    let update = "UPDATE cases SET next_at = ?3 WHERE tenant_id = ?1 AND case_id = ?2 \
        AND next_at IS NOT NULL";
    tx.connection.prepare_cached(update)?.execute(params![
        tenant_id.as_str(),
        case_id.as_str(),
        next_at.as_ms()
    ])?;
    Ok(())
}

/// The open case of a tenant that has this key, the oldest of them.
///
/// # Errors
/// Where the store fails.
pub fn open_with_key(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    dedupe_key: &str,
) -> Result<Option<Case>, Failure> {
    snapshot.alone(&["dedupe", tenant_id.as_str(), dedupe_key])?;
    let select = "SELECT body FROM cases WHERE tenant_id = ?1 AND dedupe_key = ?2 \
        AND state IN ('ready', 'leased', 'waiting', 'deferred', 'held') \
        ORDER BY created_at, case_id LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let key = [tenant_id.as_str(), dedupe_key];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    body.map(|body| read(&body)).transpose()
}

/// The case, where it waits and nobody else is taking it at this moment: one at a time, so that never
/// more are held than are taken.
///
/// # Errors
/// Where the store fails.
pub fn take(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    case_id: &Id,
) -> Result<Option<Case>, Failure> {
    let select = "SELECT body FROM cases WHERE tenant_id = ?1 AND case_id = ?2 AND state = 'ready'";
    let select = snapshot.holding(select, Hold::Take);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = [tenant_id.as_str(), case_id.as_str()];
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

//! Who is away, and what they have.

use super::audit::stored_json;
use super::events::stored_id;
use super::sql::params;
use super::{Failure, Snapshot};
use crate::identity::Principal;
use crate::read::Node;
use crate::units::Id;

/// People whose absence has begun, and who still have what they had.
///
/// # Errors
/// Where the store fails.
pub fn due(snapshot: &Snapshot<'_>) -> Result<Vec<Id>, Failure> {
    let select = "SELECT body FROM principals WHERE body ->> '$.away.from' IS NOT NULL \
        AND body ->> '$.away.begun_at' IS NULL ORDER BY principal_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut due = Vec::new();
    for body in bodies {
        let principal = Principal::read(Node::root(&stored_json(&body?)?)).map_err(|fault| {
            Failure::internal(format!("a stored principal cannot be read: {fault}"))
        })?;
        if principal.is_away(snapshot.now) {
            due.push(principal.principal_id);
        }
    }
    Ok(due)
}

/// Open cases that somebody holds, or that are offered to them alone.
///
/// # Errors
/// Where the store fails.
pub fn cases_of(
    snapshot: &Snapshot<'_>,
    principal_id: &Id,
    limit: i64,
) -> Result<Vec<(Id, Id)>, Failure> {
    let select = "SELECT c.tenant_id, c.case_id FROM cases c \
        JOIN case_needs n ON n.need_id = c.need_id \
        WHERE c.state IN ('ready', 'leased', 'waiting', 'deferred') \
        AND (n.assigned_to = ?1 OR c.leased_by = ?1) ORDER BY c.tenant_id, c.case_id LIMIT ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map(params![principal_id.as_str(), limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (tenant_id, case_id) = row?;
        Ok((stored_id(&tenant_id)?, stored_id(&case_id)?))
    })
    .collect()
}

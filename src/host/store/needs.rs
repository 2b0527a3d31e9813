//! What cases ask of whoever takes them: one row for all that ask the same.

use super::audit::text_list;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Tx};
use crate::case::Case;
use crate::units::Id;

/// The row of what a case needs; made where it is the first to need it.
///
/// # Errors
/// Where the store fails.
pub(super) fn of(tx: &Tx<'_>, case: &Case) -> Result<i64, Failure> {
    let mut skills = case.skills.clone();
    skills.sort_unstable();
    skills.dedup();
    let skills = text_list(&skills);
    let key = params![
        case.tenant_id.as_str(),
        case.queue,
        skills,
        case.language.as_deref().unwrap_or("").to_ascii_lowercase(),
        case.authority.domain,
        case.authority.level,
        case.assigned_to.as_ref().map_or("", Id::as_str),
    ];
    let select = "SELECT need_id FROM case_needs WHERE tenant_id = ?1 AND queue = ?2 \
        AND skills = ?3 AND language = ?4 AND domain = ?5 AND level = ?6 AND assigned_to = ?7";
    let found =
        tx.connection.prepare_cached(select)?.query_row(key, |row| row.get(0)).optional()?;
    if let Some(need_id) = found {
        return Ok(need_id);
    }
    let insert = "INSERT INTO case_needs (need_id, tenant_id, queue, skills, language, domain, level, \
        assigned_to) SELECT coalesce(max(need_id), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM case_needs \
        RETURNING need_id";
    Ok(tx.connection.prepare_cached(insert)?.query_row(key, |row| row.get(0))?)
}

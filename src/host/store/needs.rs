//! What cases ask of whoever takes them: one row for all that ask the same.
//!
//! Which of the rows a reviewer meets is worked out once for each row, when it is new, so that a claim
//! looks at what a reviewer may take and at nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::audit::{stored_json, text_list};
use super::events::stored_id;
use super::sql::{OptionalExtension as _, Row, params};
use super::{Failure, Snapshot, Tx};
use crate::case::Case;
use crate::identity::{Actor, Need, meets};
use crate::json::Json;
use crate::policy::Authority;
use crate::units::Id;

/// Reviewers of queues whose needs are remembered; one more forgets all.
const REMEMBERED_MAX: usize = 4_096;

/// By reviewer, with everything on which it hangs, and queue.
type Remembered = BTreeMap<(String, String), Arc<Met>>;

/// The needs that reviewers meet, as far as they were looked at.
#[derive(Default)]
pub(super) struct NeedCache(Mutex<Remembered>);

/// The needs of one queue that one reviewer meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Needs up to this one were looked at.
    through: i64,
    /// Those that are met, by tenant, in order.
    pub by_tenant: BTreeMap<Id, Vec<i64>>,
}

/// The row of what a case needs; made where it is the first to need it.
///
/// # Errors
/// Where the store fails.
pub(super) fn of(tx: &Tx<'_>, case: &Case) -> Result<i64, Failure> {
    let mut skills = case.skills.clone();
    skills.sort_unstable();
    skills.dedup();
    let (skills, language) = (text_list(&skills), case.language.as_deref().unwrap_or(""));
    let (tenant_id, level) = (case.tenant_id.as_str(), case.authority.level);
    let assigned_to = case.assigned_to.as_ref().map_or("", Id::as_str);
    let (queue, domain) = (&case.queue, &case.authority.domain);
    let key = params![tenant_id, queue, skills, language, domain, level, assigned_to];
    let select = "SELECT need_id FROM case_needs WHERE tenant_id = ?1 AND queue = ?2 \
        AND skills = ?3 AND language = ?4 AND domain = ?5 AND level = ?6 AND assigned_to = ?7";
    let mut statement = tx.connection.prepare_cached(select)?;
    if let Some(need_id) = statement.query_row(key, |row| row.get(0)).optional()? {
        return Ok(need_id);
    }
    // What was looked at up to a number is not looked at again: numbers appear in their order.
    tx.alone(&["needs"])?;
    let insert = "INSERT INTO case_needs (need_id, tenant_id, queue, skills, language, domain, level, \
        assigned_to) SELECT coalesce(max(need_id), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM case_needs \
        RETURNING need_id";
    Ok(tx.connection.prepare_cached(insert)?.query_row(key, |row| row.get(0))?)
}

/// The needs of a queue that an actor meets. To be asked of what is committed: a need that is rolled
/// back leaves its number to another.
///
/// # Errors
/// Where the store fails.
pub fn met_by(snapshot: &Snapshot<'_>, actor: &Actor, queue: &str) -> Result<Arc<Met>, Failure> {
    let NeedCache(cache) = &snapshot.policies.1;
    let key = (who(actor, snapshot), queue.to_owned());
    let known = cache.lock().ok().and_then(|known| known.get(&key).cloned()).unwrap_or_default();
    let select = "SELECT need_id, tenant_id, skills, language, domain, level, assigned_to \
        FROM case_needs WHERE queue = ?1 AND need_id > ?2 ORDER BY need_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(params![queue, known.through])?;
    let mut met: Option<Met> = None;
    while let Some(row) = rows.next()? {
        let met = met.get_or_insert_with(|| (*known).clone());
        let (need_id, need) = read(&row, queue)?;
        met.through = need_id;
        if meets(actor, &need, snapshot.now) {
            met.by_tenant.entry(need.tenant_id).or_default().push(need_id);
        }
    }
    let Some(met) = met else { return Ok(known) };
    let met = Arc::new(met);
    if let Ok(mut known) = cache.lock() {
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(key, Arc::clone(&met));
    }
    Ok(met)
}

/// Everything about an actor on which it hangs what they may take: a grant that begins or ends makes
/// another reviewer of them.
fn who(actor: &Actor, snapshot: &Snapshot<'_>) -> String {
    let principal = &actor.principal;
    let grants: Vec<_> = actor.grants.iter().filter(|grant| grant.in_force(snapshot.now)).collect();
    let (skills, languages) = (&principal.skills, &principal.languages);
    let is_away = principal.is_away(snapshot.now);
    let who = (&principal.principal_id, principal.status, is_away);
    format!("{:?}", (who, skills, languages, grants))
}

fn read(row: &Row<'_>, queue: &str) -> Result<(i64, Need), Failure> {
    let (skills, language): (String, String) = (row.get(2)?, row.get(3)?);
    let assigned_to: String = row.get(6)?;
    let Json::Array(skills) = stored_json(&skills)? else {
        return Err(Failure::internal("a stored list of skills is not one"));
    };
    let skills = skills.into_iter().filter_map(|skill| match skill {
        Json::String(skill) => Some(skill),
        _ => None,
    });
    let need = Need {
        tenant_id: stored_id(&row.get::<_, String>(1)?)?,
        queue: queue.to_owned(),
        skills: skills.collect(),
        language: Some(language).filter(|language| !language.is_empty()),
        authority: Authority { domain: row.get(4)?, level: row.get(5)? },
        assigned_to: Id::new(&assigned_to),
    };
    Ok((row.get(0)?, need))
}

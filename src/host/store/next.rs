//! The next case of a queue that somebody may take: by priority, then among tenants in turn, then by
//! deadline and age. Only indexes are read until one is found.

use std::collections::BTreeSet;

use super::needs::Met;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, cases};
use crate::case::Case;
use crate::units::Id;

/// A reviewer who meets more needs than this finds the next case sooner in the order of the queue.
const NEEDS_SOUGHT_MAX: usize = 256;
/// How far the order of the queue is followed before needs are asked one by one.
const ROWS_WALKED_MAX: usize = 4_096;
/// Cases that are looked at closely: those that one asked for, or had a part in, are passed over.
const TRIES_MAX: usize = 200;

/// A case by the columns that order it.
struct Candidate {
    tenant_id: Id,
    case_id: String,
    turn: i64,
    priority: i64,
    due_at: i64,
    created_at: i64,
}

impl Candidate {
    /// The least comes first.
    fn rank(&self) -> (i64, i64, i64, i64, &str) {
        (-self.priority, self.turn, self.due_at, self.created_at, &self.case_id)
    }
}

/// The first case of a queue that `may` does not refuse.
///
/// # Errors
/// Where the store or `may` fails.
pub fn of_queue(
    snapshot: &Snapshot<'_>,
    queue: &str,
    met: &Met,
    may: impl Fn(&Case) -> bool,
) -> Result<Option<Case>, Failure> {
    let mut passed: BTreeSet<String> = BTreeSet::new();
    let mut candidates = Vec::new();
    for (tenant_id, needs) in &met.by_tenant {
        candidates.extend(best(snapshot, queue, tenant_id, needs, &passed)?);
    }
    for _ in 0..TRIES_MAX {
        let first = candidates.iter().enumerate().min_by(|a, b| a.1.rank().cmp(&b.1.rank()));
        let Some((index, _)) = first else { return Ok(None) };
        let first = candidates.swap_remove(index);
        let case_id =
            Id::new(&first.case_id).ok_or_else(|| Failure::internal("a stored id is not one"))?;
        if let Some(case) = cases::take(snapshot, &first.tenant_id, &case_id)?
            && may(&case)
        {
            return Ok(Some(case));
        }
        passed.insert(first.case_id);
        if let Some(needs) = met.by_tenant.get(&first.tenant_id) {
            candidates.extend(best(snapshot, queue, &first.tenant_id, needs, &passed)?);
        }
    }
    Ok(None)
}

/// Notes that a tenant had its turn.
///
/// # Errors
/// Where the store fails.
pub fn served(tx: &Tx<'_>, queue: &str, tenant_id: &Id) -> Result<(), Failure> {
    let select = "SELECT coalesce(max(turn), 0) + 1 FROM queue_turns WHERE queue = ?1";
    let turn: i64 = tx.connection.prepare_cached(select)?.query_row([queue], |row| row.get(0))?;
    let upsert = "INSERT INTO queue_turns (queue, tenant_id, turn) VALUES (?1, ?2, ?3) \
        ON CONFLICT (queue, tenant_id) DO UPDATE SET turn = excluded.turn";
    tx.connection.prepare_cached(upsert)?.execute(params![queue, tenant_id.as_str(), turn])?;
    Ok(())
}

/// How many cases a reviewer holds.
///
/// # Errors
/// Where the store fails.
pub fn held_by(snapshot: &Snapshot<'_>, principal_id: &Id) -> Result<i64, Failure> {
    snapshot.alone(&["held by", principal_id.as_str()])?;
    let select = "SELECT count(*) FROM cases WHERE leased_by = ?1 AND lease_until > ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let key = params![principal_id.as_str(), snapshot.now.as_ms()];
    Ok(statement.query_row(key, |row| row.get(0))?)
}

/// How many cases wait in a queue, counted no further than `enough`.
///
/// # Errors
/// Where the store fails.
pub fn waiting_in(snapshot: &Snapshot<'_>, queue: &str, enough: i64) -> Result<i64, Failure> {
    let select = "SELECT count(*) FROM (SELECT 1 FROM cases WHERE queue = ?1 AND state = 'ready' \
        LIMIT ?2) AS waiting";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.query_row(params![queue, enough], |row| row.get(0))?)
}

fn turn_of(snapshot: &Snapshot<'_>, queue: &str, tenant_id: &Id) -> Result<i64, Failure> {
    let select = "SELECT turn FROM queue_turns WHERE queue = ?1 AND tenant_id = ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let turn = statement.query_row([queue, tenant_id.as_str()], |row| row.get(0)).optional()?;
    Ok(turn.unwrap_or(0))
}

fn best(
    snapshot: &Snapshot<'_>,
    queue: &str,
    tenant_id: &Id,
    needs: &[i64],
    passed: &BTreeSet<String>,
) -> Result<Option<Candidate>, Failure> {
    let turn = turn_of(snapshot, queue, tenant_id)?;
    if needs.len() > NEEDS_SOUGHT_MAX
        && let Walked::Found(found) = walk(snapshot, queue, tenant_id, needs, passed, turn)?
    {
        return Ok(found);
    }
    let select = "SELECT case_id, priority, due_at, created_at FROM cases WHERE need_id = ?1 \
        AND state = 'ready' ORDER BY priority DESC, due_at, created_at, case_id LIMIT ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let enough = i64::try_from(passed.len()).unwrap_or(i64::MAX).saturating_add(1);
    let mut best: Option<Candidate> = None;
    for need_id in needs {
        let mut rows = statement.query(params![need_id, enough])?;
        while let Some(row) = rows.next()? {
            let case_id: String = row.get(0)?;
            if passed.contains(&case_id) {
                continue;
            }
            let found = Candidate {
                tenant_id: tenant_id.clone(),
                case_id,
                turn,
                priority: row.get(1)?,
                due_at: row.get(2)?,
                created_at: row.get(3)?,
            };
            if best.as_ref().is_none_or(|best| found.rank() < best.rank()) {
                best = Some(found);
            }
            break;
        }
    }
    Ok(best)
}

/// What came of following the order of the queue.
enum Walked {
    /// The first that is met, or none in the whole queue.
    Found(Option<Candidate>),
    /// Too much lies before the first that is met.
    TooFar,
}

fn walk(
    snapshot: &Snapshot<'_>,
    queue: &str,
    tenant_id: &Id,
    needs: &[i64],
    passed: &BTreeSet<String>,
    turn: i64,
) -> Result<Walked, Failure> {
    let select = "SELECT case_id, priority, due_at, created_at, need_id FROM cases \
        WHERE queue = ?1 AND tenant_id = ?2 AND state = 'ready' \
        ORDER BY priority DESC, due_at, created_at, case_id LIMIT ?3";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let limit = i64::try_from(ROWS_WALKED_MAX).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![queue, tenant_id.as_str(), limit])?;
    let mut walked = 0;
    while let Some(row) = rows.next()? {
        walked += 1;
        let need_id: i64 = row.get(4)?;
        // Needs are remembered in their order.
        if needs.binary_search(&need_id).is_err() {
            continue;
        }
        let case_id: String = row.get(0)?;
        if passed.contains(&case_id) {
            continue;
        }
        return Ok(Walked::Found(Some(Candidate {
            tenant_id: tenant_id.clone(),
            case_id,
            turn,
            priority: row.get(1)?,
            due_at: row.get(2)?,
            created_at: row.get(3)?,
        })));
    }
    Ok(if walked < ROWS_WALKED_MAX { Walked::Found(None) } else { Walked::TooFar })
}

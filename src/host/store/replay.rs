//! What a replay reads: decision records as they came, the policies that they were made under, and
//! how long people took.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::audit::text_list;
use super::measures::{RowsQuery, rows};
use super::place::Database;
use super::policies::{PolicyCache, find};
use super::sql::params;
use super::{Failure, Snapshot, StartError};
use crate::host::replay::{Handling, Line};
use crate::metrics::{Breakdown, Metric, Selection, measure};
use crate::policy::Policy;
use crate::request::Release;
use crate::units::{Id, TimestampMs};

/// How far back handling times are measured, in milliseconds (ninety days).
const HANDLING_PERIOD_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// Reads from the database of a host that may be running.
///
/// # Errors
/// Where the database cannot be read.
pub fn on_view<T>(
    database: &Database,
    now: TimestampMs,
    query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure>,
) -> Result<T, StartError> {
    // One view, so that records, policies and cases belong together.
    let connection = database.open_read_only()?;
    let policies = PolicyCache::default();
    Ok(query(&Snapshot { connection: &connection, now, policies: &policies, is_writing: false })?)
}

/// The newest records of these tenants, `None` for all of them.
///
/// # Errors
/// Where the store fails.
pub fn records(
    snapshot: &Snapshot<'_>,
    tenants: Option<&[String]>,
    count_max: usize,
) -> Result<Vec<Line>, Failure> {
    let select = "SELECT tenant_id, record FROM decision_records \
        WHERE ?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1)) \
        ORDER BY received_at DESC, stream_id, sequence DESC LIMIT ?2";
    let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(params![tenants.map(text_list), count_max])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let tenant: String = row.get(0)?;
        found.push(Line { tenant_id: Id::new(&tenant), text: row.get(1)? });
    }
    Ok(found)
}

/// How many records these tenants have.
///
/// # Errors
/// Where the store fails.
pub fn record_count(snapshot: &Snapshot<'_>, tenants: Option<&[String]>) -> Result<i64, Failure> {
    let select = "SELECT count(*) FROM decision_records \
        WHERE ?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.query_row([tenants.map(text_list)], |row| row.get(0))?)
}

/// The latest policies that were released; records may have been made under any of them.
///
/// # Errors
/// Where the store fails.
pub fn released(snapshot: &Snapshot<'_>, count_max: usize) -> Result<Vec<Arc<Policy>>, Failure> {
    let select = "SELECT hash FROM policies GROUP BY hash ORDER BY max(released_at) DESC LIMIT ?1";
    let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let hashes: Vec<String> =
        statement.query_map([count_max], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for hash in hashes {
        found.extend(find(snapshot, &hash)?);
    }
    Ok(found)
}

/// How long people took, by queue.
///
/// # Errors
/// Where the store fails.
pub fn handling(
    snapshot: &Snapshot<'_>,
    tenants: Option<Vec<String>>,
    assumed_minutes: f64,
) -> Result<Handling, Failure> {
    let until = snapshot.now.saturating_add(1);
    let from = until.saturating_add(-HANDLING_PERIOD_MS);
    let rows = rows(snapshot, &RowsQuery { tenants, from, until })?;
    let (now, release) = (snapshot.now, Release::default());
    let selection = Selection { from, until, now, queue: None, domain: None, release };
    let measure = measure(Metric::HandlingTime, &rows, &selection, Some(Breakdown::Queue))
        .map_err(Failure::Refused)?;
    let measured: BTreeMap<String, (f64, i64)> = measure
        .groups
        .into_iter()
        .flatten()
        .filter_map(|group| {
            Some((group.key?, (group.figures.value? / 60.0, group.figures.denominator)))
        })
        .collect();
    Ok(Handling { assumed_minutes, measured })
}

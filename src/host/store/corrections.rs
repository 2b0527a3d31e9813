//! Corrections: resolved cases as they were decided, a page at a time.

use super::audit::text_list;
use super::sql::{Connection, params};
use super::{Failure, cases};
use crate::case::{Case, ReviewVerdict};
use crate::correction::Correction;
use crate::units::{Id, TimestampMs};

/// Which corrections are wanted.
#[derive(Clone, Debug)]
pub struct CorrectionQuery {
    /// Only of these tenants; `None` for every one.
    pub tenants: Option<Vec<String>>,
    /// Only of this one of them.
    pub tenant_id: Option<Id>,
    /// Only decided at this instant or later.
    pub from: Option<TimestampMs>,
    /// Only decided before this instant.
    pub until: Option<TimestampMs>,
    /// Only with this verdict.
    pub verdict: Option<ReviewVerdict>,
    /// Only of this queue.
    pub queue: Option<String>,
    /// After this row of the page before.
    pub after: Option<CorrectionCursor>,
    /// At most so many.
    pub limit: usize,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionCursor {
    /// The last row's case.
    pub case_id: Id,
    /// The last row's tenant.
    pub tenant_id: Id,
}

/// A page of corrections, in the order of their case's ids, of the cases that may be read.
///
/// # Errors
/// Where the store fails.
pub fn page(
    connection: &Connection,
    query: &CorrectionQuery,
    may_read: impl Fn(&Case) -> bool,
) -> Result<Vec<Correction>, Failure> {
    // Stored instants all have one form, so their texts are in the order of time.
    let select = "SELECT body FROM cases WHERE state = 'resolved' \
        AND (case_id, tenant_id) > (?1, ?2) \
        AND (?3 IS NULL OR tenant_id IN (SELECT value FROM json_each(?3))) \
        AND (?4 IS NULL OR tenant_id = ?4) \
        AND (?5 IS NULL OR body ->> '$.decision.decided_at' >= ?5) \
        AND (?6 IS NULL OR body ->> '$.decision.decided_at' < ?6) \
        AND (?7 IS NULL OR body ->> '$.decision.verdict' = ?7) \
        AND (?8 IS NULL OR queue = ?8) \
        ORDER BY case_id, tenant_id";
    let after = query.after.as_ref();
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.walk(params![
        after.map_or("", |after| after.case_id.as_str()),
        after.map_or("", |after| after.tenant_id.as_str()),
        query.tenants.as_ref().map(|tenants| text_list(tenants)),
        query.tenant_id.as_ref().map(Id::as_str),
        query.from.map(|at| at.to_string()),
        query.until.map(|at| at.to_string()),
        query.verdict.map(ReviewVerdict::as_str),
        query.queue,
    ])?;
    let mut corrections = Vec::new();
    while corrections.len() < query.limit {
        let Some(row) = rows.next()? else { break };
        let case = cases::read(&row.get::<_, String>(0)?)?;
        if may_read(&case) {
            corrections.extend(Correction::of(case));
        }
    }
    Ok(corrections)
}

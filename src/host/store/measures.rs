//! Rows for measures: what records, cases, their audit entries and observations say, without texts.

use super::audit::{stored_json, text_list};
use super::sql::{Connection, params};
use super::{Failure, Snapshot, cases};
use crate::case::{Case, CaseState};
use crate::error::{ErrorCode, Fault};
use crate::host::text::draft_use;
use crate::json::Json;
use crate::limits::METRIC_ROWS_MAX;
use crate::metrics::{
    CaseRow, Dimensions, Ending, Observation, ObservationRow, RecordRow, Rows, Touch,
};
use crate::read::Node;
use crate::request::Release;
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How far apart a record, its case and the delivery of its answer may lie to be brought together.
const MARGIN_MS: i64 = 7 * DAY_MS;
/// How far back a repeated reason is looked for.
const LOOK_BACK_MS: i64 = 30 * DAY_MS;

/// What rows are wanted.
#[derive(Clone, Debug)]
pub struct RowsQuery {
    /// Only of these tenants; `None` for every one.
    pub tenants: Option<Vec<String>>,
    /// The first instant of the period.
    pub from: TimestampMs,
    /// The first instant after it.
    pub until: TimestampMs,
}

/// Everything that measures of the period are computed from.
///
/// # Errors
/// `limit_exceeded` where the period holds more than is read at once, or where the store fails.
pub fn rows(snapshot: &Snapshot<'_>, query: &RowsQuery) -> Result<Rows, Failure> {
    Ok(Rows {
        records: records(snapshot.connection, query)?,
        cases: case_rows(snapshot.connection, query)?,
        observations: observations(snapshot.connection, query)?,
    })
}

/// The tenants of which the store has anything, of those that may be seen.
fn tenants(connection: &Connection, query: &RowsQuery) -> Result<Vec<String>, Failure> {
    // Every tenant that has records, cases or observations has principals that sent them.
    let select = "SELECT DISTINCT tenant_id FROM principals \
        WHERE ?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))";
    let wanted = query.tenants.as_ref().map(|tenants| text_list(tenants));
    let mut statement = connection.prepare_cached(select)?;
    let tenants = statement.query_map([wanted], |row| row.get(0))?;
    Ok(tenants.collect::<Result<_, _>>()?)
}

fn records(connection: &Connection, query: &RowsQuery) -> Result<Vec<RecordRow>, Failure> {
    let select = "SELECT record FROM decision_records WHERE tenant_id = ?1 \
        AND coalesce(unixepoch(record ->> '$.evaluated_at'), received_at / 1000) BETWEEN ?2 AND ?3 \
        ORDER BY stream_id, sequence";
    let from = query.from.saturating_add(-MARGIN_MS).as_ms() / 1_000;
    let until = query.until.saturating_add(MARGIN_MS).as_ms() / 1_000;
    let mut found = Vec::new();
    for tenant in tenants(connection, query)? {
        let mut statement = connection.prepare_cached(select)?;
        let mut rows = statement.walk(params![tenant, from, until])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            found.push(record_row(stored_id(&tenant)?, &stored_json(&text)?)?);
            bounded(found.len())?;
        }
    }
    Ok(found)
}

/// A record was checked when it came in; what it says more is not looked at.
fn record_row(tenant_id: Id, record: &Json) -> Result<RecordRow, Failure> {
    let fact = |name: &str| text(field(field(record, "facts"), name));
    let missing = || Failure::internal("a stored decision record cannot be read");
    let evaluated_at = text(field(record, "evaluated_at"));
    let disposition = Node::root(field(record, "disposition"));
    Ok(RecordRow {
        dimensions: Dimensions {
            tenant_id,
            queue: text(field(record, "queue")),
            domain: fact("request.domain"),
            release: Release {
                model: fact("release.model"),
                prompt: fact("release.prompt"),
                index: fact("release.index"),
            },
        },
        request_id: text(field(record, "request_id")).and_then(|id| Id::new(&id)),
        digest: text(field(record, "digest")).ok_or_else(missing)?,
        evaluated_at: evaluated_at.and_then(|at| TimestampMs::parse(&at)).ok_or_else(missing)?,
        disposition: Disposition::read(disposition).map_err(|_| missing())?,
    })
}

/// Cases that were sent, due or ended in the period, and those that a repeated reason can refer to.
fn case_rows(connection: &Connection, query: &RowsQuery) -> Result<Vec<CaseRow>, Failure> {
    let select = "SELECT body FROM cases WHERE tenant_id = ?1 AND created_at < ?2 \
        AND (created_at >= ?3 OR due_at >= ?3 OR body ->> '$.closed_at' >= ?4 \
             OR state IN ('ready', 'leased', 'waiting', 'deferred', 'held')) \
        ORDER BY created_at, case_id";
    let from = query.from.saturating_add(-LOOK_BACK_MS);
    let until = query.until.saturating_add(MARGIN_MS);
    let mut found = Vec::new();
    for tenant in tenants(connection, query)? {
        let mut statement = connection.prepare_cached(select)?;
        let mut rows =
            statement.walk(params![tenant, until.as_ms(), from.as_ms(), from.to_string()])?;
        while let Some(row) = rows.next()? {
            let body: String = row.get(0)?;
            found.push(case_row(connection, cases::read(&body)?)?);
            bounded(found.len())?;
        }
    }
    Ok(found)
}

fn case_row(connection: &Connection, case: Case) -> Result<CaseRow, Failure> {
    let touches =
        if case.state == CaseState::Resolved { touches(connection, &case)? } else { Vec::new() };
    let ending = ending(&case);
    let released = case.answer.as_ref().and_then(|answer| answer.text.as_deref());
    let is_final = matches!(ending, Ending::Resolved { .. });
    let draft = case.model_draft.as_deref().filter(|_| is_final);
    Ok(CaseRow {
        draft: draft.map(|draft| draft_use(draft, released)),
        dimensions: Dimensions {
            tenant_id: case.tenant_id,
            queue: Some(case.queue),
            domain: case.domain,
            release: case.release.unwrap_or_default(),
        },
        purpose: case.purpose,
        request_id: case.request_id,
        claimed_digest: case.claimed.map(|claimed| claimed.digest),
        conversation_id: case.conversation_id,
        trigger_id: case.triggers.into_iter().next().map(|trigger| trigger.id),
        created_at: case.created_at,
        due_at: case.due_at,
        ending,
        touches,
    })
}

fn ending(case: &Case) -> Ending {
    let at = case.closed_at.unwrap_or(case.created_at);
    match (case.state, &case.decision, &case.answer) {
        (CaseState::Resolved, Some(decision), Some(answer)) => Ending::Resolved {
            verdict: decision.verdict,
            decided_at: decision.decided_at,
            released_at: answer.released_at,
            answered: answer.text.is_some(),
        },
        (CaseState::Expired, ..) => Ending::Expired { at },
        (CaseState::Withdrawn, ..) => Ending::Withdrawn { at },
        _ => Ending::Open,
    }
}

/// The claims that ended with a decision, from the events of the case.
fn touches(connection: &Connection, case: &Case) -> Result<Vec<Touch>, Failure> {
    let select = "SELECT at, entry ->> '$.event', CAST(entry ->> '$.data.decision.active_ms' AS BIGINT) \
        FROM audit_pending WHERE tenant_id = ?1 AND entity_kind = 'case' AND entity_id = ?2 \
        ORDER BY entity_version";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query([case.tenant_id.as_str(), case.case_id.as_str()])?;
    let (mut claimed_at, mut touches) = (None, Vec::new());
    while let Some(row) = rows.next()? {
        let (at, event): (i64, String) = (row.get(0)?, row.get(1)?);
        match (event.as_str(), claimed_at) {
            ("case_claimed", _) => claimed_at = Some(at),
            ("case_decided", Some(claimed_at)) => {
                let active_ms = row.get::<_, Option<i64>>(2)?.unwrap_or(0);
                touches.push(Touch { held_ms: at - claimed_at, active_ms });
            }
            _ => {}
        }
    }
    Ok(touches)
}

fn observations(
    connection: &Connection,
    query: &RowsQuery,
) -> Result<Vec<ObservationRow>, Failure> {
    // A rating cannot be older than the delivery that it is about.
    let select = "SELECT body FROM observations WHERE tenant_id = ?1 AND received_at >= ?2 \
        ORDER BY received_at, observation_id";
    let from = query.from.saturating_add(-DAY_MS).as_ms();
    let mut found = Vec::new();
    for tenant in tenants(connection, query)? {
        let mut statement = connection.prepare_cached(select)?;
        let mut rows = statement.walk(params![tenant, from])?;
        while let Some(row) = rows.next()? {
            let body: String = row.get(0)?;
            let observation =
                Observation::read_stored(Node::root(&stored_json(&body)?)).map_err(|fault| {
                    Failure::internal(format!("a stored observation cannot be read: {fault}"))
                })?;
            let Some(is_positive) = observation.is_positive() else { continue };
            found.push(ObservationRow {
                tenant_id: observation.tenant_id,
                request_id: observation.request_id,
                rated_by: observation.rated_by,
                is_staff: observation.is_staff,
                is_positive,
                observed_at: observation.observed_at,
                delivered_at: observation.delivered_at,
            });
            bounded(found.len())?;
        }
    }
    Ok(found)
}

fn bounded(count: usize) -> Result<(), Failure> {
    if count <= METRIC_ROWS_MAX {
        return Ok(());
    }
    Err(Failure::Refused(Fault::new(
        ErrorCode::LimitExceeded,
        "/query/from",
        format!("the period holds more than {METRIC_ROWS_MAX} rows"),
        "ask for a shorter period",
    )))
}

fn field<'a>(value: &'a Json, name: &str) -> &'a Json {
    match value {
        Json::Object(fields) => fields.get(name).unwrap_or(&Json::Null),
        _ => &Json::Null,
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn stored_id(text: &str) -> Result<Id, Failure> {
    Id::new(text).ok_or_else(|| Failure::internal("a stored id is not one"))
}

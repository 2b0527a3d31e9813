//! Measures of the work, for those who review, audit or own it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::ok;
use super::problem::Problem;
use super::query::Parameters;
use crate::error::{ErrorCode, Fault};
use crate::host::store::events::FIGURE_ROLES;
use crate::host::store::measures::{RowsQuery, rows};
use crate::host::store::{Failure, Snapshot};
use crate::identity::{Actor, GrantRole};
use crate::limits::{METRIC_PERIOD_MS_MAX, NAME_LENGTH_MAX};
use crate::metrics::{Breakdown, Measure, Metric, Selection, measure};
use crate::read::{self, Fields, Node, Read};
use crate::request::Release;
use crate::units::{Id, TimestampMs};

/// The period where none is given, in milliseconds (thirty days).
const PERIOD_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What a question about measures asks for.
struct MeasureQuery {
    tenant_id: Option<Id>,
    queue: Option<String>,
    domain: Option<String>,
    release: Release,
    from: Option<TimestampMs>,
    until: Option<TimestampMs>,
    by: Option<Breakdown>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Measured {
    from: TimestampMs,
    until: TimestampMs,
    now: TimestampMs,
    metrics: Vec<Measure>,
}

/// `GET /v1/metrics`
pub(super) async fn all(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = parameters.read(read_query)?;
    let wanted = Metric::WORDS.iter().map(|(_, metric)| *metric).collect();
    let measured = app.store.read_as(caller.actor.clone(), move |snapshot| {
        answer(snapshot, &caller.actor, &query, wanted)
    });
    ok(&measured.await?)
}

/// `GET /v1/metrics/{metric}`
pub(super) async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = parameters.read(read_query)?;
    let known: Vec<&str> = Metric::WORDS.iter().map(|(word, _)| *word).collect();
    let found = Metric::WORDS.iter().find(|(word, _)| *word == name);
    let (_, metric) = found.ok_or_else(|| {
        let help = read::suggestion(&name, &known)
            .unwrap_or_else(|| format!("ask for one of {}", read::quoted(&known)));
        Fault::new(ErrorCode::NotFound, "", "there is no such measure", help)
    })?;
    let measured = app.store.read_as(caller.actor.clone(), move |snapshot| {
        answer(snapshot, &caller.actor, &query, vec![*metric])
    });
    ok(&measured.await?)
}

/// Roles that see figures; who only sends cases does not.
pub(super) const fn measurable() -> &'static [GrantRole] {
    FIGURE_ROLES
}

/// The tenants that these roles of an actor cover; `None` for every one.
pub(super) fn visible_tenants(
    actor: &Actor,
    roles: &[GrantRole],
    now: TimestampMs,
) -> Result<Option<Vec<String>>, Failure> {
    let tenants: Vec<String> =
        roles.iter().flat_map(|role| actor.tenants_of(*role, now)).map(str::to_owned).collect();
    if tenants.is_empty() {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let detail = format!("this is for the roles {}", read::quoted(&roles));
        let help = "ask an administrator for one of them";
        return Err(Failure::Refused(Fault::new(ErrorCode::NotPermitted, "", detail, help)));
    }
    Ok((!tenants.iter().any(|tenant| tenant == "*")).then_some(tenants))
}

/// Those tenants, or the one of them that is asked for; a foreign one is as one without any traffic.
fn narrowed(tenants: Option<Vec<String>>, wanted: Option<&Id>) -> Option<Vec<String>> {
    let Some(wanted) = wanted.map(Id::as_str) else { return tenants };
    let is_covered = tenants.is_none_or(|tenants| tenants.iter().any(|tenant| tenant == wanted));
    Some(if is_covered { vec![wanted.to_owned()] } else { Vec::new() })
}

fn answer(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    query: &MeasureQuery,
    wanted: Vec<Metric>,
) -> Result<Measured, Failure> {
    let now = snapshot.now;
    let tenants = visible_tenants(actor, measurable(), now)?;
    // Up to the present includes the present.
    let until = query.until.unwrap_or(now.saturating_add(1));
    let from = query.from.unwrap_or(until.saturating_add(-PERIOD_MS));
    let length_ms = until.as_ms() - from.as_ms();
    if length_ms <= 0 {
        let detail = format!("the period from `{from}` to `{until}` is empty");
        let help = "send a `from` that is before `until`";
        let fault = Fault::new(ErrorCode::InvalidField, "/query/from", detail, help);
        return Err(Failure::Refused(fault));
    }
    if length_ms > METRIC_PERIOD_MS_MAX {
        let detail = "the period is longer than 366 days";
        let help = "ask for a shorter period";
        let fault = Fault::new(ErrorCode::LimitExceeded, "/query/from", detail, help);
        return Err(Failure::Refused(fault));
    }
    let tenants = narrowed(tenants, query.tenant_id.as_ref());
    let rows = rows(snapshot, &RowsQuery { tenants, from, until })?;
    let selection = Selection {
        from,
        until,
        now,
        queue: query.queue.clone(),
        domain: query.domain.clone(),
        release: query.release.clone(),
    };
    let measures = wanted.into_iter().map(|metric| measure(metric, &rows, &selection, query.by));
    let metrics = measures.collect::<Result<_, _>>()?;
    Ok(Measured { from, until, now, metrics })
}

fn read_query(fields: &mut Fields<'_>) -> Read<MeasureQuery> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    Ok(MeasureQuery {
        tenant_id: fields.optional("tenant_id", read::id)?,
        queue: fields.optional("queue", name)?,
        domain: fields.optional("domain", name)?,
        release: Release {
            model: fields.optional("release.model", name)?,
            prompt: fields.optional("release.prompt", name)?,
            index: fields.optional("release.index", name)?,
        },
        from: fields.optional("from", read::timestamp)?,
        until: fields.optional("until", read::timestamp)?,
        by: fields.optional("by", Breakdown::read)?,
    })
}
